#include "noise.h"

#include <algorithm>
#include <array>

namespace nowface {
namespace {

using Words = std::array<std::uint64_t, 4>;

// Multipliers and key increments of Philox4x64: Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3".
constexpr std::uint64_t multiplier_0 = 0xD2E7470EE14C6C93u;
constexpr std::uint64_t multiplier_1 = 0xCA5A826395121157u;
constexpr std::uint64_t key_step_0 = 0x9E3779B97F4A7C15u;
constexpr std::uint64_t key_step_1 = 0xBB67AE8584CAA73Bu;
constexpr int rounds = 10;

struct Product {
    std::uint64_t high;
    std::uint64_t low;
};

// 64 by 64 bits, by halves of 32: no compiler's 128-bit type is needed.
Product multiply(std::uint64_t a, std::uint64_t b) {
    const std::uint64_t a_low = a & 0xFFFFFFFFu, a_high = a >> 32;
    const std::uint64_t b_low = b & 0xFFFFFFFFu, b_high = b >> 32;
    const std::uint64_t low = a_low * b_low;
    const std::uint64_t middle = a_high * b_low + (low >> 32);
    const std::uint64_t cross = a_low * b_high + (middle & 0xFFFFFFFFu);
    return {a_high * b_high + (middle >> 32) + (cross >> 32), (cross << 32) | (low & 0xFFFFFFFFu)};
}

Words philox(Words counter, std::uint64_t key_0, std::uint64_t key_1) {
    for (int round = 0; round < rounds; ++round) {
        const Product first = multiply(multiplier_0, counter[0]);
        const Product second = multiply(multiplier_1, counter[2]);
        counter = {second.high ^ counter[1] ^ key_0, second.low, first.high ^ counter[3] ^ key_1, first.low};
        key_0 += key_step_0;
        key_1 += key_step_1;
    }
    return counter;
}

}  // namespace

void draw_uniforms(std::optional<std::uint64_t> seed, std::uint64_t number, std::uint64_t frame, float* values,
                   std::size_t count) {
    if (!seed) {
        std::fill_n(values, count, 0.5f);
        return;
    }
    for (std::size_t first = 0; first < count; first += 4) {
        const Words words = philox({first / 4 + 1, frame, 0, 0}, *seed, number);
        for (std::size_t word = 0; word < 4 && first + word < count; ++word) {
            values[first + word] = static_cast<float>(words[word] >> 40) * 0x1p-24f;
        }
    }
}

}  // namespace nowface
