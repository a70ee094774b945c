#include "digest.h"

#include <cmath>
#include <cstdint>

namespace nowface {
namespace {

// The 32-bit finaliser of MurmurHash3 (Austin Appleby, public domain, MurmurHash3.cpp fmix32).
std::uint32_t mix(std::uint32_t h) {
    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    h ^= h >> 16;
    return h;
}

}  // namespace

Digest digest(const float* values, std::size_t count) {
    double squares = 0, projection = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const double value = static_cast<double>(values[i]);
        squares += value * value;
        projection += mix(static_cast<std::uint32_t>(i) + 1) >> 31 ? -value : value;
    }
    const double scale = 1 / std::sqrt(static_cast<double>(count));
    return {static_cast<float>(std::sqrt(squares) * scale), static_cast<float>(projection * scale)};
}

}  // namespace nowface
