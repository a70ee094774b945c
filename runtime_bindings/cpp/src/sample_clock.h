// The sample clock: which frame is due at which absolute 16 kHz sample (sdk/audio/clock.py).
//
// Integers only, computed from the index alone, so that nothing accumulates. Products stay below 2^63 for half a year of
// any frame rate whose denominator is at most 1001.
#pragma once

#include <algorithm>
#include <cstdint>

#include "manifest.h"

namespace nowface {

constexpr std::int64_t sample_rate = 16'000;

// Smallest integer not below a / b, for b above 0.
constexpr std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

// Largest integer not above a / b, for b above 0.
constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

struct SampleClock {
    std::int64_t numerator;
    std::int64_t denominator;
    std::int64_t hop;
    std::int64_t lookahead;

    static SampleClock of(const PipelineSpec& pipeline) {
        return {pipeline.rate_numerator, pipeline.rate_denominator, pipeline.hop, pipeline.lookahead_samples};
    }

    // Sample at which a frame is due.
    std::int64_t due(std::int64_t frame) const {
        return ceil_divide((frame + 1) * sample_rate * denominator, numerator);
    }

    // End of what a frame may know.
    std::int64_t newest_sample(std::int64_t frame) const { return due(frame) + lookahead; }

    // Number of frames that `samples` suffice for.
    std::int64_t frames_ready(std::int64_t samples) const {
        return std::max<std::int64_t>(0, samples - lookahead) * numerator / (sample_rate * denominator);
    }

    // Number of frames of a whole clip.
    std::int64_t frames_covering(std::int64_t samples) const {
        return ceil_divide(samples * numerator, sample_rate * denominator);
    }

    // Index of the newest hop that is complete for a frame, -1 if none is.
    std::int64_t newest_hop(std::int64_t frame) const { return newest_sample(frame) / hop - 1; }

    // Part of a hop, in [0, 1), that has passed since the newest complete hop when the frame is computed.
    double phase(std::int64_t frame) const {
        return static_cast<double>(newest_sample(frame) % hop) / static_cast<double>(hop);
    }

    // Index of the first frame whose newest hop is `index` or a later one.
    std::int64_t first_frame_of_hop(std::int64_t index) const { return frames_ready((index + 1) * hop - 1); }
};

}  // namespace nowface
