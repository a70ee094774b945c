#include "manifest_checks.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "refuse.h"
#include "text.h"

namespace nowface {
namespace {

// Of one tensor, 1 GiB of float32: a manifest cannot make a session allocate more for one name.
constexpr std::size_t MAX_TENSOR_ELEMENTS = std::size_t{1} << 28;

template <typename Tensor>
void check_sizes(const std::string& owner, const std::vector<Tensor>& tensors, const std::string& subject) {
    for (const Tensor& tensor : tensors)
        if (tensor.size() > MAX_TENSOR_ELEMENTS)
            refuse(subject, owner + "." + tensor.name + ": shape " + shape_text(tensor.shape) + " is larger than " +
                                std::to_string(MAX_TENSOR_ELEMENTS) + " elements");
}

void check_all_sizes(const PipelineSpec& pipeline, const std::string& subject) {
    check_sizes("parameter", pipeline.parameters, subject);
    for (const SignalSpec& signal : pipeline.signals) check_sizes(signal.name, signal.tensors, subject);
    for (const StageSpec& stage : pipeline.stages) {
        check_sizes(stage.name, stage.inputs, subject);
        check_sizes(stage.name, stage.state, subject);
        check_sizes(stage.name, stage.outputs, subject);
    }
}

void check_rig(const Manifest& manifest, const std::string& subject) {
    const TensorSpec& values = manifest.pipeline.values_spec();
    const std::vector<std::string>& channels = manifest.channels;
    if (channels.empty()) {
        if (values.shape.size() != 2 || values.shape[1] != 3)
            refuse(subject,
                   "pipeline: values of shape " + shape_text(values.shape) + " are neither named nor vertices (V, 3)");
        return;
    }
    if (std::set<std::string>(channels.begin(), channels.end()).size() != channels.size())
        refuse(subject, "channels: a name stands twice");
    if (values.size() != channels.size())
        refuse(subject, "channels: " + std::to_string(channels.size()) + " names for " + std::to_string(values.size()) +
                            " values");
}

using Paths = std::set<std::string>;

// `path` is listed, or is a folder of listed files.
bool is_listed(const std::string& path, const Paths& listed) {
    if (listed.count(path) != 0) return true;
    const auto next = listed.lower_bound(path + "/");
    return next != listed.end() && starts_with(*next, path + "/");
}

void check_targets(const Manifest& manifest, const Paths& listed, const std::string& subject) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const TargetRecord& record : manifest.targets) {
        const std::string where = "targets: " + record.target + " " + record.precision;
        if (!seen.emplace(record.target, record.precision).second) refuse(subject, where + " is listed twice");
        const std::vector<StageSpec>& stages = manifest.pipeline.stages;
        const bool each = std::all_of(stages.begin(), stages.end(),
                                      [&](const StageSpec& stage) { return record.artefacts.count(stage.name) != 0; });
        if (!each || record.artefacts.size() != stages.size()) refuse(subject, where + " has not one artefact a stage");
        for (const auto& artefact : record.artefacts)
            if (!is_listed(artefact.second, listed))
                refuse(subject, "targets: " + shown(artefact.second) + " is not among the files");
    }
}

}  // namespace

void check_manifest(const Manifest& manifest, const std::vector<std::string>& named_files, const std::string& subject) {
    Paths listed;
    for (const FileRecord& file : manifest.files) listed.insert(file.path);
    for (const std::string& path : named_files)
        if (listed.count(path) == 0) refuse(subject, shown(path) + " is not among the files");
    check_targets(manifest, listed, subject);
    check_rig(manifest, subject);
    check_all_sizes(manifest.pipeline, subject);
}

void check_collisions(const std::vector<FileRecord>& files, const std::string& subject) {
    std::map<std::string, std::string_view> spelling;  // of each folder
    std::set<std::string> paths = {"manifest.json"};
    for (const FileRecord& file : files) {
        if (!paths.insert(lower(file.path)).second)
            refuse(subject, "'" + shown(file.path) + "' is listed twice, or differs only in case");
        const std::string_view path = file.path;
        for (std::size_t end = path.find('/'); end != std::string_view::npos; end = path.find('/', end + 1)) {
            const std::string_view folder = path.substr(0, end);
            const std::string_view first = spelling.emplace(lower(folder), folder).first->second;
            if (first != folder)
                refuse(subject, "folders '" + shown(first) + "' and '" + shown(folder) + "' differ only in case");
        }
    }
    for (const auto& [folded, folder] : spelling)
        if (paths.count(folded) != 0) refuse(subject, "'" + shown(folder) + "' is both a file and a folder");
}

}  // namespace nowface
