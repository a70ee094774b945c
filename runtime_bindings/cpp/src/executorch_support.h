// What all files that run ExecuTorch share: the short name of its namespace, and errors that become ours.
#pragma once

#include <string>

#include <executorch/runtime/core/error.h>

#include "error.h"

namespace nowface {

namespace er = executorch::runtime;

// Throws Error(NOWFACE_ERROR_TARGET); `subject` is the stage at fault.
[[noreturn]] inline void fail(const std::string& subject, const std::string& problem) {
    throw Error(NOWFACE_ERROR_TARGET, subject, problem, "export the bundle again or copy it afresh");
}

// The same unless `error` is Ok; `what` is a noun, such as "a step".
inline void expect(er::Error error, const std::string& subject, const char* what) {
    if (error != er::Error::Ok) {
        fail(subject, std::string(what) + " failed with ExecuTorch error " + std::to_string(static_cast<int>(error)));
    }
}

}  // namespace nowface
