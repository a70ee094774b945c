// Runs .pte programs with the ExecuTorch runtime: Program and Method only, which every distribution of it has.
#include <cstring>
#include <mutex>
#include <utility>

#include <executorch/runtime/backend/interface.h>
#include <executorch/runtime/backend/options.h>
#include <executorch/runtime/executor/program.h>
#include <executorch/runtime/platform/runtime.h>

#include "bytes_loader.h"
#include "executor.h"
#include "executorch_support.h"
#include "stage_program.h"
#include "tensor_names.h"

namespace nowface {
namespace {

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
