// The stages of one session with the buffers they read and write, all made once: running a step moves no memory about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "executor.h"
#include "manifest.h"

namespace nowface {

using Floats = std::vector<float>;

class Graph {
  public:
    // Runs the prepare stages. `parameters` holds every parameter. Throws Error(NOWFACE_ERROR_NUMERICAL) if one gives
    // a non-finite value.
    Graph(const PipelineSpec& pipeline, Executor& executor, const std::map<std::string, Floats>& parameters);

    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    // What a step reads, to be filled before it: samples of the hop, phase, signals one after the other, noises.
    float* pcm() { return pcm_.data(); }
    float& phase() { return phase_[0]; }
    float* signal(std::size_t number) { return signals_[number].data(); }
    std::size_t noise_count() const { return noises_.size(); }
    Floats& noise(std::size_t number) { return noises_[number]; }

    // Runs the stages of a clock from the present state, or from the start state if a value is not finite; with
    // `check_state` every state is looked at as well as the outputs. Returns true if it had to start anew. Throws
    // Error(NOWFACE_ERROR_NUMERICAL) if that is not finite either; the state is then as before.
    bool run(Clock clock, bool check_state);

    // One run of every stage whose results are forgotten.
    void warm_up();

    // All states and windows zero.
    void reset();

    // A frame's values, and each output of the frame stages in the order of the pipeline.
    const Floats& values() const { return *values_; }
    const std::vector<const Floats*>& frame_outputs() const { return frame_outputs_; }
    const std::vector<std::string>& frame_output_names() const { return frame_output_names_; }

    // Every state tensor in the order of the pipeline, and every window: what a snapshot holds.
    std::vector<Floats*> state_tensors();
    const std::vector<std::string>& state_names() const { return state_names_; }
    std::vector<Floats*> windows();

  private:
    struct Window {
        std::string source;
        const Floats* newest = nullptr;  // rows that a hop adds at the end
        Floats rows;
    };

    struct Input {
        const float* data = nullptr;  // of what is not a window
        int window = -1;
        std::size_t offset = 0;  // of the first row wanted within the window
    };

    struct StageRun {
        const StageSpec* spec = nullptr;
        std::size_t number = 0;
        std::vector<Input> inputs;
        std::vector<Floats> outputs;
        std::vector<Floats> state;
        std::vector<Floats> next;
        std::vector<const float*> arguments;
        std::vector<float*> results;
    };

    void make_windows();
    void bind(StageRun& run, const std::map<std::string, const Floats*>& made);
    void run_stages(Clock clock, bool from_start);
    std::string non_finite(Clock clock, bool check_state, bool from_start) const;
    void commit(Clock clock, bool from_start);

    const PipelineSpec& pipeline_;
    Executor& executor_;
    std::map<std::string, Floats> parameters_;
    Floats pcm_, phase_, zeros_;
    std::vector<Floats> signals_;
    std::vector<Floats> noises_;
    std::map<std::string, std::size_t> noise_numbers_;
    std::vector<Window> windows_;
    std::vector<StageRun> stages_;
    const Floats* values_ = nullptr;
    std::vector<const Floats*> frame_outputs_;
    std::vector<std::string> frame_output_names_;
    std::vector<std::string> state_names_;
};

}  // namespace nowface
