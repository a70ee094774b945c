// nowface-replay: plays the test vectors of a bundle on this device and writes a trace for `python -m sdk parity BUNDLE
// --device trace.safetensors`, through nowface.h as an app does.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "nowface.h"
#include "safetensors.h"

namespace {

struct Arguments {
    std::string bundle;
    std::string output = "trace.safetensors";
    std::string precision;
    std::string device;
};

void expect(std::int32_t status) {
    if (status < 0) throw std::runtime_error(nowface_last_error());
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

std::size_t frames_in(const std::string& trace) {
    std::ifstream file(std::filesystem::u8path(trace), std::ios::binary);
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    return nowface::parse_tensors(bytes, trace).tensors.at("index").elements();
}

int replay(const Arguments& arguments) {
    nowface_bundle* opened = nullptr;
    expect(nowface_bundle_open(arguments.bundle.c_str(), nullptr, &opened));
    const std::unique_ptr<nowface_bundle, void (*)(nowface_bundle*)> bundle(opened, nowface_bundle_close);
    expect(nowface_bundle_replay(opened, or_null(arguments.precision), or_null(arguments.device),
                                 arguments.output.c_str()));
    std::printf("%s: %zu frames\n", arguments.output.c_str(), frames_in(arguments.output));
    return 0;
}

constexpr const char* usage =
    "usage: nowface-replay BUNDLE [-o TRACE] [--precision NAME] [--device TEXT]\n"
    "Plays the test vectors of a bundle and writes what came out, for python -m sdk parity BUNDLE --device TRACE.\n";

}  // namespace

int main(int count, char** texts) {
    Arguments arguments;
    for (int i = 1; i < count; ++i) {
        const std::string text = texts[i];
        std::string* option = text == "-o"            ? &arguments.output
                              : text == "--precision" ? &arguments.precision
                              : text == "--device"    ? &arguments.device
                                                      : nullptr;
        if (text == "--help") {
            std::fputs(usage, stdout);
            return 0;
        }
        if (option != nullptr && i + 1 < count) {
            *option = texts[++i];
        } else if (option == nullptr && text[0] != '-' && arguments.bundle.empty()) {
            arguments.bundle = text;
        } else {
            std::fprintf(stderr, "nowface-replay: %s: cannot be used here; see nowface-replay --help\n", text.c_str());
            return 2;
        }
    }
    if (arguments.bundle.empty()) {
        std::fputs(usage, stderr);
        return 2;
    }
    try {
        return replay(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "nowface-replay: %s\n", error.what());
        return 2;
    }
}
