// A stage of the pipeline as a program that ExecuTorch runs.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "executorch_support.h"
#include "loaded_method.h"
#include "manifest.h"

namespace nowface {

class StageProgram {
  public:
    // The program must outlive it. Throws Error(NOWFACE_ERROR_TARGET) if its tensors are not those of the stage.
    StageProgram(const StageSpec& stage, const er::Program& program, std::string subject);
    ~StageProgram();

    // One step, see Executor::run.
    void run(const float* const* arguments, float* const* results);

  private:
    struct Argument;

    static void add(const TensorSpec& spec, std::vector<std::unique_ptr<Argument>>& to);
    void check(const er::Result<er::TensorInfo>& info, std::size_t count) const;

    std::string subject_;
    LoadedMethod loaded_;
    std::vector<std::unique_ptr<Argument>> arguments_;
    std::vector<std::size_t> results_;
};

}  // namespace nowface
