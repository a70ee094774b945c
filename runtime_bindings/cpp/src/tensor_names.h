// Whether a program is the stage that the manifest says: it names its tensors itself.
#pragma once

#include <string>

#include <executorch/runtime/executor/program.h>

#include "executorch_support.h"
#include "manifest.h"

namespace nowface {

// Throws Error(NOWFACE_ERROR_TARGET) if the tensors that the program names are not those of the stage, in their order.
void check_names(const er::Program& program, const StageSpec& stage, const std::string& subject);

}  // namespace nowface
