// A retarget file, as sdk/bundle/retarget_file.py reads it: closed JSON, checked like a manifest.
#include <map>
#include <set>

#include "error.h"
#include "field.h"
#include "retarget.h"
#include "text.h"

namespace nowface {
namespace {

constexpr std::int64_t FORMAT_VERSION = 1;
constexpr std::size_t MOST_KNOBS = 16;
constexpr double LARGEST_HALF = 65504, MOST_GAIN = 16, MOST_SMOOTHING = 10'000;

using Places = std::map<std::string_view, std::size_t>;  // channel -> its place in a frame

double within(const Field& field, double low, double high) {
    const double number = field.number();
    if (!(number >= low && number <= high)) field.wrong("is out of range");
    return number;
}

ChannelRule parse_rule(const Field& field) {
    field.closed({}, {"gain", "offset", "low", "high", "smoothing_ms"});
    ChannelRule rule;
    if (const auto gain = field.find("gain")) rule.gain = static_cast<float>(within(*gain, -MOST_GAIN, MOST_GAIN));
    if (const auto offset = field.find("offset")) {
        const double number = within(*offset, -LARGEST_HALF, LARGEST_HALF);
        if (number != 0) rule.offset = static_cast<float>(number);
    }
    const auto low = field.given("low"), high = field.given("high");
    if (low) rule.low = static_cast<float>(within(*low, -LARGEST_HALF, LARGEST_HALF));
    if (high) rule.high = static_cast<float>(within(*high, -LARGEST_HALF, LARGEST_HALF));
    if (low && high && low->number() > high->number()) field.wrong("low is above high");
    if (const auto smoothing = field.find("smoothing_ms"))
        rule.smoothing_milliseconds = within(*smoothing, 0, MOST_SMOOTHING);
    return rule;
}

std::size_t place_of(const Field& field, std::string_view channel, const Places& places) {
    const auto found = places.find(channel);
    if (found == places.end()) field.wrong("the model has no channel '" + shown(channel) + "'");
    return found->second;
}

Knob parse_knob(std::string_view name, const Field& field, const Places& places) {
    if (!is_name(name)) field.wrong("'" + shown(name) + "' is not a name");
    field.closed({}, {"strength", "channels", "closing"});
    Knob knob;
    knob.name = name;
    if (const auto strength = field.find("strength"))
        knob.strength = static_cast<float>(within(*strength, 0, double{most_strength}));
    std::set<std::size_t> named;
    const auto read = [&](std::string_view key, std::vector<std::size_t>& to) {
        const auto list = field.find(key);
        if (!list) return;
        for (const Field& item : list->items()) {
            to.push_back(place_of(item, item.text(), places));
            if (!named.insert(to.back()).second) item.wrong("stands twice in one knob");
        }
    };
    read("channels", knob.channels);
    read("closing", knob.closing);
    return knob;
}

Retarget parse(std::string_view text, const std::vector<std::string>& channels, std::int64_t rate_numerator,
               std::int64_t rate_denominator) {
    const std::string subject = "retarget JSON";
    const Json json = parse_object(text, subject);
    const Field root(json, "retarget", subject);
    root.closed({"format_version"}, {"channels", "other_channels", "knobs"});
    root.at("format_version").integer(FORMAT_VERSION, FORMAT_VERSION);
    Places places;
    for (std::size_t place = 0; place < channels.size(); ++place) places.emplace(channels[place], place);
    ChannelRule other;
    if (const auto field = root.find("other_channels")) other = parse_rule(*field);
    std::vector<ChannelRule> rules(channels.size(), other);
    if (const auto field = root.find("channels"))
        for (const auto& [name, rule] : field->map()) rules[place_of(rule, name, places)] = parse_rule(rule);
    std::vector<Knob> knobs;
    if (const auto field = root.find("knobs")) {
        const auto map = field->map();
        if (map.size() > MOST_KNOBS) field->wrong("has more than " + std::to_string(MOST_KNOBS) + " entries");
        for (const auto& [name, knob] : map) knobs.push_back(parse_knob(name, knob, places));
    }
    return {std::move(rules), std::move(knobs), rate_numerator, rate_denominator};
}

}  // namespace

Retarget parse_retarget(std::string_view text, const std::vector<std::string>& channels, std::int64_t rate_numerator,
                        std::int64_t rate_denominator) {
    if (channels.empty()) {
        throw Error(NOWFACE_ERROR_USAGE, "retarget", "frames are vertices, not named channels",
                    "retarget a model that drives a rig");
    }
    try {
        return parse(text, channels, rate_numerator, rate_denominator);
    } catch (const Error& error) {
        // The readers of JSON speak of a bundle that is damaged; this is an argument of the app.
        throw Error(NOWFACE_ERROR_USAGE, error.subject(), error.problem(), "see docs/retarget.md for its keys");
    }
}

}  // namespace nowface
