#include "own_executor.h"

#include <utility>

#include "error.h"
#include "tensor_list.h"
#include "text.h"

namespace nowface {
namespace {

constexpr std::size_t problem_bytes = 512;

// What an app's callback may write to, and a line of printable text of whatever it wrote.
class Problem {
  public:
    char* data() { return text_; }

    [[noreturn]] void fail(const std::string& subject, const char* call, std::int32_t status) {
        text_[problem_bytes - 1] = '\0';
        const std::string said = text_[0] != '\0' ? ": " + shown(text_, problem_bytes) : " and says nothing of it";
        throw Error(NOWFACE_ERROR_TARGET, subject,
                    std::string("the app's executor gives ") + std::to_string(status) + " to " + call + said,
                    "mend the executor, or export the bundle again for its target");
    }

  private:
    char text_[problem_bytes] = "";
};

class OwnStage {
  public:
    OwnStage(const nowface_executor& executor, const StageSpec& spec, const std::string& path, std::string subject)
        : executor_(executor), subject_(std::move(subject)) {
        const TensorList inputs(spec.inputs), state(spec.state), outputs(spec.outputs);
        const nowface_stage stage{sizeof(nowface_stage), inputs.size(), state.size(), outputs.size(),
                                  spec.name.c_str(),     path.c_str(),  inputs.data(), state.data(), outputs.data()};
        Problem problem;
        const std::int32_t status =
            executor_.load(executor_.context, &stage, &loaded_, problem.data(), problem_bytes);
        if (status != 0) problem.fail(subject_, "load", status);
    }
    ~OwnStage() { executor_.unload(loaded_); }

    OwnStage(const OwnStage&) = delete;
    OwnStage& operator=(const OwnStage&) = delete;

    void run(const float* const* arguments, float* const* results) {
        Problem problem;
        const std::int32_t status = executor_.run(loaded_, arguments, results, problem.data(), problem_bytes);
        if (status != 0) problem.fail(subject_, "run", status);
    }

  private:
    nowface_executor executor_;
    std::string subject_;
    void* loaded_ = nullptr;
};

class OwnExecutor final : public Executor {
  public:
    explicit OwnExecutor(std::vector<std::unique_ptr<OwnStage>> stages) : stages_(std::move(stages)) {}

    void run(std::size_t stage, const float* const* arguments, float* const* results) override {
        stages_[stage]->run(arguments, results);
    }

  private:
    std::vector<std::unique_ptr<OwnStage>> stages_;
};

class OwnModel final : public Model {
  public:
    OwnModel(const nowface_executor& executor, const PipelineSpec& pipeline, const Artefacts& artefacts,
             std::string subject)
        : executor_(executor), stages_(pipeline.stages), subject_(std::move(subject)) {
        for (const StageSpec& stage : stages_) paths_.push_back(artefacts.at(stage.name).path);
    }

    std::unique_ptr<Executor> load() const override {
        std::vector<std::unique_ptr<OwnStage>> loaded;
        for (std::size_t i = 0; i < stages_.size(); ++i) {
            const std::string subject = subject_ + " stage " + stages_[i].name;
            loaded.push_back(std::make_unique<OwnStage>(executor_, stages_[i], paths_[i], subject));
        }
        return std::make_unique<OwnExecutor>(std::move(loaded));
    }

  private:
    nowface_executor executor_;
    std::vector<StageSpec> stages_;
    std::vector<std::string> paths_;
    std::string subject_;
};

void require(bool given, const char* field) {
    if (given) return;
    throw Error(NOWFACE_ERROR_USAGE, std::string("executor ") + field, "is NULL", "give all but context a value");
}

}  // namespace

Runtime own_runtime(const nowface_executor& given) {
    require(given.target != nullptr, "target");
    require(given.runtime != nullptr, "runtime");
    require(given.load != nullptr, "load");
    require(given.run != nullptr, "run");
    require(given.unload != nullptr, "unload");
    if (!is_label(given.target)) {
        throw Error(NOWFACE_ERROR_USAGE, "executor target", "'" + shown(given.target) + "' is no name of a target",
                    "use the manifest's, such as coreml");
    }
    nowface_executor callbacks = given;
    callbacks.target = callbacks.runtime = nullptr;  // the app's, and copied to the runtime
    return {given.target, given.runtime,
            [callbacks](const PipelineSpec& pipeline, const Artefacts& artefacts, const std::string& subject) {
                return std::make_unique<OwnModel>(callbacks, pipeline, artefacts, subject);
            }};
}

}  // namespace nowface
