// realtime_push BUNDLE [plant]: the calls that an audio thread and a drawing thread make, in functions that may not block.
// Built with clang's RealtimeSanitizer, which reports what they allocate, lock or ask of the system, whoever does it.
//
// With the word `plant` one push allocates: a sanitizer that stays silent then sees nothing at all.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "nowface.h"

namespace {

void expect(std::int32_t status) {
    if (status >= 0) return;
    std::fprintf(stderr, "%s\n", nowface_last_error());
    std::exit(2);
}

struct Stream {
    nowface_session* session;
    std::vector<float> sound, values;
    long frames = 0;
    std::int32_t failed = 0;
};

void push_and_poll(Stream& stream) noexcept [[clang::nonblocking]] {
    stream.failed |= nowface_push_float(stream.session, stream.sound.data(), stream.sound.size());
    nowface_frame frame = NOWFACE_FRAME_INIT;
    std::int32_t status = NOWFACE_OK;
    while ((status = nowface_poll(stream.session, &frame, stream.values.data(), stream.values.size())) == NOWFACE_OK)
        ++stream.frames;
    if (status < 0) stream.failed = status;
}

// Volatile, or the compiler does without.
void plant(std::size_t size) noexcept [[clang::nonblocking]] {
    void* volatile planted = std::malloc(size);
    std::free(planted);
}

void play(nowface_bundle* bundle, std::int32_t mode, const char* name) {
    nowface_session_options options = NOWFACE_SESSION_OPTIONS_INIT;
    options.mode = mode;
    options.sample_rate = 48000;
    Stream stream{};
    expect(nowface_session_create(bundle, &options, &stream.session));
    nowface_bundle_info info = NOWFACE_BUNDLE_INFO_INIT;
    expect(nowface_bundle_get_info(bundle, &info));
    stream.values.resize(info.value_count);
    stream.sound.resize(480);
    for (std::size_t i = 0; i < stream.sound.size(); ++i) stream.sound[i] = 0.3f * static_cast<float>(i % 97) / 97;
    // What a runtime makes on its first frames it makes here; from then on nothing may block.
    for (int push = 0; push < 600; ++push) {
        push_and_poll(stream);
        if (mode == NOWFACE_MODE_WORKER) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    expect(stream.failed);
    std::printf("%s %ld frames\n", name, stream.frames);
    nowface_session_destroy(stream.session);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2 || count > 3) return 2;
    if (count == 3 && std::strcmp(arguments[2], "plant") == 0) plant(16);
    nowface_bundle* bundle = nullptr;
    expect(nowface_bundle_open(arguments[1], nullptr, &bundle));
    play(bundle, NOWFACE_MODE_SYNCHRONOUS, "synchronous");
    play(bundle, NOWFACE_MODE_WORKER, "worker");
    nowface_bundle_close(bundle);
    return 0;
}
