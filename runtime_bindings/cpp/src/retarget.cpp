#include "retarget.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "error.h"

namespace nowface {
namespace {

// Closer to its goal than this a smoothed channel takes it: no number becomes subnormal.
constexpr float arrived = 0x1p-20f;

float limited(float value, const ChannelRule& rule) {
    return value < rule.low ? rule.low : value > rule.high ? rule.high : value;
}

}  // namespace

ChannelRule::ChannelRule() : low(-std::numeric_limits<float>::max()), high(std::numeric_limits<float>::max()) {}

Retarget::Retarget(std::vector<ChannelRule> rules, std::vector<Knob> knobs, std::int64_t rate_numerator,
                   std::int64_t rate_denominator)
    : rules_(std::move(rules)),
      knobs_(std::move(knobs)),
      rate_numerator_(rate_numerator),
      rate_denominator_(rate_denominator),
      gains_(rules_.size()) {
    for (const ChannelRule& rule : rules_) poles_.push_back(pole_of(rule, 1));
    update_gains();
}

void Retarget::set_strength(std::string_view knob, float strength) {
    const auto found = std::find_if(knobs_.begin(), knobs_.end(), [&](const Knob& each) { return each.name == knob; });
    if (found == knobs_.end()) {
        std::string names;
        for (const Knob& each : knobs_) names += (names.empty() ? "" : ", ") + each.name;
        throw Error(NOWFACE_ERROR_USAGE, "knob", "the retarget has none of that name",
                    "it has " + (names.empty() ? "none" : names));
    }
    if (!(strength >= 0 && strength <= most_strength)) {
        throw Error(NOWFACE_ERROR_USAGE, "knob " + found->name, "its strength is not within 0 and 2", "1 changes nothing");
    }
    found->strength = strength;
    update_gains();
}

void Retarget::update_gains() {
    for (std::size_t channel = 0; channel < rules_.size(); ++channel) gains_[channel] = rules_[channel].gain;
    for (const Knob& knob : knobs_) {
        for (const std::size_t channel : knob.channels) gains_[channel] *= knob.strength;
        for (const std::size_t channel : knob.closing) gains_[channel] *= std::max(1.0f, knob.strength);
    }
}

float Retarget::pole_of(const ChannelRule& rule, std::int64_t frames) const {
    if (rule.smoothing_milliseconds == 0) return 1;
    const double elapsed = 1000.0 * static_cast<double>(frames) * static_cast<double>(rate_denominator_) /
                           static_cast<double>(rate_numerator_);
    return static_cast<float>(1.0 - std::exp(-elapsed / rule.smoothing_milliseconds));
}

void Retarget::apply(std::int64_t frame, float* values, Shown& shown) const {
    const bool follows = shown.frame >= 0 && shown.frame < frame;
    const std::int64_t elapsed = frame - shown.frame;
    for (std::size_t channel = 0; channel < rules_.size(); ++channel) {
        const ChannelRule& rule = rules_[channel];
        const float finite = std::isfinite(values[channel]) ? values[channel] : 0.0f;
        float value = limited(finite * gains_[channel] + rule.offset, rule);
        const float pole = !follows ? 1.0f : elapsed == 1 ? poles_[channel] : pole_of(rule, elapsed);
        if (pole < 1) {
            const float before = shown.values[channel];
            const float away = value - before;
            if (std::fabs(away) >= arrived) value = limited(before + pole * away, rule);
        }
        values[channel] = shown.values[channel] = value;
    }
    shown.frame = frame;
}

}  // namespace nowface
