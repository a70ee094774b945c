// The C interface: the trace that proves a device.
#include <filesystem>
#include <fstream>

#if !defined(_WIN32)
#include <sys/utsname.h>
#endif

#include "api_support.h"
#include "replay.h"

using namespace nowface::api;

namespace {

std::string machine() {
#if defined(_WIN32)
    return "Windows";
#else
    utsname name{};
    if (uname(&name) != 0) return "unknown";
    return std::string(name.sysname) + " " + name.release + " " + name.machine;
#endif
}

void write_file(const char* path, const std::vector<std::uint8_t>& bytes) {
    std::ofstream out(std::filesystem::u8path(path), std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) refuse(path, "cannot be written", "give another path");
}

}  // namespace

extern "C" int32_t nowface_bundle_replay(nowface_bundle* bundle, const char* precision, const char* device,
                                         const char* path) {
    return guarded([&] {
        require(bundle, "bundle");
        require(path, "path");
        nowface::TensorFile trace = nowface::replay(bundle->bundle, precision);
        trace.metadata["library"] = "nowface " NOWFACE_VERSION;
        trace.metadata["os"] = machine();
        if (device != nullptr) trace.metadata["device"] = device;
        write_file(path, nowface::write_tensors(trace));
        return NOWFACE_OK;
    });
}
