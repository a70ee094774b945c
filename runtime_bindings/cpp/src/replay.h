// Plays the test vectors of a bundle through a session, and keeps what a trace holds.
#pragma once

#include "bundle.h"
#include "safetensors.h"

namespace nowface {

// The trace, without what it says of the device; `precision` NULL for the bundle's default. Throws Error.
TensorFile replay(Bundle& bundle, const char* precision);

}  // namespace nowface
