// Streaming conversion of any sample rate to 16 kHz, the same to the bit for any chunking (sdk/audio/resample.py has
// the filter's design and its sources).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace nowface {

constexpr std::uint32_t lowest_rate = 4'000;
constexpr std::uint32_t highest_rate = 768'000;

class Resampler {
  public:
    static constexpr std::size_t most_input = 1024;  // samples of one step

    // `rate` within lowest_rate and highest_rate.
    explicit Resampler(std::uint32_t rate);

    std::uint32_t rate() const { return rate_; }
    double delay_milliseconds() const { return static_cast<double>(half_) * 1000 / rate_; }
    std::size_t most_output() const { return most_output_; }  // samples that one step can give

    // Number of samples at 16 kHz that `received` input samples have given.
    std::int64_t emitted_after(std::int64_t received) const;

    // Silence before the stream.
    void reset();

    // Takes at most `most_input` finite samples, gives those that can be computed, at most `most_output`; returns how
    // many. Does not allocate.
    std::size_t step(const float* input, std::size_t count, float* output);

    // What the stream has left behind, for snapshots.
    struct State {
        std::int64_t received;
        std::int64_t emitted;
        const float* history;
        std::size_t history_count;
    };
    State state() const;
    std::size_t most_history() const { return line_.size() - most_input; }
    // Takes over a state of a resampler of the same rate; false if it cannot be one.
    bool set_state(std::int64_t received, std::int64_t emitted, const float* history, std::size_t history_count);

    std::size_t tail_count() const { return half_; }  // zeros that give the tail of a stream

  private:
    float weigh(const float* window, std::int64_t turn);

    std::uint32_t rate_;
    std::int64_t up_;
    std::int64_t down_;
    std::size_t half_;  // input samples on either side of an output; 0 at 16 kHz
    std::int64_t phases_ = 0;
    std::size_t most_output_;
    std::vector<double> bank_;  // (phases + 1, 2 * half)
    std::vector<double> products_;
    std::vector<float> line_;  // history, then the newest input
    std::size_t held_ = 0;
    std::int64_t received_ = 0;
    std::int64_t emitted_ = 0;
};

}  // namespace nowface
