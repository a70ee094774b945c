// retarget_stream JSON NUMERATOR DENOMINATOR KNOB STRENGTH CHANNEL...: retargets frames as a session would, so that wild
// numbers can be compared with the Python reference, which no model would give.
//
// Reads frames from stdin, each an int64 for its number and a float a channel; writes a float a channel to stdout.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "error.h"
#include "retarget.h"

int main(int count, char** arguments) {
    if (count < 7) return 2;
    const std::vector<std::string> channels(arguments + 6, arguments + count);
    try {
        nowface::Retarget retarget =
            nowface::parse_retarget(arguments[1], channels, std::atoll(arguments[2]), std::atoll(arguments[3]));
        retarget.set_strength(arguments[4], std::strtof(arguments[5], nullptr));
        nowface::Shown shown;
        shown.values.resize(channels.size());
        std::int64_t frame = 0;
        std::vector<float> values(channels.size());
        while (std::fread(&frame, sizeof frame, 1, stdin) == 1 &&
               std::fread(values.data(), sizeof(float), values.size(), stdin) == values.size()) {
            retarget.apply(frame, values.data(), shown);
            std::fwrite(values.data(), sizeof(float), values.size(), stdout);
        }
    } catch (const nowface::Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
