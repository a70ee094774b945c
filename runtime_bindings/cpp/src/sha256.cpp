#include "sha256.h"

#include <algorithm>

namespace nowface {
namespace {

// FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, 64> ROUND_CONSTANTS = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr std::uint32_t rotated(std::uint32_t word, int bits) { return (word >> bits) | (word << (32 - bits)); }

}  // namespace

// FIPS 180-4, 6.2.2.
void Sha256::compress(const std::uint8_t* block) {
    std::array<std::uint32_t, 64> schedule;
    for (std::size_t t = 0; t < 16; ++t)
        schedule[t] = std::uint32_t{block[4 * t]} << 24 | std::uint32_t{block[4 * t + 1]} << 16 |
                      std::uint32_t{block[4 * t + 2]} << 8 | std::uint32_t{block[4 * t + 3]};
    for (std::size_t t = 16; t < 64; ++t) {
        const std::uint32_t near = schedule[t - 2], far = schedule[t - 15];
        schedule[t] = (rotated(near, 17) ^ rotated(near, 19) ^ (near >> 10)) + schedule[t - 7] +
                      (rotated(far, 7) ^ rotated(far, 18) ^ (far >> 3)) + schedule[t - 16];
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t t = 0; t < 64; ++t) {
        const std::uint32_t choice = (e & f) ^ (~e & g), majority = (a & b) ^ (a & c) ^ (b & c);
        const std::uint32_t first =
            h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + choice + ROUND_CONSTANTS[t] + schedule[t];
        const std::uint32_t second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + majority;
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const std::array<std::uint32_t, 8> change = {a, b, c, d, e, f, g, h};
    for (std::size_t index = 0; index < state_.size(); ++index) state_[index] += change[index];
}

void Sha256::update(const std::uint8_t* bytes, std::size_t count) {
    const std::size_t held = static_cast<std::size_t>(length_ % block_.size());
    length_ += count;
    if (held != 0) {
        const std::size_t taken = std::min(count, block_.size() - held);
        std::copy_n(bytes, taken, block_.begin() + static_cast<std::ptrdiff_t>(held));
        bytes += taken;
        count -= taken;
        if (held + taken < block_.size()) return;
        compress(block_.data());
    }
    for (; count >= block_.size(); bytes += block_.size(), count -= block_.size()) compress(bytes);
    std::copy_n(bytes, count, block_.begin());
}

std::string Sha256::digits() {
    // FIPS 180-4, 5.1.1: a one bit, zeros, and the message's length in bits as 64 bits, to a multiple of 64 bytes.
    const std::uint64_t bits = length_ * 8;
    std::array<std::uint8_t, 72> padding = {0x80};
    const std::size_t zeros_end = (length_ % 64 < 56 ? 56 : 120) - static_cast<std::size_t>(length_ % 64);
    for (std::size_t index = 0; index < 8; ++index)
        padding[zeros_end + index] = static_cast<std::uint8_t>(bits >> (56 - 8 * index));
    update(padding.data(), zeros_end + 8);
    std::string text;
    for (const std::uint32_t word : state_)
        for (int digit = 7; digit >= 0; --digit) text += "0123456789abcdef"[(word >> (4 * digit)) & 15u];
    return text;
}

std::string sha256(const std::uint8_t* bytes, std::size_t count) {
    Sha256 hash;
    hash.update(bytes, count);
    return hash.digits();
}

}  // namespace nowface
