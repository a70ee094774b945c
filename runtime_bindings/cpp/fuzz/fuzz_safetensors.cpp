// libFuzzer: whatever the bytes, parse_tensors gives tensors or throws Error, and what it gives can be written and read
// again.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "error.h"
#include "safetensors.h"

namespace {

bool equal(const nowface::TensorFile& left, const nowface::TensorFile& right) {
    if (left.metadata != right.metadata || left.tensors.size() != right.tensors.size()) return false;
    for (const auto& [name, tensor] : left.tensors) {
        const nowface::Tensor& other = right.tensors.at(name);
        if (tensor.type != other.type || tensor.shape != other.shape || tensor.bytes != other.bytes) return false;
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const nowface::TensorFile file = nowface::parse_tensors({data, data + size}, "file");
        if (!equal(file, nowface::parse_tensors(nowface::write_tensors(file), "again"))) __builtin_trap();
    } catch (const nowface::Error&) {
    }
    return 0;
}
