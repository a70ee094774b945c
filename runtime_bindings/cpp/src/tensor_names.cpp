#include "tensor_names.h"

#include "loaded_method.h"

namespace nowface {
namespace {

constexpr const char* names_method = "tensor_names";  // constant method that names a program's tensors

// "encoder: pcm left -> features next_left", as the exporter writes it into the program.
std::string tensor_names(const StageSpec& stage) {
    std::string names = stage.name + ":";
    for (const TensorSpec& spec : stage.inputs) names += " " + spec.name;
    for (const TensorSpec& spec : stage.state) names += " " + spec.name;
    names += " ->";
    for (const TensorSpec& spec : stage.outputs) names += " " + spec.name;
    for (const TensorSpec& spec : stage.state) names += " next_" + spec.name;
    return names;
}

}  // namespace

void check_names(const er::Program& program, const StageSpec& stage, const std::string& subject) {
    LoadedMethod names(program, names_method, subject);
    names.execute(subject);
    if (names.method().outputs_size() != 1 || !names.method().get_output(0).isString()) {
        fail(subject, "does not name its tensors");
    }
    const auto said = names.method().get_output(0).toString();
    const std::string wanted = tensor_names(stage);
    if (std::string(said.data(), said.size()) != wanted) fail(subject, "does not hold '" + wanted + "'");
}

}  // namespace nowface
