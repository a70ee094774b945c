// Snapshots as bytes, little-endian: written in order and read back in order, whoever wrote them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "error.h"

namespace nowface {

class SnapshotWriter {
  public:
    template <typename Number>
    void put(Number number) {
        static_assert(std::is_arithmetic_v<Number>);
        put(&number, 1);
    }

    template <typename Number>
    void put(const Number* numbers, std::size_t count) {
        const auto* begin = reinterpret_cast<const std::uint8_t*>(numbers);
        bytes_.insert(bytes_.end(), begin, begin + count * sizeof(Number));
    }

    const std::vector<std::uint8_t>& bytes() const { return bytes_; }

  private:
    std::vector<std::uint8_t> bytes_;
};

class SnapshotReader {
  public:
    SnapshotReader(const void* bytes, std::size_t count) : at_(static_cast<const std::uint8_t*>(bytes)), left_(count) {}

    template <typename Number>
    Number get() {
        Number number;
        get(&number, 1);
        return number;
    }

    template <typename Number>
    void get(Number* numbers, std::size_t count) {
        if (count > left_ / sizeof(Number)) foreign();
        if (count > 0) std::memcpy(numbers, at_, count * sizeof(Number));
        at_ += count * sizeof(Number);
        left_ -= count * sizeof(Number);
    }

    // A number within bounds: what a stream of this session can hold.
    std::int64_t get_within(std::int64_t lowest, std::int64_t highest) {
        const auto number = get<std::int64_t>();
        if (number < lowest || number > highest) foreign();
        return number;
    }

    bool at_end() const { return left_ == 0; }

    void expect_end() const {
        if (left_ != 0) foreign();
    }

    [[noreturn]] static void foreign() {
        throw Error(NOWFACE_ERROR_SESSION, "snapshot", "it is not of this pipeline and sample rate, or damaged",
                    "restore what a session of the same bundle wrote");
    }

  private:
    const std::uint8_t* at_;
    std::size_t left_;
};

}  // namespace nowface
