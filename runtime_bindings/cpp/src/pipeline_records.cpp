// Tensors, stages, signals and the pipeline: the records of sdk/spec.py.
#include <algorithm>
#include <array>

#include "manifest_records.h"
#include "text.h"

namespace nowface {
namespace {

constexpr std::int64_t SAMPLE_RATE = 16000, MAX_DIMENSION = std::int64_t{1} << 31, MAX_RATE = 1000000;

Clock parse_clock(const Field& field) {
    const std::string& text = field.text();
    if (text == "prepare") return Clock::prepare;
    if (text == "hop") return Clock::hop;
    if (text == "frame") return Clock::frame;
    field.wrong("'" + shown(text) + "' is not a clock");
}

bool is_element_type(std::string_view text) {
    static constexpr std::array<std::string_view, 5> types = {"float32", "float16", "int32", "int64", "bool"};
    return std::find(types.begin(), types.end(), text) != types.end();
}

void read_tensor(const Field& field, TensorSpec& tensor) {
    tensor.name = field.at("name").name();
    for (const Field& dimension : field.at("shape").items())
        tensor.shape.push_back(dimension.integer(1, MAX_DIMENSION));
    if (const auto type = field.find("dtype")) tensor.dtype = type->text(is_element_type, "an element type");
    if (const auto unit = field.find("unit")) tensor.unit = unit->text();
}

TensorSpec parse_tensor(const Field& field) {
    field.closed({"name", "shape"}, {"dtype", "unit"});
    TensorSpec tensor;
    read_tensor(field, tensor);
    return tensor;
}

InputSpec parse_input(const Field& field) {
    field.closed({"name", "shape", "source"}, {"dtype", "unit"});
    InputSpec input;
    read_tensor(field, input);
    input.source = field.at("source").text(is_source, "a source");
    return input;
}

SignalTensor parse_signal_tensor(const Field& field) {
    field.closed({"name", "shape"}, {"dtype", "unit", "low", "high"});
    SignalTensor tensor;
    read_tensor(field, tensor);
    if (const auto low = field.find("low")) tensor.low = low->number();
    if (const auto high = field.find("high")) tensor.high = high->number();
    // A session takes zeros for "nothing known".
    if (tensor.low > 0 || tensor.high < 0 || !(tensor.low < tensor.high))
        field.wrong("its low and high are no range with 0");
    return tensor;
}

template <typename Record>
std::vector<Record> parse_all(const Field& array, Record (*parse)(const Field&)) {
    std::vector<Record> records;
    for (const Field& item : array.items()) records.push_back(parse(item));
    return records;
}

StageSpec parse_stage(const Field& field) {
    field.closed({"name", "clock", "inputs", "outputs"}, {"state"});
    StageSpec stage;
    stage.name = field.at("name").name();
    stage.clock = parse_clock(field.at("clock"));
    stage.inputs = parse_all(field.at("inputs"), parse_input);
    stage.outputs = parse_all(field.at("outputs"), parse_tensor);
    if (const auto state = field.find("state")) stage.state = parse_all(*state, parse_tensor);
    return stage;
}

SignalSpec parse_signal(const Field& field) {
    field.closed({"name", "tensors", "hold_samples"});
    SignalSpec signal;
    signal.name = field.at("name").name();
    signal.tensors = parse_all(field.at("tensors"), parse_signal_tensor);
    if (signal.tensors.empty()) field.wrong("has no tensors");
    signal.hold_samples = field.at("hold_samples").integer(0, 10 * SAMPLE_RATE);
    return signal;
}

}  // namespace

PipelineSpec parse_pipeline(const Field& field) {
    field.closed({"hop", "frame_rate", "stages", "values"}, {"lookahead_samples", "parameters", "signals"});
    PipelineSpec pipeline;
    pipeline.hop = field.at("hop").integer(1, SAMPLE_RATE);
    const Field rate = field.at("frame_rate");
    rate.closed({"num"}, {"den"});
    pipeline.rate_numerator = rate.at("num").integer(1, MAX_RATE);
    if (const auto denominator = rate.find("den")) pipeline.rate_denominator = denominator->integer(1, MAX_RATE);
    if (const auto lookahead = field.find("lookahead_samples"))
        pipeline.lookahead_samples = lookahead->integer(0, 10 * SAMPLE_RATE);
    if (const auto parameters = field.find("parameters")) pipeline.parameters = parse_all(*parameters, parse_tensor);
    if (const auto signals = field.find("signals")) pipeline.signals = parse_all(*signals, parse_signal);
    pipeline.stages = parse_all(field.at("stages"), parse_stage);
    pipeline.values = field.at("values").text(is_source, "a source");
    return pipeline;
}

}  // namespace nowface
