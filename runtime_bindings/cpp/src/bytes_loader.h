// A program's bytes, as ExecuTorch asks for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <executorch/runtime/core/data_loader.h>

#include "executorch_support.h"

namespace nowface {

// Gives out pieces of bytes that the model owns.
class BytesLoader final : public er::DataLoader {
  public:
    BytesLoader(const std::uint8_t* bytes, std::size_t count) : bytes_(bytes), count_(count) {}

    er::Result<er::FreeableBuffer> load(std::size_t offset, std::size_t size, const SegmentInfo&) const override {
        if (offset > count_ || size > count_ - offset) return er::Error::InvalidArgument;
        return er::FreeableBuffer(bytes_ + offset, size, nullptr);
    }
    er::Error load_into(std::size_t offset, std::size_t size, const SegmentInfo&, void* buffer) const override {
        if (offset > count_ || size > count_ - offset) return er::Error::InvalidArgument;
        std::memcpy(buffer, bytes_ + offset, size);
        return er::Error::Ok;
    }
    er::Result<std::size_t> size() const override { return count_; }

  private:
    const std::uint8_t* bytes_;
    std::size_t count_;
};

}  // namespace nowface
