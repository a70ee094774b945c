// The C interface: what a session takes in, gives and tells.
#include <optional>
#include <string_view>
#include <vector>

#include "api_support.h"
#include "digest.h"

using namespace nowface::api;

namespace {

void check_synchronous(const nowface_session* session, const char* call) {
    if (!session->session.has_worker()) return;
    throw nowface::Error(NOWFACE_ERROR_SESSION, call, "the session computes on a thread of its own",
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
        require_size(frame, "frame");  // before a frame is taken: one that cannot be written would be lost
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
            throw nowface::Error(NOWFACE_ERROR_BUFFER, "size", std::to_string(capacity) + " bytes do not hold the snapshot",
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
        require_size(event, "event");  // before it is taken, as in poll
        nowface_event made = NOWFACE_EVENT_INIT;
        if (!session->session.next_event(made)) return NOWFACE_NO_FRAME;
        write_struct(event, made, "event");
        return NOWFACE_OK;
    });
}

int32_t nowface_session_output(nowface_session* session, uint32_t output, float* values, size_t capacity) {
    return guarded([&] {
        require(session, "session");
        require(values, "values");
        check_synchronous(session, "session_output");
        const auto& outputs = session->session.graph().frame_outputs();
        check_index(output, outputs.size(), "output");
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
