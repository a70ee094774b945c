// A session as bytes: the frames that wait, the account of what was pushed, the stream, and what was shown last.
#include <cmath>

#include "session.h"
#include "sha256.h"

namespace nowface {
namespace {

constexpr char format[] = "nowface.snapshot.1";

// What two sessions must have in common for the snapshot of one to mean anything to the other.
std::string fingerprint(const PipelineSpec& pipeline, std::uint32_t rate) {
    std::string text = format + std::to_string(rate);
    const auto add = [&text](const TensorSpec& tensor) {
        text += " " + tensor.name;
        for (const std::int64_t size : tensor.shape) text += "," + std::to_string(size);
    };
    for (const std::int64_t number :
         {pipeline.hop, pipeline.rate_numerator, pipeline.rate_denominator, pipeline.lookahead_samples}) {
        text += " " + std::to_string(number);
    }
    for (const SignalSpec& signal : pipeline.signals) {
        text += " signal " + signal.name;
        for (const SignalTensor& tensor : signal.tensors) add(tensor);
    }
    for (const StageSpec& stage : pipeline.stages) {
        text += " stage " + stage.name;
        for (const InputSpec& input : stage.inputs) {
            add(input);
            text += "=" + input.source;
        }
        for (const TensorSpec& leaf : stage.state) add(leaf);
        for (const TensorSpec& output : stage.outputs) add(output);
    }
    return sha256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

std::vector<std::uint8_t> Session::write() {
    SnapshotWriter to;
    const std::string print = fingerprint(pipeline(), options_.stream.sample_rate);
    to.put(print.data(), print.size());
    to.put<std::int64_t>(static_cast<std::int64_t>(outbox_.waiting()));
    Floats values(value_count_);
    for (std::size_t place = 0; place < outbox_.waiting(); ++place) {
        FrameHead head{};
        outbox_.copy(place, head, values.data());
        to.put(&head, 1);
        to.put(values.data(), values.size());
    }
    to.put(received_);
    to.put(newest_signal_.data(), newest_signal_.size());
    stream_.write(to);
    if (shown_.frame >= 0) {  // a session that does not retarget writes what it always did
        to.put(shown_.frame);
        to.put(shown_.values.data(), shown_.values.size());
    }
    return to.bytes();
}

void Session::read_shown(SnapshotReader& from) {
    shown_.frame = from.get_within(0, stream_.clock().frames_ready(std::int64_t{1} << 45));
    from.get(shown_.values.data(), shown_.values.size());
    for (const float value : shown_.values)
        if (!std::isfinite(value)) SnapshotReader::foreign();
}

void Session::read(const void* bytes, std::size_t count) {
    SnapshotReader from(bytes, count);
    const std::string wanted = fingerprint(pipeline(), options_.stream.sample_rate);
    std::string print(wanted.size(), ' ');
    from.get(print.data(), print.size());
    if (print != wanted) SnapshotReader::foreign();
    forget();
    Floats values(value_count_);
    for (auto left = from.get_within(0, static_cast<std::int64_t>(outbox_.capacity())); left > 0; --left) {
        FrameHead head{};
        from.get(&head, 1);
        from.get(values.data(), values.size());
        outbox_.write(head, values.data());
    }
    received_ = from.get_within(0, std::int64_t{1} << 45);
    from.get(newest_signal_.data(), newest_signal_.size());
    stream_.read(from);
    if (!from.at_end()) read_shown(from);
    from.expect_end();
    flushed_ = stream_.flushed();
    woken_hop_ = stream_.resampler().emitted_after(received_) / stream_.clock().hop;
}

}  // namespace nowface
