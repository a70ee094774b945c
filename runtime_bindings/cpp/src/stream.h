// One stream of speech: the samples that wait, the state they lead to, and the account of both (sdk/runtime/stream.py
// and sdk/runtime/stepping.py). Knows no threads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph.h"
#include "hop_queue.h"
#include "ledger.h"
#include "resampler.h"
#include "sample_clock.h"
#include "signal_line.h"
#include "snapshot_bytes.h"

namespace nowface {

struct StreamOptions {
    std::uint32_t sample_rate;
    std::int64_t queue_limit;  // samples at 16 kHz, at least a hop
    std::int64_t health_interval;
    std::optional<std::uint64_t> seed;
};

// What came of a step.
enum class Progress { waiting, worked, frame };

class Stream {
  public:
    Stream(const PipelineSpec& pipeline, Executor& executor, const std::map<std::string, Floats>& parameters,
           const StreamOptions& options);

    // Takes finite samples within [-1, 1] in, any number, at the sample rate: a push or, but for its `last`, a piece of
    // one. The counts are of what was mended in the push, and come with its first piece.
    void take(const float* samples, std::size_t count, std::int64_t non_finite, std::int64_t clipped, bool last);
    // Takes silence in for samples that were lost on their way.
    void take_lost(std::int64_t count);
    // Takes values of a signal in, or the account of why they cannot be; `sample` -1 for the end of the sound so far.
    void take_signal(std::size_t signal, const float* values, std::int64_t sample, SignalFault fault);
    void flush();

    // Runs the next step, if there is one. Throws Error(NOWFACE_ERROR_NUMERICAL) and stays where it was.
    Progress advance();

    // Of the frame that `advance` made last.
    std::int64_t index() const { return frame_ - 1; }
    std::int64_t due_sample() const { return clock_.due(frame_ - 1); }
    float seconds() const { return frame_seconds_; }
    Graph& graph() { return graph_; }

    bool flushed() const { return flushed_; }
    Ledger& ledger() { return ledger_; }
    const Resampler& resampler() const { return resampler_; }
    const SampleClock& clock() const { return clock_; }

    // What a snapshot leaves out, for a stream that is put back as it was.
    struct Aside {
        Ledger ledger;
        std::vector<std::int64_t> lost;
        double step_seconds;
    };

    void reset();
    void write(SnapshotWriter& to);
    void read(SnapshotReader& from);  // throws half-way: call `reset` then, or read into a stream that may be lost
    Aside aside() const { return {ledger_, queue_.lost(), step_seconds_}; }
    void put_back(const Aside& aside);  // after `read` of what was written when it was put aside

  private:
    void append(const float* samples, std::size_t count, bool lost);
    void drop_excess();
    void tell_dropped();
    void run_hop();
    void run_frame();
    void run(Clock clock, bool check_state);

    const PipelineSpec& pipeline_;
    StreamOptions options_;
    SampleClock clock_;
    Graph graph_;
    Resampler resampler_;
    HopQueue queue_;
    std::vector<SignalLine> lines_;
    Ledger ledger_;
    Floats resampled_;
    Floats silence_;
    std::int64_t newest_hop_ = -1;
    std::int64_t frame_ = 0;
    std::int64_t dropped_from_ = 0;  // of hops that left the queue unread and were not told yet
    std::int64_t dropped_hops_ = 0;
    bool flushed_ = false;
    double step_seconds_ = 0;
    float frame_seconds_ = 0;
};

}  // namespace nowface
