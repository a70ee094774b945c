#include "loaded_method.h"

#include <utility>

#include <executorch/extension/threadpool/threadpool_guard.h>

namespace nowface {

LoadedMethod::LoadedMethod(const er::Program& program, const char* name, const std::string& subject)
    : memory_(64 * 1024), temporary_(64 * 1024) {
    auto meta = program.method_meta(name);
    if (!meta.ok()) fail(subject, std::string("has no method ") + name);
    for (std::size_t i = 0; i < meta->num_memory_planned_buffers(); ++i) {
        auto size = meta->memory_planned_buffer_size(i);
        if (!size.ok() || *size < 0) fail(subject, "its memory plan is damaged");
        planned_.emplace_back(static_cast<std::size_t>(*size) + alignment);
        auto* begin = planned_.back().data();
        begin += (alignment - reinterpret_cast<std::uintptr_t>(begin) % alignment) % alignment;
        spans_.emplace_back(begin, static_cast<std::size_t>(*size));
    }
    hierarchy_.emplace_back(er::Span<er::Span<std::uint8_t>>(spans_.data(), spans_.size()));
    manager_.emplace_back(&memory_, &hierarchy_.back(), &temporary_);
    // Loaded with the guard on, XNNPACK makes its runtime without a thread pool and computes on the calling thread.
    executorch::extension::threadpool::NoThreadPoolGuard guard;
    auto loaded = program.load_method(name, &manager_.back());
    expect(loaded.error(), subject, "loading its method");
    method_.emplace_back(std::move(*loaded));
}

void LoadedMethod::execute(const std::string& subject) {
    executorch::extension::threadpool::NoThreadPoolGuard guard;
    temporary_.reset();
    expect(method().execute(), subject, "a step");
}

}  // namespace nowface
