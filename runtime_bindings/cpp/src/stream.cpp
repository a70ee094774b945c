#include "stream.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>

#include "noise.h"

namespace nowface {
namespace {

// Samples at 16 kHz that an hour-long stream of a century would not reach: bounds of what a snapshot may claim.
constexpr std::int64_t most_samples = std::int64_t{1} << 45;

std::vector<SignalLine> make_lines(const PipelineSpec& pipeline) {
    return {pipeline.signals.begin(), pipeline.signals.end()};
}

}  // namespace

Stream::Stream(const PipelineSpec& pipeline, Executor& executor, const std::map<std::string, Floats>& parameters,
               const StreamOptions& options)
    : pipeline_(pipeline),
      options_(options),
      clock_(SampleClock::of(pipeline)),
      graph_(pipeline, executor, parameters),
      resampler_(options.sample_rate),
      queue_(pipeline.hop, options.queue_limit, std::max(resampler_.most_output(), Resampler::most_input)),
      lines_(make_lines(pipeline)),
      resampled_(resampler_.most_output()),
      silence_(Resampler::most_input) {
    graph_.warm_up();
}

void Stream::append(const float* samples, std::size_t count, bool lost) {
    for (std::size_t first = 0; first < count; first += Resampler::most_input) {
        const std::size_t piece = std::min(Resampler::most_input, count - first);
        const std::size_t given = resampler_.step(samples + first, piece, resampled_.data());
        lost ? queue_.append_lost(resampled_.data(), given) : queue_.append(resampled_.data(), given);
        drop_excess();
    }
}

void Stream::take(const float* samples, std::size_t count, std::int64_t non_finite, std::int64_t clipped,
                  bool last) {
    const std::int64_t at = queue_.end();
    append(samples, count, false);
    ledger_.report.samples += queue_.end() - at;
    ledger_.report.non_finite_samples += non_finite;
    ledger_.report.clipped_samples += clipped;
    if (non_finite > 0) ledger_.tell(NOWFACE_EVENT_NON_FINITE_AUDIO, at, non_finite);
    if (clipped > 0) ledger_.tell(NOWFACE_EVENT_CLIPPED_AUDIO, at, clipped);
    if (last) tell_dropped();
}

void Stream::take_lost(std::int64_t count) {
    const std::int64_t at = queue_.end();
    for (std::int64_t left = count; left > 0;) {
        const std::int64_t piece = std::min<std::int64_t>(left, static_cast<std::int64_t>(silence_.size()));
        append(silence_.data(), static_cast<std::size_t>(piece), true);
        left -= piece;
    }
    const std::int64_t lost = queue_.end() - at;
    ledger_.report.samples += lost;
    ledger_.report.dropped_samples += lost;
    ledger_.tell(NOWFACE_EVENT_DROPPED_AUDIO, at, lost);
    tell_dropped();
}

void Stream::drop_excess() {
    const std::int64_t first_hop = queue_.first_hop();
    while (queue_.has_excess()) {
        // What was lost on its way has been counted.
        ledger_.report.dropped_samples += clock_.hop - queue_.lost_in_first();
        queue_.drop();
    }
    if (queue_.first_hop() == first_hop) return;
    if (dropped_hops_ == 0) dropped_from_ = first_hop;
    dropped_hops_ += queue_.first_hop() - first_hop;
    ledger_.report.skipped_frames +=
        clock_.first_frame_of_hop(queue_.first_hop()) - clock_.first_frame_of_hop(first_hop);
}

void Stream::tell_dropped() {
    if (dropped_hops_ == 0) return;
    ledger_.tell(NOWFACE_EVENT_DROPPED_AUDIO, dropped_from_ * clock_.hop, dropped_hops_ * clock_.hop);
    dropped_hops_ = 0;
}

void Stream::take_signal(std::size_t signal, const float* values, std::int64_t sample, SignalFault fault) {
    const std::int64_t at = sample < 0 ? queue_.end() : sample;
    if (fault != SignalFault::none) {
        const bool range = fault == SignalFault::out_of_range;
        ledger_.report.dropped_signals += 1;
        ledger_.tell(range ? NOWFACE_EVENT_OUT_OF_RANGE_SIGNAL : NOWFACE_EVENT_NON_FINITE_SIGNAL, at, 1);
        return;
    }
    const bool dropped = lines_[signal].append(at, values);
    ledger_.report.signals += 1;
    if (!dropped) return;
    ledger_.report.dropped_signals += 1;
    ledger_.tell(NOWFACE_EVENT_DROPPED_SIGNAL, at, 1);
}

void Stream::flush() {
    const std::int64_t at = queue_.end();
    if (resampler_.state().received > 0) {
        for (std::size_t left = resampler_.tail_count(); left > 0;) {
            const std::size_t piece = std::min(left, silence_.size());
            append(silence_.data(), piece, false);
            left -= piece;
        }
    }
    if (const std::int64_t frames = clock_.frames_covering(queue_.end()); frames > 0) {
        // Zeros at 16 kHz, past the resampler: the stream has ended there.
        for (std::int64_t left = clock_.newest_sample(frames - 1) - queue_.end(); left > 0;) {
            const std::int64_t piece = std::min<std::int64_t>(left, static_cast<std::int64_t>(silence_.size()));
            queue_.append(silence_.data(), static_cast<std::size_t>(piece));
            drop_excess();
            left -= piece;
        }
    }
    ledger_.report.samples += queue_.end() - at;
    tell_dropped();
    flushed_ = true;
}

Progress Stream::advance() {
    const std::int64_t wanted = clock_.newest_hop(frame_);
    if (wanted <= newest_hop_) {
        if (clock_.newest_sample(frame_) > queue_.end()) return Progress::waiting;
        run_frame();
        return Progress::frame;
    }
    if (wanted < queue_.first_hop()) {
        frame_ = clock_.first_frame_of_hop(queue_.first_hop());
        return Progress::worked;
    }
    if (queue_.waiting() < clock_.hop) return Progress::waiting;
    run_hop();
    return Progress::worked;
}

void Stream::run_hop() {
    queue_.peek(graph_.pcm());
    run(Clock::hop, false);
    newest_hop_ = queue_.first_hop();
    queue_.drop();
}

void Stream::run_frame() {
    const std::int64_t until = clock_.newest_sample(frame_);
    graph_.phase() = static_cast<float>(clock_.phase(frame_));
    for (std::size_t i = 0; i < lines_.size(); ++i) lines_[i].see(until, graph_.signal(i));
    for (std::size_t i = 0; i < graph_.noise_count(); ++i) {
        Floats& noise = graph_.noise(i);
        draw_uniforms(options_.seed, i, static_cast<std::uint64_t>(frame_), noise.data(), noise.size());
    }
    run(Clock::frame, (frame_ + 1) % options_.health_interval == 0);
    ++frame_;
    for (SignalLine& line : lines_) line.trim(clock_.newest_sample(frame_));
    frame_seconds_ = static_cast<float>(step_seconds_);
    step_seconds_ = 0;
    ledger_.report.frames += 1;
}

void Stream::run(Clock clock, bool check_state) {
    const auto began = std::chrono::steady_clock::now();
    const bool restarted = graph_.run(clock, check_state);
    step_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (!restarted) return;
    const std::int64_t newest = clock == Clock::hop ? queue_.first_hop() : newest_hop_;
    ledger_.report.restarts += 1;
    ledger_.tell(NOWFACE_EVENT_RESTARTED_STATE, (newest + 1) * clock_.hop, 1);
}

void Stream::reset() {
    graph_.reset();
    resampler_.reset();
    queue_.clear();
    for (SignalLine& line : lines_) line.clear();
    ledger_ = Ledger();
    newest_hop_ = -1;
    frame_ = 0;
    flushed_ = false;
    dropped_hops_ = 0;
    step_seconds_ = 0;
}

void Stream::write(SnapshotWriter& to) {
    to.put<std::int64_t>(flushed_ ? 1 : 0);
    // Without the padding at its end, which may hold anything: equal streams give equal bytes.
    std::array<std::uint8_t, sizeof(nowface_report)> report{};
    std::memcpy(report.data(), &ledger_.report, offsetof(nowface_report, delay_milliseconds) + sizeof(float));
    to.put(report.data(), report.size());
    to.put(newest_hop_);
    to.put(frame_);
    const Resampler::State resampler = resampler_.state();
    to.put(resampler.received);
    to.put(resampler.emitted);
    to.put<std::int64_t>(static_cast<std::int64_t>(resampler.history_count));
    to.put(resampler.history, resampler.history_count);
    Floats waiting(static_cast<std::size_t>(queue_.waiting()));
    queue_.copy(waiting.data(), waiting.size());
    to.put(queue_.first_hop());
    to.put(queue_.waiting());
    to.put(waiting.data(), waiting.size());
    for (const SignalLine& line : lines_) {
        to.put<std::int64_t>(static_cast<std::int64_t>(line.rows()));
        for (std::size_t row = 0; row < line.rows(); ++row) {
            to.put(line.sample_of(row));
            to.put(line.values_of(row), line.width());
        }
    }
    for (const Floats* leaf : graph_.state_tensors()) to.put(leaf->data(), leaf->size());
    for (const Floats* rows : graph_.windows()) to.put(rows->data(), rows->size());
}

void Stream::read(SnapshotReader& from) {
    reset();
    flushed_ = from.get_within(0, 1) == 1;
    from.get(&ledger_.report, 1);
    ledger_.report.struct_size = sizeof(nowface_report);
    newest_hop_ = from.get_within(-1, most_samples / clock_.hop);
    frame_ = from.get_within(0, clock_.frames_ready(most_samples));
    const std::int64_t received = from.get_within(0, most_samples), emitted = from.get_within(0, most_samples);
    Floats history(static_cast<std::size_t>(from.get_within(0, static_cast<std::int64_t>(resampler_.most_history()))));
    from.get(history.data(), history.size());
    if (!resampler_.set_state(received, emitted, history.data(), history.size())) SnapshotReader::foreign();
    const std::int64_t first_hop = from.get_within(newest_hop_ + 1, most_samples / clock_.hop);
    Floats waiting(static_cast<std::size_t>(from.get_within(0, static_cast<std::int64_t>(queue_.capacity()))));
    from.get(waiting.data(), waiting.size());
    queue_.set(first_hop, waiting.data(), waiting.size());
    while (queue_.has_excess()) queue_.drop();
    for (SignalLine& line : lines_) {
        Floats values(line.width());
        std::int64_t newest = 0;
        for (std::int64_t left = from.get_within(0, SignalLine::most_rows); left > 0; --left) {
            newest = from.get_within(newest, most_samples);
            from.get(values.data(), values.size());
            line.append(newest, values.data());
        }
    }
    for (Floats* leaf : graph_.state_tensors()) from.get(leaf->data(), leaf->size());
    for (Floats* rows : graph_.windows()) from.get(rows->data(), rows->size());
}

void Stream::put_back(const Aside& aside) {
    ledger_ = aside.ledger;
    queue_.set_lost(aside.lost);
    step_seconds_ = aside.step_seconds;
}

}  // namespace nowface
