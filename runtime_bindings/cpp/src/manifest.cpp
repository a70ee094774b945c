#include "manifest.h"

#include <limits>

#include "field.h"
#include "manifest_checks.h"
#include "manifest_records.h"
#include "refuse.h"

namespace nowface {
namespace {

constexpr std::int64_t FORMAT_VERSION = 1;
constexpr std::size_t MAX_UNIT = 40, MAX_CHANNEL = 120;

void check_version(const Json& json, const std::string& subject) {
    const auto& object = *json.get_ptr<const Json::object_t*>();
    const auto found = object.find("format_version");
    if (found == object.end()) return;  // told with the other missing keys
    const auto* version = found->second.get_ptr<const std::int64_t*>();
    if (version == nullptr || *version != FORMAT_VERSION)
        refuse(subject, "its format version is not " + std::to_string(FORMAT_VERSION),
               "export with this SDK's version or update the SDK");
}

std::vector<std::string> parse_channels(const Field& field) {
    std::vector<std::string> channels;
    for (const Field& item : field.items()) {
        channels.push_back(item.text(MAX_CHANNEL));
        if (channels.back().empty()) item.wrong("is empty");
    }
    return channels;
}

}  // namespace

std::size_t TensorSpec::size() const {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    std::size_t product = 1;
    for (const std::int64_t dimension : shape) {
        const auto count = static_cast<std::uint64_t>(dimension);
        if (count != 0 && product > most / count) return most;
        product = static_cast<std::size_t>(product * count);
    }
    return product;
}

const TensorSpec& PipelineSpec::values_spec() const {
    for (const StageSpec& stage : stages)
        for (const TensorSpec& tensor : stage.outputs)
            if (stage.name + "." + tensor.name == values) return tensor;
    throw Error(NOWFACE_ERROR_INTERNAL, "values", "no stage makes them", "parse the manifest first");
}

Manifest parse_manifest(std::string_view text, const std::string& subject) {
    const Json json = parse_object(text, subject);
    check_version(json, subject);
    const Field root(json, "", subject);
    root.closed({"format_version", "model", "pipeline", "unit", "files", "targets", "parameters"},
                {"channels", "basis", "vectors"});
    Manifest manifest;
    check_model(root.at("model"));
    manifest.model = root.at("model").at("name").name();
    manifest.pipeline = parse_pipeline(root.at("pipeline"));
    manifest.unit = root.at("unit").text(MAX_UNIT);
    if (const auto channels = root.find("channels")) manifest.channels = parse_channels(*channels);
    for (const Field& file : root.at("files").items()) manifest.files.push_back(parse_file(file));
    for (const Field& target : root.at("targets").items()) manifest.targets.push_back(parse_target(target));
    manifest.parameters = root.at("parameters").path();
    std::vector<std::string> named_files = {manifest.parameters};
    if (const auto basis = root.given("basis")) named_files.push_back(basis->path());
    if (const auto vectors = root.given("vectors")) named_files.push_back(manifest.vectors = vectors->path());
    check_pipeline(manifest.pipeline, subject);
    check_manifest(manifest, named_files, subject);
    check_collisions(manifest.files, subject);
    return manifest;
}

}  // namespace nowface
