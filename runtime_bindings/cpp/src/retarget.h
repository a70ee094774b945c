// Retargeting at run time: the channels of a frame fitted to an avatar. The arithmetic is that of
// sdk/runtime/retarget.py, which tells of it, to the bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nowface {

inline constexpr float most_strength = 2;

// What is done to one channel; as it stands, nothing.
struct ChannelRule {
    float gain = 1;
    float offset = -0.0f;  // adding -0 changes no number, and 0 would change -0
    float low, high;       // the largest floats where the file gives none
    double smoothing_milliseconds = 0;

    ChannelRule();
};

struct Knob {
    std::string name;
    float strength = 1;
    std::vector<std::size_t> channels;  // scaled by the strength
    std::vector<std::size_t> closing;   // scaled by the strength where it is above 1
};

// What was shown last.
struct Shown {
    std::int64_t frame = -1;  // -1 before the first
    std::vector<float> values;
};

class Retarget {
  public:
    // A rule a channel; knobs in the order of their names, which is the order they are multiplied in.
    Retarget(std::vector<ChannelRule> rules, std::vector<Knob> knobs, std::int64_t rate_numerator,
             std::int64_t rate_denominator);

    // Turns a knob; allocates nothing. Throws Error(NOWFACE_ERROR_USAGE).
    void set_strength(std::string_view knob, float strength);

    // Makes what is shown of what the model gave. Allocates nothing.
    void apply(std::int64_t frame, float* values, Shown& shown) const;

    const std::vector<Knob>& knobs() const { return knobs_; }

  private:
    void update_gains();
    float pole_of(const ChannelRule& rule, std::int64_t frames) const;

    std::vector<ChannelRule> rules_;
    std::vector<Knob> knobs_;
    std::int64_t rate_numerator_, rate_denominator_;
    std::vector<float> gains_;  // of the rules, with the knobs
    std::vector<float> poles_;  // for one frame's time
};

// Reads a retarget file for frames with these channels. Throws Error(NOWFACE_ERROR_USAGE).
Retarget parse_retarget(std::string_view text, const std::vector<std::string>& channels, std::int64_t rate_numerator,
                        std::int64_t rate_denominator);

}  // namespace nowface
