// What the pushing thread calls: samples are mended, values of signals checked, and both become records for the stream.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <type_traits>

#include "session.h"

namespace nowface {
namespace {

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

}  // namespace nowface
