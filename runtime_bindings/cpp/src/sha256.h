// SHA-256 (FIPS 180-4). Our own code, as neither the C++ library nor the Android NDK has it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace nowface {

// The hash of bytes that come in pieces.
class Sha256 {
  public:
    void update(const std::uint8_t* bytes, std::size_t count);
    // 64 lower-case hexadecimal digits. Ends the message: no `update` may follow.
    std::string digits();

  private:
    void compress(const std::uint8_t* block);

    std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::uint8_t, 64> block_ = {};
    std::uint64_t length_ = 0;  // bytes so far
};

// 64 lower-case hexadecimal digits.
std::string sha256(const std::uint8_t* bytes, std::size_t count);

}  // namespace nowface
