// The C interface: a session begins and ends.
#include <cmath>

#include "api_support.h"

using namespace nowface::api;

namespace {

constexpr std::uint32_t default_queue_milliseconds = 10'000;
constexpr std::uint32_t most_queue_milliseconds = 3'600'000;
constexpr std::uint32_t default_frame_capacity = 64;
constexpr std::uint32_t most_frame_capacity = 100'000;
constexpr std::uint32_t default_health_interval = 30;

std::map<std::string, nowface::Floats> merge_parameters(const nowface::Loaded& loaded,
                                                        const nowface_session_options& options) {
    auto parameters = loaded.parameters;
    if (options.parameter_count > 0) require(options.parameters, "parameters");
    for (std::size_t i = 0; i < options.parameter_count; ++i) {
        const nowface_parameter& given = options.parameters[i];
        require(given.name, "parameter name");
        require(given.values, "parameter values");
        const auto known = parameters.find(given.name);
        if (known == parameters.end()) {
            std::string names;
            for (const auto& [name, values] : parameters) names += (names.empty() ? "" : ", ") + name;
            refuse(std::string("parameter ") + given.name, "the model has no such parameter",
                   "it has " + (names.empty() ? "none" : names));
        }
        if (given.count != known->second.size()) {
            refuse(std::string("parameter ") + given.name, "it holds " + std::to_string(given.count) + " numbers",
                   "give " + std::to_string(known->second.size()));
        }
        for (std::size_t value = 0; value < given.count; ++value) {
            if (!std::isfinite(given.values[value])) {
                refuse(std::string("parameter ") + given.name, "it holds a value that is not finite", "give finite numbers");
            }
        }
        known->second.assign(given.values, given.values + given.count);
    }
    return parameters;
}

nowface::SessionOptions check_options(const nowface_session_options& options, std::int64_t hop) {
    const auto or_else = [](std::uint32_t value, std::uint32_t fallback) { return value == 0 ? fallback : value; };
    if (options.mode != NOWFACE_MODE_WORKER && options.mode != NOWFACE_MODE_SYNCHRONOUS) {
        refuse("mode", std::to_string(options.mode) + " is no mode", "use NOWFACE_MODE_WORKER or NOWFACE_MODE_SYNCHRONOUS");
    }
    const std::uint32_t rate = or_else(options.sample_rate, static_cast<std::uint32_t>(nowface::sample_rate));
    if (rate < nowface::lowest_rate || rate > nowface::highest_rate) {
        refuse("sample_rate", std::to_string(rate) + " Hz cannot be resampled", "give a number from 4000 to 768000");
    }
    const std::uint32_t queue = or_else(options.queue_milliseconds, default_queue_milliseconds);
    const std::int64_t limit = static_cast<std::int64_t>(queue) * nowface::sample_rate / 1000;
    if (queue > most_queue_milliseconds || limit < hop) {
        refuse("queue_milliseconds", std::to_string(queue) + " is less than a hop or more than an hour", "use 10000");
    }
    const std::uint32_t frames = or_else(options.frame_capacity, default_frame_capacity);
    if (frames > most_frame_capacity) refuse("frame_capacity", std::to_string(frames) + " is too many", "use 64");
    nowface::SessionOptions checked{};
    checked.worker = options.mode == NOWFACE_MODE_WORKER;
    checked.frame_capacity = frames;
    checked.stream.sample_rate = rate;
    checked.stream.queue_limit = limit;
    checked.stream.health_interval = or_else(options.health_interval, default_health_interval);
    if (options.has_seed != 0) checked.stream.seed = options.seed;
    return checked;
}

}  // namespace

extern "C" {

int32_t nowface_session_create(nowface_bundle* bundle, const nowface_session_options* options,
                               nowface_session** session) {
    return guarded([&] {
        require(bundle, "bundle");
        require(session, "session");
        const nowface_session_options read = read_options(options, "session options");
        const auto checked = check_options(read, bundle->bundle.manifest().pipeline.hop);
        const auto loaded = bundle->bundle.load(read.precision);
        *session = new nowface_session(loaded, merge_parameters(*loaded, read), checked);
        return NOWFACE_OK;
    });
}

void nowface_session_destroy(nowface_session* session) { delete session; }

}  // extern "C"
