// libFuzzer: whatever the text, parse_manifest gives a manifest or throws Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "error.h"
#include "manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const std::string_view text(reinterpret_cast<const char*>(data), size);
        const nowface::Manifest manifest = nowface::parse_manifest(text, "manifest.json");
        if (manifest.pipeline.values_spec().size() == 0) __builtin_trap();
    } catch (const nowface::Error& error) {
        for (const char* c = error.what(); *c != '\0'; ++c)
            if (*c < 0x20 || *c > 0x7e) __builtin_trap();  // a message is one line of printable ASCII
    }
    return 0;
}
