// libFuzzer: any order of calls with any arguments on a session of a bundle that NOWFACE_FUZZ_BUNDLES names, paths with a
// `:` between them. Two bytes choose a call and an amount, the bytes after them are what is pushed, restored or named.
//
// Loading a session takes longer than a run of the fuzzer: each is loaded once, and must be after a reset what it was.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "nowface.h"
#include "sha256.h"

namespace {

void check(std::int32_t status) {
    // A bundle that is sound and arguments of the right sizes: nothing may be our own fault.
    if (status == NOWFACE_ERROR_INTERNAL) std::abort();
}

// Opened once, and never freed: what a pointer still reaches at the end is no leak.
const std::vector<nowface_bundle*>& bundles() {
    static const auto& all = *[] {
        const char* paths = std::getenv("NOWFACE_FUZZ_BUNDLES");
        if (paths == nullptr) std::abort();
        auto* opened = new std::vector<nowface_bundle*>;
        std::istringstream list(paths);
        for (std::string path; std::getline(list, path, ':');) {
            opened->push_back(nullptr);
            if (nowface_bundle_open(path.c_str(), nullptr, &opened->back()) != NOWFACE_OK) std::abort();
        }
        return opened;
    }();
    return all;
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

// A session as it was when it was made.
struct Loaded {
    nowface_session* session = nullptr;
    std::vector<std::uint8_t> start;
    std::vector<float> values;
};

std::vector<std::uint8_t> snapshot_of(nowface_session* session) {
    std::size_t size = 0;
    check(nowface_session_snapshot(session, nullptr, &size));
    std::vector<std::uint8_t> bytes(size);
    check(nowface_session_snapshot(session, bytes.data(), &size));
    return bytes;
}

// The SHA-256 at the snapshot's end made true, so that damage before it gets past it.
void seal(std::vector<std::uint8_t>& snapshot) {
    const std::string digits = nowface::sha256(snapshot.data(), snapshot.size() - 64);
    std::copy(digits.begin(), digits.end(), snapshot.end() - 64);
}

Loaded load(nowface_bundle* bundle, std::uint32_t rate, bool small) {
    nowface_session_options options = NOWFACE_SESSION_OPTIONS_INIT;
    options.mode = NOWFACE_MODE_SYNCHRONOUS;
    options.sample_rate = rate;
    options.queue_milliseconds = small ? 20 : 275;
    options.health_interval = small ? 1 : 30;
    Loaded made;
    check(nowface_session_create(bundle, &options, &made.session));
    if (made.session == nullptr) return made;  // of a rate that is refused
    nowface_bundle_info info = NOWFACE_BUNDLE_INFO_INIT;
    check(nowface_bundle_get_info(bundle, &info));
    made.values.resize(info.value_count);
    made.start = snapshot_of(made.session);
    return made;
}

// A session that begins, by what the bytes choose.
Loaded& session_for(Bytes& bytes) {
    static const std::uint32_t rates[] = {0, 8000, 44100, 44099, 48000, 7, 768000};
    static auto& all = *new std::map<std::tuple<std::size_t, std::size_t, bool>, Loaded>;  // as the bundles
    const std::size_t bundle = bytes.next() % bundles().size(), rate = bytes.next() % 7;
    const bool small = bytes.next() % 2 != 0;
    const auto [place, made] = all.try_emplace({bundle, rate, small});
    Loaded& loaded = place->second;
    if (made) loaded = load(bundles()[bundle], rates[rate], small);
    if (loaded.session != nullptr) {
        check(nowface_session_set_retarget(loaded.session, nullptr, 0));
        check(nowface_session_reset(loaded.session));
        if (snapshot_of(loaded.session) != loaded.start) std::abort();
    }
    return loaded;
}

// Retargets that can be used, for the channels a to h, and bytes that seldom are one.
void set_retarget(nowface_session* session, Bytes& bytes, std::size_t amount) {
    static const std::string good[] = {
        R"({"format_version": 1, "other_channels": {"smoothing_ms": 60}})",
        R"({"format_version": 1, "channels": {"a": {"gain": -2.5, "offset": 0.1, "low": 0, "high": 1}},
            "knobs": {"k": {"channels": ["a", "b"], "closing": ["c"]}}})",
    };
    if (amount < 2) {
        check(nowface_session_set_retarget(session, good[amount].data(), good[amount].size()));
    } else if (amount == 2) {
        check(nowface_session_set_retarget(session, nullptr, 0));
    } else {
        const std::vector<char> text = bytes.numbers<char>(amount);
        check(nowface_session_set_retarget(session, text.data(), text.size()));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes{data, size};
    Loaded& loaded = session_for(bytes);
    nowface_session* session = loaded.session;
    if (session == nullptr) return 0;
    std::vector<std::uint8_t> saved;
    nowface_frame frame = NOWFACE_FRAME_INIT;
    while (bytes.left > 0) {
        const std::uint8_t call = bytes.next();
        const std::size_t amount = bytes.next();
        switch (call % 11) {
            case 0:
                check(nowface_push_float(session, bytes.numbers<float>(amount).data(), amount));
                break;
            case 1:
                check(nowface_push_int16(session, bytes.numbers<std::int16_t>(4 * amount).data(), 4 * amount));
                break;
            case 2: {
                const std::vector<float> signal = bytes.numbers<float>(amount);
                check(nowface_push_signal(session, call / 11u % 2, signal.data(), amount,
                                          static_cast<std::int64_t>(amount) * 100 - 1));
                break;
            }
            case 3:
            case 4:
                check(nowface_poll(session, &frame, loaded.values.data(), loaded.values.size()));
                break;
            case 5:
                check(nowface_session_flush(session));
                break;
            case 6:
                check(nowface_session_reset(session));
                break;
            case 7:
                saved = snapshot_of(session);
                break;
            case 8:
                set_retarget(session, bytes, amount);
                break;
            case 9: {
                const float strength = bytes.numbers<float>(1)[0];
                check(nowface_session_set_strength(session, amount % 4 == 0 ? "none" : "k", strength));
                break;
            }
            default: {
                std::vector<std::uint8_t> restored = saved;
                // Most damage is to what is inside, not to the name in front.
                for (std::size_t i = 0; i < amount % 8 && !restored.empty(); ++i) {
                    restored[(bytes.next() * 256u + bytes.next()) % restored.size()] ^= bytes.next();
                }
                if (amount % 16 > 7 && restored.size() > 64) seal(restored);
                check(nowface_session_restore(session, restored.data(), restored.size()));
            }
        }
    }
    return 0;
}
