#include "vectors.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

#include "refuse.h"
#include "resampler.h"
#include "sample_clock.h"

namespace nowface {
namespace {

constexpr const char* SUBJECT = "vectors";
constexpr std::int64_t MOST_SAMPLE = std::int64_t{1} << 45;  // as of a snapshot: no product of the clock overflows

const Tensor& find(const TensorFile& file, const std::string& name, ElementType type) {
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end() || found->second.type != type)
        refuse(SUBJECT, "have no tensor " + name + " of the right type");
    return found->second;
}

// A number in the file's metadata; nothing if it is left out.
template <typename Number>
std::optional<Number> find_number(const TensorFile& file, const char* key) {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end()) return std::nullopt;
    const std::string& text = found->second;
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) refuse(SUBJECT, std::string(key) + " is not a number");
    return number;
}

std::uint32_t read_rate(const TensorFile& file) {
    const auto rate = find_number<std::uint32_t>(file, "sample_rate");
    if (!rate || *rate < lowest_rate || *rate > highest_rate) refuse(SUBJECT, "have no sample rate that can be played");
    return *rate;
}

const Tensor& read_pcm(const TensorFile& file) {
    const auto found = file.tensors.find("pcm");
    if (found == file.tensors.end() || found->second.type == ElementType::i64) refuse(SUBJECT, "have no samples in pcm");
    return found->second;
}

std::vector<std::size_t> read_chunks(const TensorFile& file, std::size_t samples) {
    const Tensor& tensor = find(file, "chunks", ElementType::i64);
    std::vector<std::size_t> chunks;
    for (std::size_t i = 0; i < tensor.elements(); ++i) {
        const std::int64_t chunk = tensor.longs()[i];
        if (chunk < 0 || static_cast<std::uint64_t>(chunk) > samples) refuse(SUBJECT, "its chunks are not its samples");
        chunks.push_back(static_cast<std::size_t>(chunk));
        samples -= chunks.back();
    }
    if (samples != 0) refuse(SUBJECT, "its chunks are not its samples");
    return chunks;
}

// The rows of one signal.
class SignalRows {
  public:
    SignalRows(const TensorFile& file, const SignalSpec& spec)
        : spec_(spec), name_("signal." + spec.name), samples_(find(file, name_, ElementType::i64)) {
        if (file.tensors.count("seen_from." + spec.name) > 0) {
            seen_from_ = &find(file, "seen_from." + spec.name, ElementType::i64);
            expect(seen_from_->elements() == size());
        }
        for (const SignalTensor& tensor : spec.tensors) {
            parts_.push_back(&find(file, name_ + "." + tensor.name, ElementType::f32));
            expect(parts_.back()->elements() == size() * tensor.size());
        }
    }

    std::size_t size() const { return samples_.elements(); }

    Given read(std::size_t row, std::uint32_t signal, const SampleClock& clock) const {
        const std::int64_t sample = samples_.longs()[row];
        if (sample < 0 || sample > MOST_SAMPLE) refuse(SUBJECT, name_ + " holds a number that is no sample's");
        Given given{clock.frames_ready(sample - 1), signal, sample, {}};
        if (seen_from_ != nullptr) given.frame = seen_from_->longs()[row];
        for (std::size_t part = 0; part < parts_.size(); ++part) {
            const std::size_t width = spec_.tensors[part].size();
            const float* begin = parts_[part]->floats() + row * width;
            given.values.insert(given.values.end(), begin, begin + width);
        }
        return given;
    }

  private:
    void expect(bool fits) const {
        if (!fits) refuse(SUBJECT, name_ + " has another number of rows");
    }

    const SignalSpec& spec_;
    std::string name_;
    const Tensor& samples_;
    const Tensor* seen_from_ = nullptr;
    std::vector<const Tensor*> parts_;
};

std::vector<Given> read_signals(const TensorFile& file, const PipelineSpec& pipeline) {
    const SampleClock clock = SampleClock::of(pipeline);
    std::vector<Given> all;
    for (std::uint32_t number = 0; number < pipeline.signals.size(); ++number) {
        const SignalSpec& spec = pipeline.signals[number];
        if (file.tensors.count("signal." + spec.name) == 0) continue;
        const SignalRows rows(file, spec);
        for (std::size_t row = 0; row < rows.size(); ++row) all.push_back(rows.read(row, number, clock));
    }
    std::stable_sort(all.begin(), all.end(), [](const Given& a, const Given& b) { return a.frame < b.frame; });
    return all;
}

}  // namespace

Vectors read_vectors(const TensorFile& file, const PipelineSpec& pipeline) {
    const Tensor& pcm = read_pcm(file);
    return {&pcm, read_chunks(file, pcm.elements()), read_rate(file), find_number<std::uint64_t>(file, "seed"),
            read_signals(file, pipeline)};
}

}  // namespace nowface
