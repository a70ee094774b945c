// An opened bundle: its manifest, its checked files, and the models loaded from them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "executor.h"
#include "safetensors.h"
#include "session.h"
#include "tensor_list.h"

namespace nowface {

class Bundle {
  public:
    // Throws Error(NOWFACE_ERROR_BUNDLE).
    Bundle(std::string folder, bool hashes, Runtime runtime);

    const Manifest& manifest() const { return manifest_; }
    const Runtime& runtime() const { return runtime_; }

    // Precisions of the runtime's target, in the manifest's order.
    const std::vector<std::string>& precisions() const { return precisions_; }

    // The model of a precision, the first without a name; loaded once. Throws Error.
    std::shared_ptr<const Loaded> load(const char* precision);

    // The bundle's own value of each parameter.
    const std::map<std::string, Floats>& parameters() const { return parameters_; }

    // The test vectors. Throws Error(NOWFACE_ERROR_BUNDLE) if there are none or they cannot be read.
    TensorFile vectors() const;

    // Names of the frame stages' outputs and of the state tensors, and how many floats each has.
    struct Named {
        std::string name;
        std::size_t count;
    };
    const std::vector<Named>& outputs() const { return outputs_; }
    const std::vector<Named>& state() const { return state_; }
    // Tensors of each signal.
    const std::vector<TensorList>& signals() const { return signals_; }

  private:
    std::vector<std::uint8_t> read(const std::string& path) const;
    Artefacts artefacts(const TargetRecord& record) const;

    std::string folder_;
    bool hashes_;
    Runtime runtime_;
    Manifest manifest_;
    std::vector<std::string> precisions_;
    std::vector<Named> outputs_, state_;
    std::vector<TensorList> signals_;
    std::map<std::string, Floats> parameters_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const Loaded>> loaded_;
};

}  // namespace nowface
