// The manifest of a bundle, as data: what sdk/bundle/manifest.py and sdk/spec.py describe, as far as a session needs
// it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nowface {

using Shape = std::vector<std::int64_t>;

enum class Clock { prepare, hop, frame };

struct TensorSpec {
    std::string name;
    Shape shape;
    std::string unit = "1";
    std::string dtype = "float32";  // or float16, int32, int64, bool
    std::size_t size() const;       // number of elements; the largest size_t if it is beyond that
};

struct InputSpec : TensorSpec {
    std::string source;  // audio.pcm, clock.phase, parameter.NAME, STAGE.OUTPUT, SIGNAL.TENSOR or noise.NAME
};

struct StageSpec {
    std::string name;
    Clock clock = Clock::frame;
    std::vector<InputSpec> inputs;
    std::vector<TensorSpec> outputs;
    std::vector<TensorSpec> state;
};

struct SignalTensor : TensorSpec {
    double low = -65504;
    double high = 65504;
};

struct SignalSpec {
    std::string name;
    std::vector<SignalTensor> tensors;
    std::int64_t hold_samples = 0;

    // Floats of all tensors, which lie one after the other.
    std::size_t width() const {
        std::size_t floats = 0;
        for (const SignalTensor& tensor : tensors) floats += tensor.size();
        return floats;
    }
};

struct PipelineSpec {
    std::int64_t hop = 0;
    std::int64_t rate_numerator = 0;
    std::int64_t rate_denominator = 1;
    std::int64_t lookahead_samples = 0;
    std::vector<TensorSpec> parameters;
    std::vector<SignalSpec> signals;
    std::vector<StageSpec> stages;
    std::string values;  // STAGE.OUTPUT that a frame shows

    const TensorSpec& values_spec() const;
};

struct FileRecord {
    std::string path;
    std::string sha256;
    std::uint64_t bytes = 0;
};

struct TargetRecord {
    std::string target;
    std::string precision;
    std::map<std::string, std::string> artefacts;  // stage -> path
};

struct Manifest {
    std::string model;
    std::string unit;
    PipelineSpec pipeline;
    std::vector<std::string> channels;  // empty when the values are vertices
    std::vector<FileRecord> files;
    std::vector<TargetRecord> targets;
    std::string parameters;  // path
    std::string vectors;     // path, empty when there are none
};

// Parses and checks a manifest of format version 1, all of it: unknown keys, missing keys, wrong types, ranges, names,
// duplicate keys, depth, sizes, paths, sources, shapes and clocks, as the Python reader does.
// `subject` names it in messages. Throws Error(NOWFACE_ERROR_BUNDLE).
Manifest parse_manifest(std::string_view text, const std::string& subject);

}  // namespace nowface
