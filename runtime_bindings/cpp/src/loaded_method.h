// A method of a program, ready to run on the calling thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <executorch/runtime/core/hierarchical_allocator.h>
#include <executorch/runtime/executor/method.h>
#include <executorch/runtime/executor/program.h>

#include "executorch_support.h"
#include "growing_allocator.h"

namespace nowface {

// One method with the memory it computes in.
class LoadedMethod {
  public:
    // The program must outlive it. `subject` begins what is told of errors. Throws Error(NOWFACE_ERROR_TARGET).
    LoadedMethod(const er::Program& program, const char* name, const std::string& subject);

    er::Method& method() { return method_.front(); }

    // Runs it on the inputs that were set. Throws Error(NOWFACE_ERROR_TARGET).
    void execute(const std::string& subject);

  private:
    static constexpr std::size_t alignment = 64;  // of memory-planned buffers, for vector loads

    GrowingAllocator memory_;
    GrowingAllocator temporary_;
    std::vector<std::vector<std::uint8_t>> planned_;
    std::vector<er::Span<std::uint8_t>> spans_;
    // Neither can be moved or made late: vectors of at most one.
    std::vector<er::HierarchicalAllocator> hierarchy_;
    std::vector<er::MemoryManager> manager_;
    std::vector<er::Method> method_;
};

}  // namespace nowface
