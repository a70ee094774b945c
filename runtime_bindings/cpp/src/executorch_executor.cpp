// Runs .pte programs with the ExecuTorch runtime: Program and Method only, which every distribution of it has.
#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include <executorch/extension/threadpool/threadpool_guard.h>
#include <executorch/runtime/backend/interface.h>
#include <executorch/runtime/backend/options.h>
#include <executorch/runtime/core/data_loader.h>
#include <executorch/runtime/core/hierarchical_allocator.h>
#include <executorch/runtime/executor/method.h>
#include <executorch/runtime/executor/program.h>
#include <executorch/runtime/platform/runtime.h>

#include "error.h"
#include "executor.h"
#include "growing_allocator.h"

namespace nowface {
namespace {

namespace er = executorch::runtime;
using executorch::aten::ScalarType;

constexpr const char* method_name = "forward";
constexpr const char* names_method = "tensor_names";  // constant method that names a program's tensors
constexpr const char* reexport = "export the bundle again or copy it afresh";

[[noreturn]] void fail(const std::string& subject, const std::string& problem) {
    throw Error(NOWFACE_ERROR_TARGET, subject, problem, reexport);
}

void expect(er::Error error, const std::string& subject, const char* what) {
    if (error != er::Error::Ok) {
        fail(subject, std::string(what) + " failed with ExecuTorch error " + std::to_string(static_cast<int>(error)));
    }
}

// Gives out pieces of bytes that the model owns.
class BytesLoader final : public er::DataLoader {
  public:
    BytesLoader(const std::uint8_t* bytes, std::size_t count) : bytes_(bytes), count_(count) {}

    er::Result<er::FreeableBuffer> load(std::size_t offset, std::size_t size, const SegmentInfo&) const override {
        if (offset > count_ || size > count_ - offset) return er::Error::InvalidArgument;
        return er::FreeableBuffer(bytes_ + offset, size, nullptr);
    }
    er::Error load_into(std::size_t offset, std::size_t size, const SegmentInfo&, void* buffer) const override {
        if (offset > count_ || size > count_ - offset) return er::Error::InvalidArgument;
        std::memcpy(buffer, bytes_ + offset, size);
        return er::Error::Ok;
    }
    er::Result<std::size_t> size() const override { return count_; }

  private:
    const std::uint8_t* bytes_;
    std::size_t count_;
};

// One method with the memory it computes in.
class LoadedMethod {
  public:
    LoadedMethod(const er::Program& program, const char* name, const std::string& subject)
        : memory_(64 * 1024), temporary_(64 * 1024) {
        auto meta = program.method_meta(name);
        if (!meta.ok()) fail(subject, std::string("has no method ") + name);
        for (std::size_t i = 0; i < meta->num_memory_planned_buffers(); ++i) {
            auto size = meta->memory_planned_buffer_size(i);
            if (!size.ok() || *size < 0) fail(subject, "its memory plan is damaged");
            planned_.emplace_back(static_cast<std::size_t>(*size) + alignment);
            auto* begin = planned_.back().data();
            begin += (alignment - reinterpret_cast<std::uintptr_t>(begin) % alignment) % alignment;
            spans_.emplace_back(begin, static_cast<std::size_t>(*size));
        }
        hierarchy_.emplace_back(er::Span<er::Span<std::uint8_t>>(spans_.data(), spans_.size()));
        manager_.emplace_back(&memory_, &hierarchy_.back(), &temporary_);
        // Loaded with the guard on, XNNPACK makes its runtime without a thread pool and computes on the calling thread.
        executorch::extension::threadpool::NoThreadPoolGuard guard;
        auto loaded = program.load_method(name, &manager_.back());
        expect(loaded.error(), subject, "loading its method");
        method_.emplace_back(std::move(*loaded));
    }

    er::Method& method() { return method_.front(); }

    void execute(const std::string& subject) {
        executorch::extension::threadpool::NoThreadPoolGuard guard;
        temporary_.reset();
        expect(method().execute(), subject, "a step");
    }

  private:
    static constexpr std::size_t alignment = 64;  // of memory-planned buffers, for vector loads

    GrowingAllocator memory_;
    GrowingAllocator temporary_;
    std::vector<std::vector<std::uint8_t>> planned_;
    std::vector<er::Span<std::uint8_t>> spans_;
    // Neither can be moved or made late: vectors of at most one.
    std::vector<er::HierarchicalAllocator> hierarchy_;
    std::vector<er::MemoryManager> manager_;
    std::vector<er::Method> method_;
};

class StageProgram {
  public:
    StageProgram(const StageSpec& stage, const er::Program& program, std::string subject)
        : subject_(std::move(subject)), loaded_(program, method_name, subject_) {
        for (const TensorSpec& spec : stage.inputs) add(spec, arguments_);
        for (const TensorSpec& spec : stage.state) add(spec, arguments_);
        for (const TensorSpec& spec : stage.outputs) results_.push_back(spec.size());
        for (const TensorSpec& spec : stage.state) results_.push_back(spec.size());
        auto& method = loaded_.method();
        if (method.inputs_size() != arguments_.size() || method.outputs_size() != results_.size()) {
            fail(subject_, "has another number of tensors than the manifest says");
        }
        const er::MethodMeta meta = method.method_meta();
        for (std::size_t i = 0; i < arguments_.size(); ++i) check(meta.input_tensor_meta(i), arguments_[i]->count);
        for (std::size_t i = 0; i < results_.size(); ++i) check(meta.output_tensor_meta(i), results_[i]);
    }

    void run(const float* const* arguments, float* const* results) {
        auto& method = loaded_.method();
        for (std::size_t i = 0; i < arguments_.size(); ++i) {
            // Set before every run: the run reuses the planned memory of its inputs.
            arguments_[i]->tensor.set_data(const_cast<float*>(arguments[i]));
            expect(method.set_input(er::EValue(executorch::aten::Tensor(&arguments_[i]->tensor)), i), subject_,
                   "setting an input");
        }
        loaded_.execute(subject_);
        for (std::size_t i = 0; i < results_.size(); ++i) {
            std::copy_n(method.get_output(i).toTensor().const_data_ptr<float>(), results_[i], results[i]);
        }
    }

  private:
    using TensorImpl = executorch::runtime::etensor::TensorImpl;

    struct Argument {
        Argument(const TensorSpec& spec)
            : count(spec.size()),
              sizes(spec.shape.begin(), spec.shape.end()),
              order(spec.shape.size()),
              strides(spec.shape.size()),
              tensor(ScalarType::Float, static_cast<ssize_t>(sizes.size()), sizes.data(), nullptr, fill_order(), fill_strides()) {}

        std::size_t count;
        std::vector<executorch::aten::SizesType> sizes;
        std::vector<executorch::aten::DimOrderType> order;
        std::vector<executorch::aten::StridesType> strides;
        TensorImpl tensor;

      private:
        executorch::aten::DimOrderType* fill_order() {
            for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<executorch::aten::DimOrderType>(i);
            return order.data();
        }
        executorch::aten::StridesType* fill_strides() {
            executorch::aten::StridesType stride = 1;
            for (std::size_t i = strides.size(); i-- > 0; stride *= sizes[i]) strides[i] = stride;
            return strides.data();
        }
    };

    static void add(const TensorSpec& spec, std::vector<std::unique_ptr<Argument>>& to) {
        to.push_back(std::make_unique<Argument>(spec));
    }

    void check(const er::Result<er::TensorInfo>& info, std::size_t count) const {
        if (!info.ok() || info->scalar_type() != ScalarType::Float || info->nbytes() != count * sizeof(float)) {
            fail(subject_, "has tensors of another size or type than the manifest says");
        }
    }

    std::string subject_;
    LoadedMethod loaded_;
    std::vector<std::unique_ptr<Argument>> arguments_;
    std::vector<std::size_t> results_;
};

class ExecuTorchExecutor final : public Executor {
  public:
    explicit ExecuTorchExecutor(std::vector<std::unique_ptr<StageProgram>> stages) : stages_(std::move(stages)) {}
    ~ExecuTorchExecutor() override;

    void run(std::size_t stage, const float* const* arguments, float* const* results) override {
        stages_[stage]->run(arguments, results);
    }

  private:
    std::vector<std::unique_ptr<StageProgram>> stages_;
};

// Delegates keep process-wide tables that making and freeing methods change.
std::mutex& loading() {
    static std::mutex mutex;
    return mutex;
}

ExecuTorchExecutor::~ExecuTorchExecutor() {
    const std::lock_guard<std::mutex> lock(loading());
    stages_.clear();
}

// "encoder: pcm left -> features next_left", as the exporter writes it into the program.
std::string tensor_names(const StageSpec& stage) {
    std::string names = stage.name + ":";
    for (const TensorSpec& spec : stage.inputs) names += " " + spec.name;
    for (const TensorSpec& spec : stage.state) names += " " + spec.name;
    names += " ->";
    for (const TensorSpec& spec : stage.outputs) names += " " + spec.name;
    for (const TensorSpec& spec : stage.state) names += " next_" + spec.name;
    return names;
}

void check_names(const er::Program& program, const StageSpec& stage, const std::string& subject) {
    LoadedMethod names(program, names_method, subject);
    names.execute(subject);
    if (names.method().outputs_size() != 1 || !names.method().get_output(0).isString()) {
        fail(subject, "does not name its tensors");
    }
    const auto said = names.method().get_output(0).toString();
    const std::string wanted = tensor_names(stage);
    if (std::string(said.data(), said.size()) != wanted) fail(subject, "does not hold '" + wanted + "'");
}

class ExecuTorchModel final : public Model {
  public:
    ExecuTorchModel(const PipelineSpec& pipeline, const Artefacts& artefacts, std::string subject)
        : stages_(pipeline.stages), subject_(std::move(subject)) {
        for (const auto& [name, artefact] : artefacts) {
            auto& program = programs_.emplace(name, std::make_unique<Program>()).first->second;
            program->bytes = artefact.read();
            program->loader = std::make_unique<BytesLoader>(program->bytes.data(), program->bytes.size());
            auto loaded = er::Program::load(program->loader.get(), er::Program::Verification::InternalConsistency);
            expect(loaded.error(), subject_ + " stage " + name, "reading the program");
            program->program = std::make_unique<er::Program>(std::move(*loaded));
        }
        for (const StageSpec& stage : stages_) {
            if (programs_.count(stage.name) == 0) fail(subject_, "has no program of stage " + stage.name);
        }
    }

    std::unique_ptr<Executor> load() const override {
        const std::lock_guard<std::mutex> lock(loading());
        std::vector<std::unique_ptr<StageProgram>> stages;
        for (const StageSpec& stage : stages_) {
            const std::string subject = subject_ + " stage " + stage.name;
            const er::Program& program = *programs_.at(stage.name)->program;
            check_names(program, stage, subject);
            stages.push_back(std::make_unique<StageProgram>(stage, program, subject));
        }
        return std::make_unique<ExecuTorchExecutor>(std::move(stages));
    }

  private:
    struct Program {
        std::vector<std::uint8_t> bytes;
        std::unique_ptr<BytesLoader> loader;
        std::unique_ptr<er::Program> program;
    };

    std::vector<StageSpec> stages_;
    std::string subject_;
    std::map<std::string, std::unique_ptr<Program>> programs_;
};

// Once a process: XNNPACK's delegates take memory of their own, so that running them needs no lock between sessions.
void configure() {
    er::runtime_init();
    er::BackendOption option{};
    std::strncpy(option.key, "workspace_sharing_mode", sizeof(option.key) - 1);
    option.value = 0;
    // Not every build has XNNPACK, and one without it has no lock either: the answer does not matter.
    (void)er::set_option("XnnpackBackend", er::Span<er::BackendOption>(&option, 1));
}

}  // namespace

const Runtime& builtin_runtime() {
    static const Runtime runtime{
        "executorch", "executorch " NOWFACE_EXECUTORCH_VERSION,
        [](const PipelineSpec& pipeline, const Artefacts& artefacts, const std::string& subject) {
            static std::once_flag once;
            std::call_once(once, configure);
            return std::make_unique<ExecuTorchModel>(pipeline, artefacts, subject);
        }};
    return runtime;
}

}  // namespace nowface
