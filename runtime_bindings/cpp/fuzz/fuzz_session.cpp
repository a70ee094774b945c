// libFuzzer: any order of calls with any arguments on a session of the bundle that NOWFACE_FUZZ_BUNDLE names. Two bytes
// choose a call and an amount, the bytes after them are what is pushed or restored.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "nowface.h"

namespace {

nowface_bundle* bundle() {
    static nowface_bundle* opened = [] {
        nowface_bundle* made = nullptr;
        const char* path = std::getenv("NOWFACE_FUZZ_BUNDLE");
        if (path == nullptr || nowface_bundle_open(path, nullptr, &made) != NOWFACE_OK) std::abort();
        return made;
    }();
    return opened;
}

struct Bytes {
    const std::uint8_t* at;
    std::size_t left;

    std::uint8_t next() { return left > 0 ? (--left, *at++) : 0; }
    template <typename Number>
    std::vector<Number> numbers(std::size_t count) {
        std::vector<Number> made(count);
        const std::size_t bytes = std::min(left, count * sizeof(Number));
        if (bytes > 0) std::memcpy(made.data(), at, bytes);
        at += bytes;
        left -= bytes;
        return made;
    }
};

void check(std::int32_t status) {
    // A bundle that is sound and arguments of the right sizes: nothing may be our own fault.
    if (status == NOWFACE_ERROR_INTERNAL) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes{data, size};
    nowface_session_options options = NOWFACE_SESSION_OPTIONS_INIT;
    static const std::uint32_t rates[] = {0, 8000, 44100, 44099, 48000, 7, 768000};
    options.mode = NOWFACE_MODE_SYNCHRONOUS;
    options.sample_rate = rates[bytes.next() % 7];
    options.queue_milliseconds = 20u + bytes.next();
    options.health_interval = bytes.next();
    nowface_session* session = nullptr;
    check(nowface_session_create(bundle(), &options, &session));
    if (session == nullptr) return 0;
    nowface_bundle_info info = NOWFACE_BUNDLE_INFO_INIT;
    check(nowface_bundle_get_info(bundle(), &info));
    std::vector<float> values(info.value_count);
    std::vector<std::uint8_t> saved;
    nowface_frame frame = NOWFACE_FRAME_INIT;
    while (bytes.left > 0) {
        const std::uint8_t call = bytes.next();
        const std::size_t amount = bytes.next();
        switch (call % 9) {
            case 0:
                check(nowface_push_float(session, bytes.numbers<float>(amount).data(), amount));
                break;
            case 1:
                check(nowface_push_int16(session, bytes.numbers<std::int16_t>(4 * amount).data(), 4 * amount));
                break;
            case 2: {
                const std::vector<float> signal = bytes.numbers<float>(amount);
                check(nowface_push_signal(session, call / 9u % 2, signal.data(), amount,
                                          static_cast<std::int64_t>(amount) * 100 - 1));
                break;
            }
            case 3:
            case 4:
                check(nowface_poll(session, &frame, values.data(), values.size()));
                break;
            case 5:
                check(nowface_session_flush(session));
                break;
            case 6:
                check(nowface_session_reset(session));
                break;
            case 7: {
                std::size_t needed = 0;
                check(nowface_session_snapshot(session, nullptr, &needed));
                saved.resize(needed);
                check(nowface_session_snapshot(session, saved.data(), &needed));
                break;
            }
            default: {
                std::vector<std::uint8_t> restored = saved;
                // Most damage is to what is inside, not to the name in front.
                for (std::size_t i = 0; i < amount % 8 && !restored.empty(); ++i) {
                    restored[(bytes.next() * 256u + bytes.next()) % restored.size()] ^= bytes.next();
                }
                check(nowface_session_restore(session, restored.data(), restored.size()));
            }
        }
    }
    nowface_session_destroy(session);
    return 0;
}
