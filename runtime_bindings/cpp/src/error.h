// The one exception of the core: a status of nowface.h and a line that names the subject, the problem and the mend.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "nowface.h"

namespace nowface {

class Error : public std::runtime_error {
  public:
    // `subject` is the file or argument at fault, `problem` what is wrong with it, `mend` what the user can do.
    Error(std::int32_t status, const std::string& subject, const std::string& problem, const std::string& mend)
        : std::runtime_error(subject + ": " + problem + "; " + mend),
          status_(status),
          subject_(subject),
          problem_(problem) {}

    std::int32_t status() const noexcept { return status_; }
    const std::string& subject() const noexcept { return subject_; }
    const std::string& problem() const noexcept { return problem_; }

  private:
    std::int32_t status_;
    std::string subject_, problem_;
};

}  // namespace nowface
