#include "bundle.h"

#include <algorithm>
#include <utility>

#include "error.h"
#include "folder.h"

namespace nowface {
namespace {

void expect_floats(const std::string& stage, const TensorSpec& tensor) {
    if (tensor.dtype == "float32") return;
    throw Error(NOWFACE_ERROR_TARGET, stage + "." + tensor.name, "is of type " + tensor.dtype,
                "this library runs float32 tensors only: export the bundle again");
}

}  // namespace

Bundle::Bundle(std::string folder, bool hashes, Runtime runtime)
    : folder_(std::move(folder)), hashes_(hashes), runtime_(std::move(runtime)), manifest_(read_manifest(folder_)) {
    check_files(folder_, manifest_, hashes_);
    const PipelineSpec& pipeline = manifest_.pipeline;
    const std::string subject = folder_ + "/" + manifest_.parameters;
    for (auto& [name, tensor] : parse_specified(read(manifest_.parameters), pipeline.parameters, subject)) {
        parameters_[name] = Floats(tensor.floats(), tensor.floats() + tensor.elements());
    }
    for (const TargetRecord& record : manifest_.targets) {
        if (record.target == runtime_.target) precisions_.push_back(record.precision);
    }
    for (const StageSpec& stage : pipeline.stages) {
        for (const TensorSpec& input : stage.inputs) expect_floats(stage.name, input);
        for (const TensorSpec& leaf : stage.state) expect_floats(stage.name, leaf);
        for (const TensorSpec& output : stage.outputs) expect_floats(stage.name, output);
        for (const TensorSpec& leaf : stage.state) state_.push_back({stage.name + "." + leaf.name, leaf.size()});
        if (stage.clock != Clock::frame) continue;
        for (const TensorSpec& output : stage.outputs) outputs_.push_back({stage.name + "." + output.name, output.size()});
    }
    for (const SignalSpec& signal : pipeline.signals) signals_.emplace_back(signal.tensors);
}

std::vector<std::uint8_t> Bundle::read(const std::string& path) const {
    const auto file = std::find_if(manifest_.files.begin(), manifest_.files.end(),
                                   [&](const FileRecord& listed) { return listed.path == path; });
    if (file == manifest_.files.end()) {
        throw Error(NOWFACE_ERROR_TARGET, folder_ + "/" + path, "is a folder, not a program",
                    "export the bundle for the target " + runtime_.target);
    }
    return read_checked(folder_, *file, hashes_);
}

TensorFile Bundle::vectors() const {
    if (manifest_.vectors.empty()) {
        throw Error(NOWFACE_ERROR_BUNDLE, folder_, "has no test vectors", "export it again with vectors");
    }
    return parse_tensors(read(manifest_.vectors), folder_ + "/" + manifest_.vectors);
}

Artefacts Bundle::artefacts(const TargetRecord& record) const {
    Artefacts made;
    for (const auto& [stage, path] : record.artefacts) {
        made[stage] = {folder_ + "/" + path, [this, path = path] { return read(path); }};
    }
    return made;
}

std::shared_ptr<const Loaded> Bundle::load(const char* precision) {
    if (precisions_.empty()) {
        throw Error(NOWFACE_ERROR_TARGET, folder_, "has no target " + runtime_.target,
                    "export it with --target " + runtime_.target);
    }
    const std::string wanted = precision == nullptr ? precisions_.front() : precision;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const auto known = loaded_.find(wanted); known != loaded_.end()) return known->second;
    for (const TargetRecord& record : manifest_.targets) {
        if (record.target != runtime_.target || record.precision != wanted) continue;
        auto loaded = std::make_shared<Loaded>();
        loaded->manifest = manifest_;
        loaded->parameters = parameters_;
        loaded->model = runtime_.make_model(loaded->manifest.pipeline, artefacts(record), folder_ + " " + wanted);
        loaded_[wanted] = loaded;
        return loaded;
    }
    std::string names;
    for (const std::string& name : precisions_) names += (names.empty() ? "" : ", ") + name;
    throw Error(NOWFACE_ERROR_TARGET, folder_, "has no " + runtime_.target + " in " + wanted,
                "it has " + names);
}

}  // namespace nowface
