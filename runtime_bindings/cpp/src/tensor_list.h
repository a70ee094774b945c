// Tensors as the C interface tells of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "manifest.h"
#include "nowface.h"

namespace nowface {

class TensorList {
  public:
    // Of any kind of TensorSpec, which must outlive the list. A manifest's dimensions and sizes fit into 32 bits.
    template <typename Spec>
    explicit TensorList(const std::vector<Spec>& specs) {
        shapes_.reserve(specs.size());
        tensors_.reserve(specs.size());
        for (const TensorSpec& spec : specs) {
            const std::vector<std::uint32_t>& shape = shapes_.emplace_back(spec.shape.begin(), spec.shape.end());
            const auto rank = static_cast<std::uint32_t>(shape.size());
            tensors_.push_back({spec.name.c_str(), shape.data(), rank, static_cast<std::uint32_t>(spec.size())});
        }
    }

    TensorList(TensorList&&) = default;
    TensorList(const TensorList&) = delete;  // the tensors point at the shapes
    TensorList& operator=(const TensorList&) = delete;

    const nowface_tensor* data() const { return tensors_.data(); }
    std::uint32_t size() const { return static_cast<std::uint32_t>(tensors_.size()); }

  private:
    std::vector<std::vector<std::uint32_t>> shapes_;
    std::vector<nowface_tensor> tensors_;
};

}  // namespace nowface
