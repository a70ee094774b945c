#include "replay.h"

#include <algorithm>
#include <string>
#include <utility>

#include "digest.h"
#include "vectors.h"

namespace nowface {
namespace {

constexpr std::size_t frame_capacity = 64;
constexpr std::int64_t health_interval = 30;

Tensor tensor(ElementType type, Shape shape, const void* data, std::size_t bytes) {
    const auto* begin = static_cast<const std::uint8_t*>(data);
    return {type, std::move(shape), {begin, begin + bytes}};
}

Tensor longs(const std::vector<std::int64_t>& values) {
    return tensor(ElementType::i64, {static_cast<std::int64_t>(values.size())}, values.data(), values.size() * 8);
}

Tensor floats(Shape shape, const Floats& values) {
    return tensor(ElementType::f32, std::move(shape), values.data(), values.size() * sizeof(float));
}

SessionOptions options_for(const Vectors& vectors) {
    // The queue holds the longest push whole, and two seconds: a replay must never drop audio.
    std::size_t longest = 0;
    for (const std::size_t chunk : vectors.chunks) longest = std::max(longest, chunk);
    const std::int64_t at_16_khz = static_cast<std::int64_t>(longest) * sample_rate / vectors.sample_rate;
    return {false, frame_capacity, {vectors.sample_rate, at_16_khz + 2 * sample_rate, health_interval, vectors.seed}};
}

class Replay {
  public:
    Replay(const Vectors& vectors, const std::shared_ptr<const Loaded>& loaded)
        : vectors_(vectors),
          session_(loaded, loaded->parameters, options_for(vectors)),
          values_(session_.value_count()),
          outputs_(session_.graph().frame_outputs().size()) {}

    void play() {
        std::size_t at = 0;
        give(0);
        for (const std::size_t chunk : vectors_.chunks) {
            if (vectors_.pcm->type == ElementType::i16)
                session_.push(vectors_.pcm->shorts() + at, chunk);
            else
                session_.push(vectors_.pcm->floats() + at, chunk);
            at += chunk;
            drain();
        }
        while (given_ < vectors_.signals.size()) push_signal();  // a flushed session takes none
        session_.flush();
        drain();
    }

    void write(TensorFile& trace) {
        const auto frames = static_cast<std::int64_t>(index_.size());
        const std::vector<std::string>& states = session_.graph().state_names();
        trace.tensors["index"] = longs(index_);
        trace.tensors["due_sample"] = longs(due_);
        trace.tensors["seconds"] = floats({frames}, seconds_);
        trace.tensors["digests"] = floats({frames, static_cast<std::int64_t>(states.size()), 2}, digests_);
        auto output = outputs_.begin();
        for (const StageSpec& stage : session_.pipeline().stages) {
            if (stage.clock != Clock::frame) continue;
            for (const TensorSpec& spec : stage.outputs) {
                Shape shape = spec.shape;
                shape.insert(shape.begin(), frames);
                trace.tensors["output." + stage.name + "." + spec.name] = floats(shape, *output++);
            }
        }
        std::string& names = trace.metadata["digest_names"];
        for (const std::string& name : states) names += (names.empty() ? "" : ",") + name;
        trace.metadata["restarts"] = std::to_string(session_.report().restarts);
    }

  private:
    void push_signal() {
        const Given& given = vectors_.signals[given_++];
        session_.push_signal(given.signal, given.values.data(), given.values.size(), given.sample);
    }

    // Pushes what a frame is the first to see: frames before it must miss what came late.
    void give(std::int64_t frame) {
        while (given_ < vectors_.signals.size() && vectors_.signals[given_].frame <= frame) push_signal();
    }

    void drain() {
        FrameHead head{};
        while (session_.poll(head, values_.data())) {
            index_.push_back(head.index);
            due_.push_back(head.due_sample);
            seconds_.push_back(head.seconds);
            const std::vector<const Floats*>& newest = session_.graph().frame_outputs();
            for (std::size_t i = 0; i < newest.size(); ++i)
                outputs_[i].insert(outputs_[i].end(), newest[i]->begin(), newest[i]->end());
            for (const Floats* leaf : session_.graph().state_tensors()) {
                const Digest made = digest(leaf->data(), leaf->size());
                digests_.insert(digests_.end(), {made.root_mean_square, made.projection});
            }
            give(head.index + 1);
        }
    }

    const Vectors& vectors_;
    std::size_t given_ = 0;
    Session session_;
    Floats values_, seconds_, digests_;
    std::vector<Floats> outputs_;
    std::vector<std::int64_t> index_, due_;
};

// What was pushed is the trace's too; what the reference said is not.
TensorFile heard(TensorFile vectors) {
    TensorFile made;
    for (auto& [name, value] : vectors.tensors) {
        const bool pushed = name == "pcm" || name == "chunks" || name.rfind("signal.", 0) == 0 ||
                            name.rfind("seen_from.", 0) == 0;
        if (pushed) made.tensors[name] = std::move(value);
    }
    for (const char* key : {"format", "sample_rate", "seed"}) {
        const auto found = vectors.metadata.find(key);
        if (found != vectors.metadata.end()) made.metadata[key] = found->second;
    }
    return made;
}

}  // namespace

TensorFile replay(Bundle& bundle, const char* precision) {
    TensorFile trace = heard(bundle.vectors());
    const Vectors vectors = read_vectors(trace, bundle.manifest().pipeline);
    Replay run(vectors, bundle.load(precision));
    run.play();
    run.write(trace);
    trace.metadata["target"] = bundle.runtime().target;
    trace.metadata["runtime"] = bundle.runtime().name;
    trace.metadata["precision"] = precision == nullptr ? bundle.precisions().front() : precision;
    trace.metadata["model"] = bundle.manifest().model;
    return trace;
}

}  // namespace nowface
