// The chance that sampled models draw by: Philox4x64-10, keyed by seed and frame (sdk/runtime/noise.py).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace nowface {

// Writes `count` uniforms in [0, 1) for one frame: 0.5 throughout without a seed. `number` is that of the noise among
// the pipeline's.
void draw_uniforms(std::optional<std::uint64_t> seed, std::uint64_t number, std::uint64_t frame, float* values,
                   std::size_t count);

}  // namespace nowface
