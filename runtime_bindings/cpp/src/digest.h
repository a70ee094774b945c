// Two numbers that follow a state tensor (sdk/bundle/digest.py).
#pragma once

#include <cstddef>

namespace nowface {

struct Digest {
    float root_mean_square;
    float projection;
};

Digest digest(const float* values, std::size_t count);

}  // namespace nowface
