// A session as bytes: whose it is, the frames that wait, the account of what was pushed, the stream, what was shown
// last, and the SHA-256 of it all.
#include <cmath>
#include <cstring>

#include "session.h"
#include "sha256.h"

namespace nowface {
namespace {

constexpr std::size_t seal_size = 64;  // digits of a SHA-256

constexpr char format[] = "nowface.snapshot.2";

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

std::vector<std::uint8_t> Session::sealed() {
    SnapshotWriter to;
    const std::string print = fingerprint(pipeline(), options_.stream.sample_rate);
    to.put(print.data(), print.size());
    write(to);
    const std::string seal = sha256(to.bytes().data(), to.bytes().size());
    to.put(seal.data(), seal.size());
    return to.bytes();
}

// What `write` wrote. Throws, before anything is replaced, if a byte of it changed or it is another pipeline's.
SnapshotReader Session::unsealed(const void* bytes, std::size_t count) const {
    if (count < seal_size) SnapshotReader::foreign();
    const std::size_t size = count - seal_size;
    const auto* content = static_cast<const std::uint8_t*>(bytes);
    if (std::memcmp(sha256(content, size).data(), content + size, seal_size) != 0) SnapshotReader::foreign();
    SnapshotReader from(content, size);
    const std::string wanted = fingerprint(pipeline(), options_.stream.sample_rate);
    std::string print(wanted.size(), ' ');
    from.get(print.data(), print.size());
    if (print != wanted) SnapshotReader::foreign();
    return from;
}

void Session::write(SnapshotWriter& to) {
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
}

void Session::read_shown(SnapshotReader& from) {
    shown_.frame = from.get_within(0, stream_.clock().frames_ready(std::int64_t{1} << 45));
    from.get(shown_.values.data(), shown_.values.size());
    for (const float value : shown_.values)
        if (!std::isfinite(value)) SnapshotReader::foreign();
}

void Session::read(SnapshotReader from) {
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
