// What runs the stages of one session: one interface for every runtime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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

// The program of a stage in a bundle whose files were checked.
struct Artefact {
    std::string path;  // UTF-8, of a file or a folder
    // The bytes of a file, checked as they are read. Throws Error(NOWFACE_ERROR_TARGET) for a folder.
    std::function<std::vector<std::uint8_t>()> read;
};

using Artefacts = std::map<std::string, Artefact>;  // by stage

// Which of a bundle's targets runs, and by what.
struct Runtime {
    std::string target;  // its name in manifests
    std::string name;    // of the runtime, with its version, such as "executorch 1.4.1"
    // The artefacts have one entry a stage and end with the call; `subject` begins what is told of them. Throws Error.
    std::function<std::unique_ptr<Model>(const PipelineSpec& pipeline, const Artefacts& artefacts,
                                         const std::string& subject)>
        make_model;
};

// The one that this library is built with.
const Runtime& builtin_runtime();

}  // namespace nowface
