// The C interface: bundles, and what they hold.
#include "api_support.h"
#include "own_executor.h"

using namespace nowface::api;

namespace {

nowface::Runtime read_runtime(const nowface_executor* executor) {
    return executor == nullptr ? nowface::builtin_runtime()
                               : nowface::own_runtime(read_options(executor, "executor"));
}

}  // namespace

extern "C" {

int32_t nowface_bundle_open(const char* path, const nowface_bundle_options* options, nowface_bundle** bundle) {
    return guarded([&] {
        require(path, "path");
        require(bundle, "bundle");
        const nowface_bundle_options read = read_options(options, "bundle options");
        *bundle = new nowface_bundle{{path, read.skip_hashes == 0, read_runtime(read.executor)}};
        return NOWFACE_OK;
    });
}

int32_t nowface_bundle_get_info(const nowface_bundle* bundle, nowface_bundle_info* info) {
    return guarded([&] {
        require(bundle, "bundle");
        const nowface::Manifest& manifest = bundle->bundle.manifest();
        const nowface::PipelineSpec& pipeline = manifest.pipeline;
        const auto number = [](auto value) { return static_cast<std::uint32_t>(value); };
        nowface_bundle_info made = NOWFACE_BUNDLE_INFO_INIT;
        made.frame_rate_numerator = number(pipeline.rate_numerator);
        made.frame_rate_denominator = number(pipeline.rate_denominator);
        made.hop_samples = number(pipeline.hop);
        made.lookahead_samples = number(pipeline.lookahead_samples);
        made.channel_count = number(manifest.channels.size());
        made.value_count = number(pipeline.values_spec().size());
        made.vertex_count = manifest.channels.empty() ? made.value_count / 3 : 0;
        made.signal_count = number(pipeline.signals.size());
        made.parameter_count = number(pipeline.parameters.size());
        made.precision_count = number(bundle->bundle.precisions().size());
        made.output_count = number(bundle->bundle.outputs().size());
        made.state_count = number(bundle->bundle.state().size());
        made.model = manifest.model.c_str();
        made.unit = manifest.unit.c_str();
        write_struct(info, made, "info");
        return NOWFACE_OK;
    });
}

int32_t nowface_bundle_item(const nowface_bundle* bundle, int32_t kind, uint32_t index, nowface_item* item) {
    return guarded([&] {
        require(bundle, "bundle");
        const nowface::Manifest& manifest = bundle->bundle.manifest();
        nowface_item made = NOWFACE_ITEM_INIT;
        const auto pick = [&](const auto& items, auto name, auto count) {
            check_index(index, items.size(), "item");
            made.name = name(items[index]).c_str();
            made.value_count = static_cast<std::uint32_t>(count(items[index]));
        };
        const auto itself = [](const std::string& text) -> const std::string& { return text; };
        const auto nothing = [](const std::string&) { return std::size_t{0}; };
        const auto name = [](const auto& named) -> const std::string& { return named.name; };
        const auto count = [](const nowface::Bundle::Named& named) { return named.count; };
        switch (kind) {
            case NOWFACE_ITEM_CHANNEL:
                pick(manifest.channels, itself, nothing);
                break;
            case NOWFACE_ITEM_SIGNAL:
                pick(manifest.pipeline.signals, name, [](const nowface::SignalSpec& spec) { return spec.width(); });
                made.tensor_count = bundle->bundle.signals()[index].size();
                break;
            case NOWFACE_ITEM_PARAMETER:
                pick(manifest.pipeline.parameters, name, [](const nowface::TensorSpec& spec) { return spec.size(); });
                break;
            case NOWFACE_ITEM_PRECISION:
                pick(bundle->bundle.precisions(), itself, nothing);
                break;
            case NOWFACE_ITEM_OUTPUT:
                pick(bundle->bundle.outputs(), name, count);
                break;
            case NOWFACE_ITEM_STATE:
                pick(bundle->bundle.state(), name, count);
                break;
            default:
                refuse("kind", std::to_string(kind) + " is no kind of item", "use one of NOWFACE_ITEM_*");
        }
        write_struct(item, made, "item");
        return NOWFACE_OK;
    });
}

int32_t nowface_bundle_signal_tensor(const nowface_bundle* bundle, uint32_t signal, uint32_t index,
                                     nowface_tensor* tensor) {
    return guarded([&] {
        require(bundle, "bundle");
        require(tensor, "tensor");
        const auto& signals = bundle->bundle.signals();
        check_index(signal, signals.size(), "signal");
        check_index(index, signals[signal].size(), "tensor");
        *tensor = signals[signal].data()[index];
        return NOWFACE_OK;
    });
}

int32_t nowface_bundle_parameter(const nowface_bundle* bundle, uint32_t index, float* values, size_t capacity) {
    return guarded([&] {
        require(bundle, "bundle");
        require(values, "values");
        const auto& parameters = bundle->bundle.manifest().pipeline.parameters;
        check_index(index, parameters.size(), "parameter");
        const nowface::Floats& own = bundle->bundle.parameters().at(parameters[index].name);
        check_buffer(capacity, own.size());
        std::copy(own.begin(), own.end(), values);
        return NOWFACE_OK;
    });
}

void nowface_bundle_close(nowface_bundle* bundle) { delete bundle; }

}  // extern "C"
