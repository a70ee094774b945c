#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "manifest_checks.h"
#include "refuse.h"
#include "text.h"

namespace nowface {
namespace {

// What a source gives.
struct Made {
    Clock clock;
    Shape shape;
};

// Without the first dimension.
Shape row(const Shape& shape) { return shape.empty() ? Shape() : Shape(shape.begin() + 1, shape.end()); }

void check_stage(const StageSpec& stage, const std::string& subject) {
    std::set<std::string> names;
    const auto add = [&](const std::string& name) {
        if (!names.insert(name).second) refuse(subject, "stage " + stage.name + ": tensor name used twice: " + name);
    };
    for (const InputSpec& tensor : stage.inputs) add(tensor.name);
    for (const TensorSpec& tensor : stage.outputs) add(tensor.name);
    for (const TensorSpec& tensor : stage.state) {
        add(tensor.name);
        add("next_" + tensor.name);  // among the results of the lowered program
    }
    if (stage.clock == Clock::prepare && !stage.state.empty())
        refuse(subject, "stage " + stage.name + ": a prepare stage has no state");
}

void check_names(const PipelineSpec& pipeline, const std::string& subject) {
    std::set<std::string> names = {"audio", "clock", "parameter", "noise"};  // first words of sources
    const auto add = [&](const std::string& name) {
        if (!names.insert(name).second)
            refuse(subject, "name of a stage or signal that is used twice or taken: " + name);
    };
    for (const StageSpec& stage : pipeline.stages) add(stage.name);
    for (const SignalSpec& signal : pipeline.signals) {
        add(signal.name);
        std::set<std::string> tensors;
        for (const SignalTensor& tensor : signal.tensors)
            if (!tensors.insert(tensor.name).second)
                refuse(subject, "signal " + signal.name + ": a tensor's name stands twice: " + tensor.name);
    }
}

void check_input(const StageSpec& stage, const InputSpec& input, std::map<std::string, Made>& made,
                 const std::string& subject) {
    const std::string where = stage.name + "." + input.name + ": ";
    if (starts_with(input.source, "noise.")) {
        if (stage.clock != Clock::frame) refuse(subject, where + "noise is drawn on the frame clock only");
        made.emplace(input.source, Made{Clock::frame, input.shape});  // the first that draws says its shape
    }
    const auto found = made.find(input.source);
    if (found == made.end()) refuse(subject, where + "no earlier stage makes " + shown(input.source));
    const auto& [clock, shape] = found->second;
    if (clock > stage.clock) refuse(subject, where + shown(input.source) + " is not ready on that clock");
    const bool windowed = clock == Clock::hop && stage.clock == Clock::frame && row(input.shape) == row(shape);
    if (input.shape != shape && !windowed)
        refuse(subject, where + "shape " + shape_text(input.shape) + " is not " + shape_text(shape));
}

void check_sources(const PipelineSpec& pipeline, const std::string& subject) {
    std::map<std::string, Made> made = {
        {"audio.pcm", {Clock::hop, {1, pipeline.hop}}},
        {"clock.phase", {Clock::frame, {1, 1}}},
    };
    for (const TensorSpec& tensor : pipeline.parameters)
        made.insert_or_assign("parameter." + tensor.name, Made{Clock::prepare, tensor.shape});
    for (const SignalSpec& signal : pipeline.signals)
        for (const SignalTensor& tensor : signal.tensors)
            made.emplace(signal.name + "." + tensor.name, Made{Clock::frame, tensor.shape});
    bool shown_by_frame = false;
    for (const StageSpec& stage : pipeline.stages) {
        for (const InputSpec& input : stage.inputs) check_input(stage, input, made, subject);
        for (const TensorSpec& tensor : stage.outputs) {
            const std::string source = stage.name + "." + tensor.name;
            made.emplace(source, Made{stage.clock, tensor.shape});
            shown_by_frame = shown_by_frame || (stage.clock == Clock::frame && source == pipeline.values);
        }
    }
    if (!shown_by_frame) refuse(subject, "values: " + shown(pipeline.values) + " is not the output of a frame stage");
}

}  // namespace

void check_pipeline(const PipelineSpec& pipeline, const std::string& subject) {
    for (const StageSpec& stage : pipeline.stages) check_stage(stage, subject);
    check_names(pipeline, subject);  // from here on, a source is made in one place only
    check_sources(pipeline, subject);
}

std::string shape_text(const Shape& shape) {
    std::string text = "(";
    for (std::size_t index = 0; index < shape.size(); ++index)
        text += (index == 0 ? "" : ", ") + std::to_string(shape[index]);
    return shown(text + (shape.size() == 1 ? ",)" : ")"));
}

}  // namespace nowface
