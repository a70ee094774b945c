// Safetensors files (https://github.com/huggingface/safetensors#format): hostile ones to read, own ones to write.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "manifest.h"

namespace nowface {

enum class ElementType { f32, i16, i64 };

struct Tensor {
    ElementType type = ElementType::f32;
    Shape shape;
    std::vector<std::uint8_t> bytes;  // little-endian, C order

    std::size_t elements() const;
    const float* floats() const;  // of a tensor of f32
    const std::int16_t* shorts() const;
    const std::int64_t* longs() const;
};

struct TensorFile {
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::string> metadata;
};

// Throws Error(NOWFACE_ERROR_BUNDLE) for anything but a well-formed file of F32, I16 and I64 tensors. `subject` names
// it in messages.
TensorFile parse_tensors(const std::vector<std::uint8_t>& bytes, const std::string& subject);

// The float tensors that `specs` describe: those names and no other, those shapes, every value finite. Otherwise throws
// Error(NOWFACE_ERROR_BUNDLE).
std::map<std::string, Tensor> parse_specified(const std::vector<std::uint8_t>& bytes,
                                              const std::vector<TensorSpec>& specs, const std::string& subject);

std::vector<std::uint8_t> write_tensors(const TensorFile& file);

}  // namespace nowface
