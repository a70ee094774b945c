// many_sessions BUNDLE [THREADS]: sessions in threads at once, each with a worker of its own, give the bits that one
// alone gives; with resets, snapshots and restores while workers run. For sanitizers to watch.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include "nowface.h"

namespace {

void expect(std::int32_t status) {
    if (status >= 0) return;
    std::fprintf(stderr, "%s\n", nowface_last_error());
    std::exit(2);
}

std::vector<float> sound() {
    std::vector<float> samples(16000);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const float time = static_cast<float>(i) / 16000;
        samples[i] = 0.4f * std::sin(900 * time) * std::sin(20 * time);
    }
    return samples;
}

void poll_all(nowface_session* session, std::vector<float>& values, std::vector<float>* into) {
    nowface_frame frame = NOWFACE_FRAME_INIT;
    std::int32_t status = NOWFACE_OK;
    while ((status = nowface_poll(session, &frame, values.data(), values.size())) == NOWFACE_OK) {
        if (into != nullptr) into->insert(into->end(), values.begin(), values.end());
    }
    expect(status);
}

// An app's two threads: one pushes, the other polls and reads the account.
void listen_and_show(nowface_session* session, const std::vector<float>& samples, std::vector<float>& values) {
    std::atomic<bool> listening{true};
    std::thread audio([&] {
        for (std::size_t at = 0; at < samples.size(); at += 160) {
            expect(nowface_push_float(session, samples.data() + at, 160));
        }
        listening = false;
    });
    nowface_report report = NOWFACE_REPORT_INIT;
    nowface_event event = NOWFACE_EVENT_INIT;
    while (listening) {
        poll_all(session, values, nullptr);
        expect(nowface_session_get_report(session, &report));
        expect(nowface_session_next_event(session, &event));
    }
    audio.join();
}

// Streams a second, forgets it, streams half of it, is restored from its own snapshot and ends.
std::vector<float> stream(nowface_bundle* bundle, std::int32_t mode) {
    nowface_session_options options = NOWFACE_SESSION_OPTIONS_INIT;
    options.mode = mode;
    nowface_session* session = nullptr;
    expect(nowface_session_create(bundle, &options, &session));
    nowface_bundle_info info = NOWFACE_BUNDLE_INFO_INIT;
    expect(nowface_bundle_get_info(bundle, &info));
    std::vector<float> values(info.value_count), frames;
    const std::vector<float> samples = sound();
    if (mode == NOWFACE_MODE_WORKER) listen_and_show(session, samples, values);
    expect(nowface_session_reset(session));
    expect(nowface_push_float(session, samples.data(), samples.size() / 2));
    std::vector<std::uint8_t> saved(std::size_t{1} << 22);
    std::size_t size = saved.size();
    expect(nowface_session_snapshot(session, saved.data(), &size));
    expect(nowface_session_restore(session, saved.data(), size));
    expect(nowface_push_float(session, samples.data() + samples.size() / 2, samples.size() / 2));
    expect(nowface_session_flush(session));
    nowface_report report = NOWFACE_REPORT_INIT;
    expect(nowface_session_get_report(session, &report));
    while (nowface_session_wait(session, 100) == NOWFACE_NO_FRAME) poll_all(session, values, &frames);
    poll_all(session, values, &frames);
    nowface_session_destroy(session);
    return frames;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) return 2;
    const int threads = count > 2 ? std::atoi(arguments[2]) : 8;
    nowface_bundle* bundle = nullptr;
    expect(nowface_bundle_open(arguments[1], nullptr, &bundle));
    const std::vector<float> alone = stream(bundle, NOWFACE_MODE_SYNCHRONOUS);
    std::vector<std::vector<float>> results(static_cast<std::size_t>(threads));
    std::vector<std::thread> running;
    for (std::vector<float>& result : results) {
        running.emplace_back([bundle, &result] { result = stream(bundle, NOWFACE_MODE_WORKER); });
    }
    for (std::thread& thread : running) thread.join();
    nowface_bundle_close(bundle);
    int different = 0;
    for (const std::vector<float>& result : results) different += result != alone;
    std::printf("%d sessions, %zu values each, %d different\n", threads, alone.size(), different);
    return alone.empty() || different != 0 ? 1 : 0;
}
