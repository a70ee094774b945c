// What runs the stages of one session: one interface for every runtime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "manifest.h"

namespace nowface {

class Executor {
  public:
    virtual ~Executor() = default;

    // Runs one step of the pipeline's stage number `stage`: inputs then state by position, to outputs then next state.
    // Every pointer is to as many floats as the spec says; results do not overlap arguments. After a stage's first run
    // it does not allocate. Throws Error(NOWFACE_ERROR_TARGET).
    virtual void run(std::size_t stage, const float* const* arguments, float* const* results) = 0;
};

// The checked files of one target and precision, shared by the sessions of a bundle.
class Model {
  public:
    virtual ~Model() = default;

    // Loads the stages for one session. Thread-safe. Throws Error(NOWFACE_ERROR_TARGET).
    virtual std::unique_ptr<Executor> load() const = 0;
};

// Stage name -> bytes of its program.
using Programs = std::map<std::string, std::vector<std::uint8_t>>;

// The runtime that this library is built with.
const char* runtime_target();   // name of its target in manifests
const char* runtime_version();  // such as "executorch 1.4.1"
std::unique_ptr<Model> make_model(const PipelineSpec& pipeline, Programs programs, const std::string& subject);

}  // namespace nowface
