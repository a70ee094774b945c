// How the readers of a bundle refuse.
#pragma once

#include <string>

#include "error.h"

namespace nowface {

inline constexpr const char* REEXPORT = "export the bundle again or copy it afresh";

// Throws Error(NOWFACE_ERROR_BUNDLE).
[[noreturn]] inline void refuse(const std::string& subject, const std::string& problem,
                                const std::string& mend = REEXPORT) {
    throw Error(NOWFACE_ERROR_BUNDLE, subject, problem, mend);
}

}  // namespace nowface
