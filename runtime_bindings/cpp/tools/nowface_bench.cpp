// nowface-bench: streams at real pace on this device and tells what push, poll and a frame cost, how late frames come
// and whether memory grows. The app's side of a session is all that it sees.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "nowface.h"

namespace {

using Clock = std::chrono::steady_clock;

void expect(std::int32_t status) {
    if (status >= 0) return;
    std::fprintf(stderr, "nowface-bench: %s\n", nowface_last_error());
    std::exit(2);
}

double microseconds_since(Clock::time_point began) {
    return std::chrono::duration<double, std::micro>(Clock::now() - began).count();
}

void tell(const char* what, const char* unit, std::vector<double>& values) {
    if (values.empty()) return;
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) { return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))]; };
    std::printf("%-22s %9.1f %9.1f %9.1f %9.1f  %s, %zu times\n", what, at(0.5), at(0.95), at(0.99), values.back(), unit,
                values.size());
}

// Memory that is resident, in megabytes; 0 where the system does not say.
double resident() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        if (word != "VmRSS:") continue;
        double kilobytes = 0;
        status >> kilobytes;
        return kilobytes / 1024;
    }
    return 0;
}

// Syllables of a voiced sound with pauses: no model can treat it as silence.
void make_sound(std::vector<float>& chunk, std::int64_t first, double rate) {
    for (std::size_t i = 0; i < chunk.size(); ++i) {
        const double time = static_cast<double>(first + static_cast<std::int64_t>(i)) / rate;
        const double syllable = std::max(0.0, std::sin(time * 25)) * (std::fmod(time, 4.0) < 3.0 ? 1 : 0);
        chunk[i] = static_cast<float>(0.3 * syllable * (std::sin(time * 754) + 0.5 * std::sin(time * 4400)));
    }
}

constexpr const char* usage =
    "usage: nowface-bench BUNDLE [--seconds N] [--rate HZ] [--precision NAME]\n"
    "Streams N seconds of sound (60) at real pace in pieces of 10 ms, with a worker.\n";

}  // namespace

int main(int count, char** texts) {
    std::string folder, precision, seconds = "60", rate = "48000";
    for (int i = 1; i < count; ++i) {
        const std::string text = texts[i];
        std::string* option = text == "--seconds"     ? &seconds
                              : text == "--rate"      ? &rate
                              : text == "--precision" ? &precision
                                                      : nullptr;
        if (option != nullptr && i + 1 < count) {
            *option = texts[++i];
        } else if (option == nullptr && text[0] != '-' && folder.empty()) {
            folder = text;
        } else {
            std::fputs(usage, stderr);
            return 2;
        }
    }
    const long length = std::atol(seconds.c_str()), hertz = std::atol(rate.c_str());
    if (folder.empty() || length < 2 || hertz < 4000) {
        std::fputs(usage, stderr);
        return 2;
    }
    const Clock::time_point opened = Clock::now();
    nowface_bundle* bundle = nullptr;
    expect(nowface_bundle_open(folder.c_str(), nullptr, &bundle));
    nowface_session_options options = NOWFACE_SESSION_OPTIONS_INIT;
    options.sample_rate = static_cast<std::uint32_t>(hertz);
    options.precision = precision.empty() ? nullptr : precision.c_str();
    nowface_session* session = nullptr;
    expect(nowface_session_create(bundle, &options, &session));
    std::printf("%s, %s; ready after %.0f ms\n", folder.c_str(), nowface_runtime(), microseconds_since(opened) / 1000);
    nowface_bundle_info info = NOWFACE_BUNDLE_INFO_INIT;
    expect(nowface_bundle_get_info(bundle, &info));

    std::vector<float> chunk(static_cast<std::size_t>(hertz / 100)), values(info.value_count);
    const auto chunks = static_cast<std::size_t>(length) * 100;
    std::vector<double> pushes, frames, late;
    pushes.reserve(chunks);
    frames.reserve(chunks);
    late.reserve(chunks);
    nowface_frame frame = NOWFACE_FRAME_INIT;
    double early_memory = 0;
    const Clock::time_point began = Clock::now();
    for (std::size_t i = 0; i < chunks; ++i) {
        if (i == chunks / 10) early_memory = resident();
        make_sound(chunk, static_cast<std::int64_t>(i * chunk.size()), static_cast<double>(hertz));
        std::this_thread::sleep_until(began + std::chrono::milliseconds(10 * (i + 1)));
        const Clock::time_point pushed = Clock::now();
        expect(nowface_push_float(session, chunk.data(), chunk.size()));
        pushes.push_back(microseconds_since(pushed));
        // Polled every millisecond up to the next piece, as a renderer with time on its hands would.
        for (int turn = 0; turn < 9; ++turn) {
            std::int32_t status = NOWFACE_OK;
            while ((status = nowface_poll(session, &frame, values.data(), values.size())) == NOWFACE_OK) {
                frames.push_back(static_cast<double>(frame.seconds) * 1e6);
                const double due = static_cast<double>(frame.due_sample) / 16000 * 1e6;
                late.push_back((microseconds_since(began) - due) / 1000);
            }
            expect(status);
            if (Clock::now() >= began + std::chrono::milliseconds(10 * (i + 1) + 9)) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    nowface_report report = NOWFACE_REPORT_INIT;
    expect(nowface_session_get_report(session, &report));
    std::printf("%-22s %9s %9s %9s %9s\n", "", "median", "95 %", "99 %", "most");
    tell("a push of 10 ms", "microseconds", pushes);
    tell("a frame with its hops", "microseconds", frames);
    tell("a frame after its time", "milliseconds", late);
    std::printf("%lld frames, %lld samples dropped, delay of the resampler %.2f ms\n", static_cast<long long>(report.frames),
                static_cast<long long>(report.dropped_samples), static_cast<double>(report.delay_milliseconds));
    std::printf("memory %.1f MB after a tenth, %.1f MB at the end\n", early_memory, resident());
    nowface_session_destroy(session);
    nowface_bundle_close(bundle);
    return 0;
}
