// Runs stages by the callbacks of an app.
#pragma once

#include "executor.h"
#include "nowface.h"

namespace nowface {

// A runtime of `given`, whose texts are copied. Throws Error(NOWFACE_ERROR_USAGE) if something in it is missing or its
// target is no name of one.
Runtime own_runtime(const nowface_executor& given);

}  // namespace nowface
