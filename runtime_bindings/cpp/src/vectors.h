// The test vectors of a bundle as a stream to push: what sdk/bundle/trace.py describes, as far as a replay needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "manifest.h"
#include "safetensors.h"

namespace nowface {

// A value of a signal.
struct Given {
    std::int64_t frame;  // the first to see it
    std::uint32_t signal;
    std::int64_t sample;  // it was captured at, at 16 kHz
    std::vector<float> values;
};

// The file's tensors must outlive it.
struct Vectors {
    const Tensor* pcm;                // floats or shorts
    std::vector<std::size_t> chunks;  // samples of each push: all of pcm
    std::uint32_t sample_rate;
    std::optional<std::uint64_t> seed;
    std::vector<Given> signals;  // in the order of the frames that first see them
};

// Throws Error(NOWFACE_ERROR_BUNDLE).
Vectors read_vectors(const TensorFile& file, const PipelineSpec& pipeline);

}  // namespace nowface
