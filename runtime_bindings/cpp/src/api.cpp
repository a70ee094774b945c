// The C interface: arguments are checked, exceptions become statuses. nowface.h says what each function does.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>

#include "bundle.h"
#include "digest.h"
#include "error.h"
#include "nowface.h"
#include "text_buffer.h"

struct nowface_bundle {
    nowface::Bundle bundle;
};

struct nowface_session {
    nowface::Session session;
    nowface_session(std::shared_ptr<const nowface::Loaded> loaded,
                    const std::map<std::string, nowface::Floats>& parameters, const nowface::SessionOptions& options)
        : session(std::move(loaded), parameters, options) {}
};

namespace {

using nowface::Error;

constexpr std::uint32_t default_queue_milliseconds = 10'000;
constexpr std::uint32_t most_queue_milliseconds = 3'600'000;
constexpr std::uint32_t default_frame_capacity = 64;
constexpr std::uint32_t most_frame_capacity = 100'000;
constexpr std::uint32_t default_health_interval = 30;

[[noreturn]] void refuse(const std::string& subject, const std::string& problem, const std::string& mend) {
    throw Error(NOWFACE_ERROR_USAGE, subject, problem, mend);
}

template <typename Call>
std::int32_t guarded(Call call) noexcept {
    try {
        return call();
    } catch (const Error& error) {
        nowface::set_last_error(error.what());
        return error.status();
    } catch (const std::bad_alloc&) {
        nowface::set_last_error("memory: there is not enough; free some or use a smaller model");
        return NOWFACE_ERROR_MEMORY;
    } catch (const std::exception& error) {
        nowface::set_last_error(error.what());
        return NOWFACE_ERROR_INTERNAL;
    } catch (...) {
        nowface::set_last_error("nowface: an unknown fault; please report it");
        return NOWFACE_ERROR_INTERNAL;
    }
}

template <typename Pointer>
void require(const Pointer* pointer, const char* name) {
    if (pointer == nullptr) refuse(name, "is NULL", "give a pointer");
}

// A caller's struct that may be shorter than ours, made by an older header: what it lacks is zero.
template <typename Options>
Options read_options(const Options* given, const char* name) {
    Options options{};
    if (given == nullptr) return options;
    if (given->abi_version != NOWFACE_ABI_VERSION) {
        throw Error(NOWFACE_ERROR_ABI, name, "abi_version is " + std::to_string(given->abi_version),
                    "build against the header of this library, whose version is " + std::to_string(NOWFACE_ABI_VERSION));
    }
    if (given->struct_size < 2 * sizeof(std::uint32_t)) refuse(name, "struct_size is not set", "begin with its INIT macro");
    std::memcpy(&options, given, std::min<std::size_t>(given->struct_size, sizeof(Options)));
    return options;
}

// Writes as much of `made` as the caller's struct has room for.
template <typename Struct>
void write_struct(Struct* to, Struct made, const char* name) {
    require(to, name);
    if (to->struct_size < 2 * sizeof(std::uint32_t)) refuse(name, "struct_size is not set", "begin with its INIT macro");
    made.struct_size = to->struct_size;
    std::memcpy(to, &made, std::min<std::size_t>(to->struct_size, sizeof(Struct)));
}

void check_buffer(std::size_t capacity, std::size_t wanted) {
    if (capacity >= wanted) return;
    throw Error(NOWFACE_ERROR_BUFFER, "capacity", std::to_string(capacity) + " floats do not hold the result",
                "give a buffer of " + std::to_string(wanted));
}

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

void check_synchronous(const nowface_session* session, const char* call) {
    if (!session->session.has_worker()) return;
    throw Error(NOWFACE_ERROR_SESSION, call, "the session computes on a thread of its own",
                "create it with NOWFACE_MODE_SYNCHRONOUS");
}

template <typename Sample>
std::int32_t push(nowface_session* session, const Sample* samples, std::size_t count) noexcept {
    return guarded([&] {
        require(session, "session");
        if (count > 0) require(samples, "samples");
        session->session.push(samples, count);
        return NOWFACE_OK;
    });
}

}  // namespace

extern "C" {

uint32_t nowface_abi_version(void) { return NOWFACE_ABI_VERSION; }

const char* nowface_version(void) { return NOWFACE_VERSION; }

const char* nowface_runtime(void) { return nowface::runtime_version(); }

const char* nowface_status_name(int32_t status) {
    switch (status) {
        case NOWFACE_OK:
            return "OK";
        case NOWFACE_NO_FRAME:
            return "NO_FRAME";
        case NOWFACE_ERROR_USAGE:
            return "USAGE";
        case NOWFACE_ERROR_ABI:
            return "ABI";
        case NOWFACE_ERROR_BUNDLE:
            return "BUNDLE";
        case NOWFACE_ERROR_TARGET:
            return "TARGET";
        case NOWFACE_ERROR_SESSION:
            return "SESSION";
        case NOWFACE_ERROR_NUMERICAL:
            return "NUMERICAL";
        case NOWFACE_ERROR_BUFFER:
            return "BUFFER";
        case NOWFACE_ERROR_MEMORY:
            return "MEMORY";
        case NOWFACE_ERROR_INTERNAL:
            return "INTERNAL";
        default:
            return "UNKNOWN";
    }
}

const char* nowface_last_error(void) { return nowface::last_error(); }

int32_t nowface_bundle_open(const char* path, const nowface_bundle_options* options, nowface_bundle** bundle) {
    return guarded([&] {
        require(path, "path");
        require(bundle, "bundle");
        const nowface_bundle_options read = read_options(options, "bundle options");
        *bundle = new nowface_bundle{{path, read.skip_hashes == 0}};
        return NOWFACE_OK;
    });
}

int32_t nowface_bundle_get_info(const nowface_bundle* bundle, nowface_bundle_info* info) {
    return guarded([&] {
        require(bundle, "bundle");
        const nowface::Manifest& manifest = bundle->bundle.manifest();
        const nowface::PipelineSpec& pipeline = manifest.pipeline;
        const auto number = [](auto value) { return static_cast<std::uint32_t>(value); };
        nowface_bundle_info made = NOWFACE_BUNDLE_INFO_INIT;
        made.frame_rate_numerator = number(pipeline.rate_numerator);
        made.frame_rate_denominator = number(pipeline.rate_denominator);
        made.hop_samples = number(pipeline.hop);
        made.lookahead_samples = number(pipeline.lookahead_samples);
        made.channel_count = number(manifest.channels.size());
        made.value_count = number(pipeline.values_spec().size());
        made.vertex_count = manifest.channels.empty() ? made.value_count / 3 : 0;
        made.signal_count = number(pipeline.signals.size());
        made.parameter_count = number(pipeline.parameters.size());
        made.precision_count = number(bundle->bundle.precisions().size());
        made.output_count = number(bundle->bundle.outputs().size());
        made.state_count = number(bundle->bundle.state().size());
        made.model = manifest.model.c_str();
        made.unit = manifest.unit.c_str();
        write_struct(info, made, "info");
        return NOWFACE_OK;
    });
}

int32_t nowface_bundle_item(const nowface_bundle* bundle, int32_t kind, uint32_t index, nowface_item* item) {
    return guarded([&] {
        require(bundle, "bundle");
        const nowface::Manifest& manifest = bundle->bundle.manifest();
        nowface_item made = NOWFACE_ITEM_INIT;
        const auto pick = [&](const auto& items, auto name, auto count) {
            if (index >= items.size()) {
                refuse("index " + std::to_string(index), "there is no such item",
                       "there are " + std::to_string(items.size()) + ", counted from 0");
            }
            made.name = name(items[index]).c_str();
            made.value_count = static_cast<std::uint32_t>(count(items[index]));
        };
        const auto itself = [](const std::string& text) -> const std::string& { return text; };
        const auto nothing = [](const std::string&) { return std::size_t{0}; };
        const auto name = [](const auto& named) -> const std::string& { return named.name; };
        const auto count = [](const nowface::Bundle::Named& named) { return named.count; };
        switch (kind) {
            case NOWFACE_ITEM_CHANNEL:
                pick(manifest.channels, itself, nothing);
                break;
            case NOWFACE_ITEM_SIGNAL:
                pick(bundle->bundle.signals(), name, count);
                break;
            case NOWFACE_ITEM_PARAMETER:
                pick(manifest.pipeline.parameters, name, [](const nowface::TensorSpec& spec) { return spec.size(); });
                break;
            case NOWFACE_ITEM_PRECISION:
                pick(bundle->bundle.precisions(), itself, nothing);
                break;
            case NOWFACE_ITEM_OUTPUT:
                pick(bundle->bundle.outputs(), name, count);
                break;
            case NOWFACE_ITEM_STATE:
                pick(bundle->bundle.state(), name, count);
                break;
            default:
                refuse("kind", std::to_string(kind) + " is no kind of item", "use one of NOWFACE_ITEM_*");
        }
        write_struct(item, made, "item");
        return NOWFACE_OK;
    });
}

void nowface_bundle_close(nowface_bundle* bundle) { delete bundle; }

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

int32_t nowface_push_float(nowface_session* session, const float* samples, size_t count) {
    return push(session, samples, count);
}

int32_t nowface_push_int16(nowface_session* session, const int16_t* samples, size_t count) {
    return push(session, samples, count);
}

int32_t nowface_push_signal(nowface_session* session, uint32_t signal, const float* values, size_t count,
                            int64_t sample) {
    return guarded([&] {
        require(session, "session");
        require(values, "values");
        session->session.push_signal(signal, values, count, sample);
        return NOWFACE_OK;
    });
}

int32_t nowface_poll(nowface_session* session, nowface_frame* frame, float* values, size_t capacity) {
    return guarded([&] {
        require(session, "session");
        require(frame, "frame");
        require(values, "values");
        check_buffer(capacity, session->session.value_count());
        nowface::FrameHead head{};
        if (!session->session.poll(head, values)) return NOWFACE_NO_FRAME;
        nowface_frame made = NOWFACE_FRAME_INIT;
        made.value_count = static_cast<std::uint32_t>(session->session.value_count());
        made.index = head.index;
        made.due_sample = head.due_sample;
        made.seconds = head.seconds;
        write_struct(frame, made, "frame");
        return NOWFACE_OK;
    });
}

int32_t nowface_session_set_retarget(nowface_session* session, const char* json, size_t size) {
    return guarded([&] {
        require(session, "session");
        session->session.set_retarget(json == nullptr ? std::nullopt : std::optional(std::string_view(json, size)));
        return NOWFACE_OK;
    });
}

int32_t nowface_session_set_strength(nowface_session* session, const char* knob, float strength) {
    return guarded([&] {
        require(session, "session");
        require(knob, "knob");
        session->session.set_strength(knob, strength);
        return NOWFACE_OK;
    });
}

int32_t nowface_session_flush(nowface_session* session) {
    return guarded([&] {
        require(session, "session");
        session->session.flush();
        return NOWFACE_OK;
    });
}

int32_t nowface_session_wait(nowface_session* session, uint32_t milliseconds) {
    return guarded([&] {
        require(session, "session");
        return session->session.wait(milliseconds) ? NOWFACE_OK : NOWFACE_NO_FRAME;
    });
}

int32_t nowface_session_reset(nowface_session* session) {
    return guarded([&] {
        require(session, "session");
        session->session.reset();
        return NOWFACE_OK;
    });
}

int32_t nowface_session_snapshot(nowface_session* session, void* buffer, size_t* size) {
    return guarded([&] {
        require(session, "session");
        require(size, "size");
        const std::vector<std::uint8_t> bytes = session->session.snapshot();
        const std::size_t capacity = *size;
        *size = bytes.size();
        if (buffer == nullptr) return NOWFACE_OK;
        if (capacity < bytes.size()) {
            throw Error(NOWFACE_ERROR_BUFFER, "size", std::to_string(capacity) + " bytes do not hold the snapshot",
                        "give a buffer of " + std::to_string(bytes.size()));
        }
        std::copy(bytes.begin(), bytes.end(), static_cast<std::uint8_t*>(buffer));
        return NOWFACE_OK;
    });
}

int32_t nowface_session_restore(nowface_session* session, const void* buffer, size_t size) {
    return guarded([&] {
        require(session, "session");
        require(static_cast<const char*>(buffer), "buffer");
        session->session.restore(buffer, size);
        return NOWFACE_OK;
    });
}

int32_t nowface_session_get_report(nowface_session* session, nowface_report* report) {
    return guarded([&] {
        require(session, "session");
        write_struct(report, session->session.report(), "report");
        return NOWFACE_OK;
    });
}

int32_t nowface_session_next_event(nowface_session* session, nowface_event* event) {
    return guarded([&] {
        require(session, "session");
        require(event, "event");
        nowface_event made = NOWFACE_EVENT_INIT;
        if (!session->session.next_event(made)) return NOWFACE_NO_FRAME;
        write_struct(event, made, "event");
        return NOWFACE_OK;
    });
}

void nowface_session_destroy(nowface_session* session) { delete session; }

int32_t nowface_session_output(nowface_session* session, uint32_t output, float* values, size_t capacity) {
    return guarded([&] {
        require(session, "session");
        require(values, "values");
        check_synchronous(session, "session_output");
        const auto& outputs = session->session.graph().frame_outputs();
        if (output >= outputs.size()) {
            refuse("output " + std::to_string(output), "there is no such output",
                   "there are " + std::to_string(outputs.size()) + ", counted from 0");
        }
        check_buffer(capacity, outputs[output]->size());
        std::copy(outputs[output]->begin(), outputs[output]->end(), values);
        return NOWFACE_OK;
    });
}

int32_t nowface_session_digests(nowface_session* session, float* digests, size_t capacity) {
    return guarded([&] {
        require(session, "session");
        require(digests, "digests");
        check_synchronous(session, "session_digests");
        const auto leaves = session->session.graph().state_tensors();
        check_buffer(capacity, 2 * leaves.size());
        for (const nowface::Floats* leaf : leaves) {
            const nowface::Digest made = nowface::digest(leaf->data(), leaf->size());
            *digests++ = made.root_mean_square;
            *digests++ = made.projection;
        }
        return NOWFACE_OK;
    });
}

}  // extern "C"
