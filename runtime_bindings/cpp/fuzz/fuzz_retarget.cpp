// libFuzzer: whatever the text, parse_retarget gives a retarget that shows numbers within its limits, or throws Error.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "error.h"
#include "retarget.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<std::string> channels{"jawOpen", "mouthClose", "tongueOut"};
    try {
        const std::string_view text(reinterpret_cast<const char*>(data), size);
        const nowface::Retarget retarget = nowface::parse_retarget(text, channels, 30000, 1001);
        nowface::Shown shown;
        shown.values.resize(channels.size());
        for (std::int64_t frame = 0; frame < 4; ++frame) {
            float values[] = {0.5f * static_cast<float>(frame), -1e30f, 3e38f};
            retarget.apply(frame, values, shown);
            for (const float value : values)
                if (!std::isfinite(value)) __builtin_trap();
        }
    } catch (const nowface::Error& error) {
        for (const char* c = error.what(); *c != '\0'; ++c)
            if (*c < 0x20 || *c > 0x7e) __builtin_trap();  // a message is one line of printable ASCII
    }
    return 0;
}
