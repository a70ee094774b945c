#include "session.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <type_traits>

namespace nowface {
namespace {

std::size_t widest_signal(const PipelineSpec& pipeline) {
    std::size_t widest = 0;
    for (const SignalSpec& signal : pipeline.signals) widest = std::max(widest, signal.width());
    return widest;
}

// Room for as many samples as may wait in the stream's own queue, and for the records they come in.
std::size_t inbox_floats(const SessionOptions& options, std::size_t most_signal) {
    if (!options.worker) return 0;
    const double seconds = static_cast<double>(options.stream.queue_limit) / static_cast<double>(sample_rate);
    const auto samples = static_cast<std::size_t>(std::ceil(seconds * options.stream.sample_rate));
    const std::size_t signals = 16 * (Inbox::header + most_signal);
    return 2 * samples + 16 * (Inbox::header + Resampler::most_input) + signals;
}

// A sample within [-1, 1], and the account of what was mended.
float clean(float sample, Record& record) {
    if (!std::isfinite(sample)) {
        ++record.non_finite;
        return 0;
    }
    if (sample >= -1 && sample <= 1) return sample;
    ++record.clipped;
    return sample < 0 ? -1.0f : 1.0f;
}

float clean(std::int16_t sample, Record&) { return static_cast<float>(sample) / 32768.0f; }

}  // namespace

Session::Session(std::shared_ptr<const Loaded> loaded, const std::map<std::string, Floats>& parameters,
                 const SessionOptions& options)
    : loaded_(std::move(loaded)),
      options_(options),
      executor_(loaded_->model->load()),
      stream_(pipeline(), *executor_, parameters, options.stream),
      value_count_(pipeline().values_spec().size()),
      most_signal_(widest_signal(pipeline())),
      inbox_(inbox_floats(options, most_signal_), std::max(Resampler::most_input, most_signal_)),
      outbox_(options.frame_capacity, value_count_),
      shown_{-1, Floats(value_count_)},
      cleaned_(Resampler::most_input),
      newest_signal_(pipeline().signals.size()) {
    if (options_.worker) thread_ = std::thread([this] { work(); });
}

Session::~Session() {
    if (!thread_.joinable()) return;
    stop_ = true;
    wake();
    thread_.join();
}

void Session::check_not_flushed(const char* call) const {
    if (flushed_) throw Error(NOWFACE_ERROR_SESSION, call, "the stream was flushed", "reset the session to begin a new one");
}

template <typename Sample>
void Session::push(const Sample* samples, std::size_t count) {
    check_not_flushed("push");
    // Counted over the whole push first: an event tells where the push began.
    Record record;
    for (std::size_t i = 0; i < count && std::is_same_v<Sample, float>; ++i) clean(samples[i], record);
    for (std::size_t first = 0; first < count; first += cleaned_.size()) {
        const std::size_t piece = std::min(cleaned_.size(), count - first);
        Record ignored;
        for (std::size_t i = 0; i < piece; ++i) cleaned_[i] = clean(samples[first + i], ignored);
        record.floats = static_cast<std::uint32_t>(piece);
        record.last = first + piece == count ? 1 : 0;
        if (!send(record, cleaned_.data())) lost_ += static_cast<std::int64_t>(piece);
        record.non_finite = record.clipped = 0;
    }
    wake_for(static_cast<std::int64_t>(count));
}

template void Session::push(const float*, std::size_t);
template void Session::push(const std::int16_t*, std::size_t);

// Hands a record to the stream, by the worker or at once; false if there was no room for it.
bool Session::send(const Record& record, const float* values) {
    if (options_.worker) {
        send_lost();
        if (lost_ > 0 || !inbox_.has_room(record.floats)) return false;
        inbox_.write(record, values);
        return true;
    }
    take(record, values);
    return true;
}

// Samples that found no room keep their place in the stream: what comes later must not move forward in time.
void Session::send_lost() {
    if (lost_ == 0 || !inbox_.has_room(0)) return;
    Record record;
    record.kind = Record::Kind::lost;
    record.count = lost_;
    inbox_.write(record, cleaned_.data());
    lost_ = 0;
}

// Wakes the worker when the samples so far complete another hop.
void Session::wake_for(std::int64_t samples) {
    received_ += samples;
    if (!options_.worker) return;
    const std::int64_t hop = stream_.resampler().emitted_after(received_) / stream_.clock().hop;
    if (hop == woken_hop_) return;
    woken_hop_ = hop;
    wake();
}

void Session::wake() {
    woken_.fetch_add(1);
    work_.post();
}

void Session::push_signal(std::uint32_t signal, const float* values, std::size_t count, std::int64_t sample) {
    check_not_flushed("push_signal");
    const auto& signals = pipeline().signals;
    if (signal >= signals.size()) {
        throw Error(NOWFACE_ERROR_USAGE, "signal " + std::to_string(signal), "the model has no such signal",
                    "it has " + std::to_string(signals.size()) + ", counted from 0");
    }
    const SignalSpec& spec = signals[signal];
    if (count != spec.width()) {
        throw Error(NOWFACE_ERROR_USAGE, "signal " + spec.name, std::to_string(count) + " values were given",
                    "give " + std::to_string(spec.width()));
    }
    if (sample < -1) {
        throw Error(NOWFACE_ERROR_USAGE, "signal " + spec.name, std::to_string(sample) + " is no sample index",
                    "give a number from 0 on, or -1 for now");
    }
    Record record;
    record.kind = Record::Kind::signal;
    record.signal = signal;
    record.sample = sample;
    record.floats = static_cast<std::uint32_t>(count);
    record.fault = SignalLine::fault_of(spec, values);
    if (record.fault == SignalFault::none) {
        const std::int64_t at = sample < 0 ? stream_.resampler().emitted_after(received_) : sample;
        if (at < newest_signal_[signal]) {
            throw Error(NOWFACE_ERROR_SESSION, "signal " + spec.name,
                        "captured at sample " + std::to_string(at) + ", before the newest at " +
                            std::to_string(newest_signal_[signal]),
                        "push values in the order of their time");
        }
        newest_signal_[signal] = at;
    }
    if (!send(record, values)) {
        throw Error(NOWFACE_ERROR_SESSION, "signal " + spec.name, "too much waits for the worker", "push it again later");
    }
}

bool Session::poll(FrameHead& head, float* values) {
    if (!receive(head, values)) return false;
    if (retarget_) retarget_->apply(head.index, values, shown_);
    return true;
}

void Session::set_retarget(std::optional<std::string_view> json) {
    if (!json) {
        retarget_.reset();
        shown_.frame = -1;
        return;
    }
    retarget_ = parse_retarget(*json, loaded_->manifest.channels, pipeline().rate_numerator, pipeline().rate_denominator);
}

void Session::set_strength(std::string_view knob, float strength) {
    if (!retarget_) {
        throw Error(NOWFACE_ERROR_USAGE, "knob", "the session does not retarget", "set a retarget first");
    }
    retarget_->set_strength(knob, strength);
}

// The next frame as the model gave it.
bool Session::receive(FrameHead& head, float* values) {
    if (outbox_.read(head, values)) {
        if (starved_.exchange(false)) wake();
        return true;
    }
    if (options_.worker) {
        if (failed_.load(std::memory_order_acquire)) throw *failure_;
        return false;
    }
    for (;;) {
        switch (step()) {
            case Progress::waiting:
                return false;
            case Progress::frame:
                return outbox_.read(head, values);
            case Progress::worked:
                break;
        }
    }
}

Progress Session::step() {
    const Progress progress = stream_.advance();
    if (progress == Progress::frame) {
        outbox_.write({stream_.index(), stream_.due_sample(), stream_.seconds(), 0}, stream_.graph().values().data());
    }
    return progress;
}

void Session::drain() {
    Record record;
    const float* values = nullptr;
    while (inbox_.read(record, values)) take(record, values);
}

void Session::take(const Record& record, const float* values) {
    switch (record.kind) {
        case Record::Kind::audio:
            stream_.take(values, record.floats, record.non_finite, record.clipped, record.last != 0);
            break;
        case Record::Kind::lost:
            stream_.take_lost(record.count);
            break;
        case Record::Kind::signal:
            stream_.take_signal(record.signal, values, record.sample, record.fault);
            break;
        case Record::Kind::flush:
            stream_.flush();
            break;
    }
}

void Session::work() {
    while (!stop_) {
        const std::uint64_t woken = woken_;
        if (pause_) {
            parked_.post();
            resumed_.wait();
            continue;
        }
        drain();
        bool waiting = failed_.load(std::memory_order_relaxed);
        if (!waiting && !outbox_.has_room()) {
            starved_ = true;
            waiting = !outbox_.has_room();  // looked at again: poll may have made room before it could see the flag
        } else if (!waiting) {
            try {
                waiting = step() == Progress::waiting;
            } catch (const Error& error) {
                failure_ = error;
                failed_.store(true, std::memory_order_release);
            }
        }
        if (!waiting) continue;
        settled_ = woken;
        work_.wait();
    }
}

void Session::flush() {
    check_not_flushed("flush");
    Record record;
    record.kind = Record::Kind::flush;
    while (!send(record, cleaned_.data())) {
        wake();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    flushed_ = true;
    if (options_.worker) wake();
}

bool Session::wait(std::uint32_t milliseconds) {
    if (!options_.worker) return true;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    for (;;) {
        send_lost();
        wake();
        const std::uint64_t woken = woken_;
        while (settled_ < woken) {
            if (std::chrono::steady_clock::now() >= end) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (inbox_.empty() && lost_ == 0) return true;
    }
}

// Calls `call` while the worker stands still. The other thread may push meanwhile.
template <typename Call>
auto Session::with_parked(Call call) {
    if (!options_.worker) return call();
    struct Parked {
        Session& session;
        explicit Parked(Session& parking) : session(parking) {
            session.pause_ = true;
            session.wake();
            session.parked_.wait();
        }
        ~Parked() {
            session.pause_ = false;
            session.resumed_.post();
        }
    };
    const Parked parked(*this);
    return call();
}

// The same when all that was pushed has been taken in, which no other thread may add to meanwhile.
template <typename Call>
auto Session::with_stream(Call call) {
    return with_parked([&] {
        if (options_.worker) {
            drain();
            send_lost();
            drain();
        }
        return call();
    });
}

// The account of the stream that is no more.
void Session::forget() {
    outbox_.clear();
    shown_.frame = -1;
    received_ = lost_ = woken_hop_ = 0;
    std::fill(newest_signal_.begin(), newest_signal_.end(), 0);
    flushed_ = false;
    failed_ = false;
}

void Session::reset() {
    with_stream([this] {
        stream_.reset();
        forget();
    });
}

std::vector<std::uint8_t> Session::snapshot() {
    return with_stream([this] { return write(); });
}

void Session::restore(const void* bytes, std::size_t count) {
    with_stream([&] {
        const bool failed = failed_;
        // A damaged snapshot shows itself only half-way: what this session was doing is put back then.
        const std::vector<std::uint8_t> before = write();
        try {
            read(bytes, count);
        } catch (const Error&) {
            read(before.data(), before.size());
            failed_ = failed;
            throw;
        }
    });
}

nowface_report Session::report() {
    return with_parked([this] {
        nowface_report report = stream_.ledger().report;
        report.delay_milliseconds =
            static_cast<float>(static_cast<double>(pipeline().lookahead_samples) * 1000 / sample_rate +
                               stream_.resampler().delay_milliseconds());
        return report;
    });
}

bool Session::next_event(nowface_event& event) {
    return with_parked([this, &event] { return stream_.ledger().next(event); });
}

}  // namespace nowface
