// Memory for what ExecuTorch makes while a method is loaded, and for what its kernels borrow during a run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <executorch/runtime/core/memory_allocator.h>

namespace nowface {

// Gives pieces of blocks, adds a block when they do not suffice, and keeps the blocks when it is reset: a run that needs
// no more than those before it does not allocate.
class GrowingAllocator final : public executorch::runtime::MemoryAllocator {
  public:
    explicit GrowingAllocator(std::size_t block) : MemoryAllocator(0, nullptr), block_(block) {}

    void* allocate(std::size_t size, std::size_t alignment = kDefaultAlignment) override {
        if (alignment == 0 || (alignment & (alignment - 1)) != 0) return nullptr;
        for (; current_ < blocks_.size(); ++current_, used_ = 0) {
            if (void* place = take(size, alignment)) return place;
        }
        blocks_.emplace_back(new std::uint8_t[std::max(block_, size + alignment)], std::max(block_, size + alignment));
        used_ = 0;
        return take(size, alignment);
    }

    void reset() override {
        current_ = 0;
        used_ = 0;
    }

  private:
    struct Block {
        Block(std::uint8_t* bytes, std::size_t count) : bytes(bytes), count(count) {}
        std::unique_ptr<std::uint8_t[]> bytes;
        std::size_t count;
    };

    void* take(std::size_t size, std::size_t alignment) {
        const Block& block = blocks_[current_];
        const auto begin = reinterpret_cast<std::uintptr_t>(block.bytes.get());
        const std::uintptr_t place = (begin + used_ + alignment - 1) & ~(static_cast<std::uintptr_t>(alignment) - 1);
        if (place - begin > block.count || size > block.count - (place - begin)) return nullptr;
        used_ = place - begin + size;
        return reinterpret_cast<void*>(place);
    }

    std::size_t block_;
    std::vector<Block> blocks_;
    std::size_t current_ = 0;
    std::size_t used_ = 0;
};

}  // namespace nowface
