// nowface-replay: plays the test vectors of a bundle on this device and writes a trace for `python -m sdk parity BUNDLE
// --device trace.safetensors`. The stream runs through nowface.h, as an app's does.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#if !defined(_WIN32)
#include <sys/utsname.h>
#endif

#include "error.h"
#include "folder.h"
#include "nowface.h"
#include "safetensors.h"
#include "sample_clock.h"

namespace {

using nowface::ElementType;
using nowface::Error;
using nowface::Tensor;
using nowface::TensorFile;

void expect(std::int32_t status) {
    if (status < 0) throw Error(status, "nowface", nowface_last_error(), "see above");
}

struct Arguments {
    std::string bundle;
    std::string output = "trace.safetensors";
    std::string precision;
    std::string device;
};

struct BundleClose {
    void operator()(nowface_bundle* bundle) const { nowface_bundle_close(bundle); }
};
struct SessionDestroy {
    void operator()(nowface_session* session) const { nowface_session_destroy(session); }
};
using BundleHandle = std::unique_ptr<nowface_bundle, BundleClose>;
using SessionHandle = std::unique_ptr<nowface_session, SessionDestroy>;

Tensor tensor(ElementType type, nowface::Shape shape, const void* data, std::size_t bytes) {
    Tensor made;
    made.type = type;
    made.shape = std::move(shape);
    const auto* begin = static_cast<const std::uint8_t*>(data);
    made.bytes.assign(begin, begin + bytes);
    return made;
}

Tensor longs(const std::vector<std::int64_t>& values) {
    return tensor(ElementType::i64, {static_cast<std::int64_t>(values.size())}, values.data(), values.size() * 8);
}

Tensor floats(nowface::Shape shape, const std::vector<float>& values) {
    return tensor(ElementType::f32, std::move(shape), values.data(), values.size() * sizeof(float));
}

// A value of a signal and the frame that is the first to see it.
struct Given {
    std::int64_t frame;
    std::uint32_t signal;
    std::int64_t sample;
    std::vector<float> values;
};

const Tensor& find(const TensorFile& file, const std::string& name, ElementType type) {
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end() || found->second.type != type) {
        throw Error(NOWFACE_ERROR_BUNDLE, "vectors", "have no tensor " + name + " of the right type",
                    "export the bundle again");
    }
    return found->second;
}

std::vector<Given> read_signals(const TensorFile& vectors, const nowface::PipelineSpec& pipeline) {
    const nowface::SampleClock clock = nowface::SampleClock::of(pipeline);
    std::vector<Given> all;
    for (std::uint32_t number = 0; number < pipeline.signals.size(); ++number) {
        const nowface::SignalSpec& signal = pipeline.signals[number];
        if (vectors.tensors.count("signal." + signal.name) == 0) continue;
        const Tensor& samples = find(vectors, "signal." + signal.name, ElementType::i64);
        const bool late = vectors.tensors.count("seen_from." + signal.name) > 0;
        for (std::size_t row = 0; row < samples.elements(); ++row) {
            const std::int64_t sample = samples.longs()[row];
            Given given{clock.frames_ready(sample - 1), number, sample, {}};
            if (late) given.frame = find(vectors, "seen_from." + signal.name, ElementType::i64).longs()[row];
            for (const nowface::SignalTensor& part : signal.tensors) {
                const Tensor& values = find(vectors, "signal." + signal.name + "." + part.name, ElementType::f32);
                if (values.elements() != samples.elements() * part.size()) {
                    throw Error(NOWFACE_ERROR_BUNDLE, "vectors", "signal " + signal.name + " has another number of rows",
                                "export the bundle again");
                }
                const float* begin = values.floats() + row * part.size();
                given.values.insert(given.values.end(), begin, begin + part.size());
            }
            all.push_back(std::move(given));
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const Given& a, const Given& b) { return a.frame < b.frame; });
    return all;
}

// Plays the stream of `vectors` and keeps what a trace holds.
class Replay {
  public:
    Replay(const nowface::Manifest& manifest, nowface_bundle* bundle, const TensorFile& vectors)
        : manifest_(manifest), bundle_(bundle), vectors_(vectors), signals_(read_signals(vectors, manifest.pipeline)) {
        nowface_bundle_info info = NOWFACE_BUNDLE_INFO_INIT;
        expect(nowface_bundle_get_info(bundle, &info));
        values_.resize(info.value_count);
        digest_.resize(2 * static_cast<std::size_t>(info.state_count));
        for (std::uint32_t i = 0; i < info.output_count; ++i) {
            nowface_item item = NOWFACE_ITEM_INIT;
            expect(nowface_bundle_item(bundle, NOWFACE_ITEM_OUTPUT, i, &item));
            outputs_.push_back({item.name, std::vector<float>(item.value_count), {}});
        }
        for (std::uint32_t i = 0; i < info.state_count; ++i) {
            nowface_item item = NOWFACE_ITEM_INIT;
            expect(nowface_bundle_item(bundle, NOWFACE_ITEM_STATE, i, &item));
            digest_names_ += (i > 0 ? "," : "") + std::string(item.name);
        }
    }

    TensorFile run(const std::string& precision) {
        const Tensor& chunks = find(vectors_, "chunks", ElementType::i64);
        const auto pcm = vectors_.tensors.find("pcm");
        if (pcm == vectors_.tensors.end()) throw Error(NOWFACE_ERROR_BUNDLE, "vectors", "have no pcm", "export again");
        create(precision, chunks);
        std::size_t at = 0;
        give(0);
        for (std::size_t i = 0; i < chunks.elements(); ++i) {
            const auto count = static_cast<std::size_t>(chunks.longs()[i]);
            if (chunks.longs()[i] < 0 || count > pcm->second.elements() - at) {
                throw Error(NOWFACE_ERROR_BUNDLE, "vectors", "its chunks are not its samples", "export the bundle again");
            }
            const bool shorts = pcm->second.type == ElementType::i16;
            expect(shorts ? nowface_push_int16(session_.get(), pcm->second.shorts() + at, count)
                          : nowface_push_float(session_.get(), pcm->second.floats() + at, count));
            at += count;
            drain();
        }
        while (given_ < signals_.size()) push_signal();
        expect(nowface_session_flush(session_.get()));
        drain();
        return trace();
    }

  private:
    struct Output {
        std::string name;
        std::vector<float> newest;
        std::vector<float> all;
    };

    void create(const std::string& precision, const Tensor& chunks) {
        const auto text = [this](const char* key) {
            const auto found = vectors_.metadata.find(key);
            return found == vectors_.metadata.end() ? std::string() : found->second;
        };
        nowface_session_options options = NOWFACE_SESSION_OPTIONS_INIT;
        options.mode = NOWFACE_MODE_SYNCHRONOUS;
        options.sample_rate = static_cast<std::uint32_t>(std::stoul("0" + text("sample_rate")));
        options.precision = precision.empty() ? nullptr : precision.c_str();
        options.has_seed = text("seed").empty() ? 0 : 1;
        options.seed = std::stoull("0" + text("seed"));
        // The queue holds the longest push whole: a replay must never drop audio.
        std::int64_t longest = 0;
        for (std::size_t i = 0; i < chunks.elements(); ++i) longest = std::max(longest, chunks.longs()[i]);
        const std::int64_t rate = options.sample_rate == 0 ? nowface::sample_rate : options.sample_rate;
        options.queue_milliseconds = static_cast<std::uint32_t>(std::min<std::int64_t>(longest * 1000 / rate + 2000, 3'600'000));
        nowface_session* session = nullptr;
        expect(nowface_session_create(bundle_, &options, &session));
        session_.reset(session);
    }

    void push_signal() {
        const Given& given = signals_[given_++];
        expect(nowface_push_signal(session_.get(), given.signal, given.values.data(), given.values.size(), given.sample));
    }

    // Pushes what a frame is the first to see: frames before it must miss what came late.
    void give(std::int64_t frame) {
        while (given_ < signals_.size() && signals_[given_].frame <= frame) push_signal();
    }

    void drain() {
        nowface_frame frame = NOWFACE_FRAME_INIT;
        for (;;) {
            const std::int32_t status = nowface_poll(session_.get(), &frame, values_.data(), values_.size());
            expect(status);
            if (status == NOWFACE_NO_FRAME) return;
            index_.push_back(frame.index);
            due_.push_back(frame.due_sample);
            seconds_.push_back(frame.seconds);
            for (std::uint32_t i = 0; i < outputs_.size(); ++i) {
                Output& output = outputs_[i];
                expect(nowface_session_output(session_.get(), i, output.newest.data(), output.newest.size()));
                output.all.insert(output.all.end(), output.newest.begin(), output.newest.end());
            }
            expect(nowface_session_digests(session_.get(), digest_.data(), digest_.size()));
            digests_.insert(digests_.end(), digest_.begin(), digest_.end());
            give(frame.index + 1);
        }
    }

    TensorFile trace() {
        const auto frames = static_cast<std::int64_t>(index_.size());
        TensorFile made;
        for (const auto& [name, value] : vectors_.tensors) {
            // What was pushed is the trace's too; what the reference said is not.
            const bool heard = name == "pcm" || name == "chunks" || name.rfind("signal.", 0) == 0 ||
                               name.rfind("seen_from.", 0) == 0;
            if (heard) made.tensors[name] = value;
        }
        made.tensors["index"] = longs(index_);
        made.tensors["due_sample"] = longs(due_);
        made.tensors["seconds"] = floats({frames}, seconds_);
        made.tensors["digests"] = floats({frames, static_cast<std::int64_t>(digest_.size() / 2), 2}, digests_);
        for (const nowface::StageSpec& stage : manifest_.pipeline.stages) {
            for (const nowface::TensorSpec& spec : stage.outputs) {
                const auto output = std::find_if(outputs_.begin(), outputs_.end(), [&](const Output& known) {
                    return known.name == stage.name + "." + spec.name;
                });
                if (output == outputs_.end()) continue;
                nowface::Shape shape = spec.shape;
                shape.insert(shape.begin(), frames);
                made.tensors["output." + output->name] = floats(shape, output->all);
            }
        }
        for (const char* key : {"format", "sample_rate", "seed"}) {
            const auto found = vectors_.metadata.find(key);
            if (found != vectors_.metadata.end()) made.metadata[key] = found->second;
        }
        made.metadata["digest_names"] = digest_names_;
        nowface_report report = NOWFACE_REPORT_INIT;
        expect(nowface_session_get_report(session_.get(), &report));
        made.metadata["restarts"] = std::to_string(report.restarts);
        return made;
    }

    const nowface::Manifest& manifest_;
    nowface_bundle* bundle_;
    const TensorFile& vectors_;
    std::vector<Given> signals_;
    std::size_t given_ = 0;
    SessionHandle session_;
    std::vector<float> values_, digest_, seconds_, digests_;
    std::string digest_names_;
    std::vector<Output> outputs_;
    std::vector<std::int64_t> index_, due_;
};

std::string machine() {
#if defined(_WIN32)
    return "Windows";
#else
    utsname name{};
    if (uname(&name) != 0) return "unknown";
    return std::string(name.sysname) + " " + name.release + " " + name.machine;
#endif
}

int replay(const Arguments& arguments) {
    nowface_bundle* opened = nullptr;
    expect(nowface_bundle_open(arguments.bundle.c_str(), nullptr, &opened));
    const BundleHandle bundle(opened);
    const nowface::Manifest manifest = nowface::read_manifest(arguments.bundle);
    const auto file = std::find_if(manifest.files.begin(), manifest.files.end(), [&](const nowface::FileRecord& listed) {
        return listed.path == manifest.vectors;
    });
    if (file == manifest.files.end()) {
        throw Error(NOWFACE_ERROR_BUNDLE, arguments.bundle, "has no test vectors", "export it again with vectors");
    }
    const TensorFile vectors =
        nowface::parse_tensors(nowface::read_checked(arguments.bundle, *file, true), manifest.vectors);
    std::string precision = arguments.precision;
    if (precision.empty()) {
        nowface_item item = NOWFACE_ITEM_INIT;
        if (nowface_bundle_item(bundle.get(), NOWFACE_ITEM_PRECISION, 0, &item) == NOWFACE_OK) precision = item.name;
    }
    Replay run(manifest, bundle.get(), vectors);
    TensorFile trace = run.run(precision);
    trace.metadata["target"] = "executorch";
    trace.metadata["precision"] = precision;
    trace.metadata["model"] = manifest.model;
    trace.metadata["runtime"] = nowface_runtime();
    trace.metadata["library"] = std::string("nowface ") + nowface_version();
    trace.metadata["os"] = machine();
    if (!arguments.device.empty()) trace.metadata["device"] = arguments.device;
    const std::vector<std::uint8_t> bytes = nowface::write_tensors(trace);
    std::ofstream out(arguments.output, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) throw Error(NOWFACE_ERROR_USAGE, arguments.output, "cannot be written", "give another path with -o");
    std::printf("%s: %zu frames\n", arguments.output.c_str(), trace.tensors["index"].elements());
    return 0;
}

constexpr const char* usage =
    "usage: nowface-replay BUNDLE [-o TRACE] [--precision NAME] [--device TEXT]\n"
    "Plays the test vectors of a bundle and writes what came out, for python -m sdk parity BUNDLE --device TRACE.\n";

}  // namespace

int main(int count, char** texts) {
    Arguments arguments;
    for (int i = 1; i < count; ++i) {
        const std::string text = texts[i];
        std::string* option = text == "-o"            ? &arguments.output
                              : text == "--precision" ? &arguments.precision
                              : text == "--device"    ? &arguments.device
                                                      : nullptr;
        if (text == "--help") {
            std::fputs(usage, stdout);
            return 0;
        }
        if (option != nullptr && i + 1 < count) {
            *option = texts[++i];
        } else if (option == nullptr && text[0] != '-' && arguments.bundle.empty()) {
            arguments.bundle = text;
        } else {
            std::fprintf(stderr, "nowface-replay: %s: cannot be used here; see nowface-replay --help\n", text.c_str());
            return 2;
        }
    }
    if (arguments.bundle.empty()) {
        std::fputs(usage, stderr);
        return 2;
    }
    try {
        return replay(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "nowface-replay: %s\n", error.what());
        return 2;
    }
}
