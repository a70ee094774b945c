// An executor of the app's own, without a bundle: what it is told, what is freed, and how its failures are told. That its
// frames are right is tested from Python (tests/bindings/native/test_app_executor.py).
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "check.h"
#include "error.h"
#include "own_executor.h"

using namespace nowface;

namespace {

// What the callbacks are to do, and what they saw.
struct App {
    std::string fails_at;  // name of a stage that cannot be loaded
    bool shouts = false;   // fills all of `problem`
    int loads = 0;
    int unloads = 0;
    std::vector<std::string> seen;
};

struct LoadedStage {
    App* app;
    std::size_t count;
};

std::string described(const nowface_tensor* tensors, std::uint32_t count) {
    std::string text;
    for (std::uint32_t i = 0; i < count; ++i) {
        text += std::string(" ") + tensors[i].name;
        for (std::uint32_t axis = 0; axis < tensors[i].rank; ++axis) text += ":" + std::to_string(tensors[i].shape[axis]);
        text += "=" + std::to_string(tensors[i].value_count);
    }
    return text;
}

std::int32_t load(void* context, const nowface_stage* stage, void** loaded, char* problem, std::size_t capacity) {
    App& app = *static_cast<App*>(context);
    app.seen.push_back(std::string(stage->name) + " " + stage->path + described(stage->inputs, stage->input_count) + " |" +
                       described(stage->state, stage->state_count) + " |" +
                       described(stage->outputs, stage->output_count));
    if (app.fails_at == stage->name) {
        std::strncpy(problem, "no\tmemory", capacity);
        return -3;
    }
    ++app.loads;
    *loaded = new LoadedStage{&app, stage->inputs[0].value_count};
    return 0;
}

// The first output is twice the first input.
std::int32_t run(void* loaded, const float* const* arguments, float* const* results, char* problem,
                 std::size_t capacity) {
    const LoadedStage& stage = *static_cast<LoadedStage*>(loaded);
    if (stage.app->shouts) {
        std::memset(problem, 'x', capacity);
        return 1;
    }
    for (std::size_t i = 0; i < stage.count; ++i) results[0][i] = 2 * arguments[0][i];
    return 0;
}

void unload(void* loaded) {
    auto* stage = static_cast<LoadedStage*>(loaded);
    ++stage->app->unloads;
    delete stage;
}

nowface_executor table(App& app) {
    return {sizeof(nowface_executor), NOWFACE_ABI_VERSION, "coreml", "Core ML 8", &app, load, run, unload};
}

PipelineSpec pipeline() {
    PipelineSpec made;
    for (const char* name : {"ear", "mouth"}) {
        StageSpec stage;
        stage.name = name;
        InputSpec input;
        input.name = "in";
        input.shape = {2, 3};
        stage.inputs = {input};
        stage.outputs.resize(1);
        stage.outputs[0].name = "out";
        stage.outputs[0].shape = {6};
        stage.state.resize(1);
        stage.state[0].name = "left";
        made.stages.push_back(stage);
    }
    return made;
}

std::unique_ptr<Model> model(App& app) {
    return own_runtime(table(app)).make_model(pipeline(), {{"ear", {"b/ear", {}}}, {"mouth", {"b/mouth", {}}}}, "b fp32");
}

}  // namespace

TEST(stages_are_told_run_and_freed) {
    App app;
    const std::unique_ptr<Model> made = model(app);
    CHECK(app.seen.empty());
    {
        const std::unique_ptr<Executor> one = made->load(), two = made->load();
        REQUIRE(app.seen.size() == 4);
        CHECK(app.seen[0] == "ear b/ear in:2:3=6 | left=1 | out:6=6");
        CHECK(app.seen[3] == "mouth b/mouth in:2:3=6 | left=1 | out:6=6");
        const float input[6] = {1, 2, 3, 4, 5, 6}, left[1] = {0};
        float output[6] = {}, next[1] = {};
        const float* const arguments[] = {input, left};
        float* const results[] = {output, next};
        two->run(1, arguments, results);
        CHECK(output[0] == 2 && output[5] == 12);
    }
    CHECK(app.loads == 4 && app.unloads == 4);
}

TEST(what_was_loaded_before_a_failure_is_freed) {
    App app;
    app.fails_at = "mouth";
    CHECK_THROWS(model(app)->load(), Error, "b fp32 stage mouth: the app's executor gives -3 to load: no");
    CHECK(app.loads == 1 && app.unloads == 1);
}

TEST(a_line_without_an_end_is_cut) {
    App app;
    app.shouts = true;
    const std::unique_ptr<Executor> executor = model(app)->load();
    try {
        executor->run(0, nullptr, nullptr);
        CHECK(false);
    } catch (const Error& error) {
        CHECK(error.status() == NOWFACE_ERROR_TARGET);
        const std::string text = error.what();
        CHECK(std::count(text.begin(), text.end(), 'x') > 500);
        CHECK(text.size() < 1000);
    }
}

TEST(texts_are_copied) {
    App app;
    std::string target = "coreml", name = "Core ML 8";
    nowface_executor given = table(app);
    given.target = target.c_str();
    given.runtime = name.c_str();
    const Runtime runtime = own_runtime(given);
    target[0] = name[0] = '!';
    CHECK(runtime.target == "coreml");
    CHECK(runtime.name == "Core ML 8");
}

TEST_MAIN
