// What an app knows beside the sound: the newest values of one signal by the time they were captured at
// (sdk/runtime/signals.py).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "manifest.h"

namespace nowface {

enum class SignalFault : std::uint32_t { none, non_finite, out_of_range };

class SignalLine {
  public:
    static constexpr std::size_t most_rows = 256;

    explicit SignalLine(const SignalSpec& spec);

    std::size_t width() const { return width_; }  // floats of all tensors
    std::size_t rows() const { return count_; }
    std::int64_t sample_of(std::size_t row) const { return samples_[(first_ + row) % most_rows]; }
    const float* values_of(std::size_t row) const { return values_.data() + (first_ + row) % most_rows * width_; }

    void clear() { first_ = count_ = 0; }

    // Adds a row not older than the newest; true if the oldest had to go for it.
    bool append(std::int64_t sample, const float* values);

    // Drops the rows that no frame from sample `until` on can see: all but the newest up to there.
    void trim(std::int64_t until);

    // What a frame that may look up to `until` sees: `width` floats, zeros when nothing is known.
    void see(std::int64_t until, float* values) const;

    // Whether values can be taken in.
    static SignalFault fault_of(const SignalSpec& spec, const float* values);

  private:
    std::int64_t hold_;
    std::size_t width_;
    std::vector<float> values_;
    std::vector<std::int64_t> samples_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

}  // namespace nowface
