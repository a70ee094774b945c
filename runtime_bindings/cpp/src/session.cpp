// A session's beginning and end.
#include "session.h"

#include <algorithm>
#include <cmath>

namespace nowface {
namespace {

std::size_t widest_signal(const PipelineSpec& pipeline) {
    std::size_t widest = 0;
    for (const SignalSpec& signal : pipeline.signals) widest = std::max(widest, signal.width());
    return widest;
}

// Room for as many samples as may wait in the stream's own queue, and for the records they come in.
std::size_t inbox_floats(const SessionOptions& options, std::size_t most_signal) {
    if (!options.worker) return 0;
    const double seconds = static_cast<double>(options.stream.queue_limit) / static_cast<double>(sample_rate);
    const auto samples = static_cast<std::size_t>(std::ceil(seconds * options.stream.sample_rate));
    const std::size_t signals = 16 * (Inbox::header + most_signal);
    return 2 * samples + 16 * (Inbox::header + Resampler::most_input) + signals;
}

}  // namespace

Session::Session(std::shared_ptr<const Loaded> loaded, const std::map<std::string, Floats>& parameters,
                 const SessionOptions& options)
    : loaded_(std::move(loaded)),
      options_(options),
      executor_(loaded_->model->load()),
      stream_(pipeline(), *executor_, parameters, options.stream),
      value_count_(pipeline().values_spec().size()),
      most_signal_(widest_signal(pipeline())),
      inbox_(inbox_floats(options, most_signal_), std::max(Resampler::most_input, most_signal_)),
      outbox_(options.frame_capacity, value_count_),
      shown_{-1, Floats(value_count_)},
      cleaned_(Resampler::most_input),
      newest_signal_(pipeline().signals.size()) {
    if (options_.worker) thread_ = std::thread([this] { work(); });
}

Session::~Session() {
    if (!thread_.joinable()) return;
    stop_ = true;
    wake();
    thread_.join();
}

}  // namespace nowface
