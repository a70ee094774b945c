#include "graph.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "error.h"

namespace nowface {
namespace {

bool finite(const Floats& values) {
    return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

[[noreturn]] void broken(const std::string& tensor, const std::string& when) {
    throw Error(NOWFACE_ERROR_NUMERICAL, tensor, "not finite " + when,
                "the artefact or its weights are broken: check the bundle with python -m sdk parity");
}

}  // namespace

Graph::Graph(const PipelineSpec& pipeline, Executor& executor, const std::map<std::string, Floats>& parameters)
    : pipeline_(pipeline),
      executor_(executor),
      parameters_(parameters),
      pcm_(static_cast<std::size_t>(pipeline.hop)),
      phase_(1),
      stages_(pipeline.stages.size()) {
    std::map<std::string, const Floats*> made{{"audio.pcm", &pcm_}, {"clock.phase", &phase_}};
    for (const auto& [name, values] : parameters_) made["parameter." + name] = &values;
    for (const SignalSpec& signal : pipeline.signals) signals_.emplace_back(signal.width());
    for (std::size_t number = 0; number < stages_.size(); ++number) {
        StageRun& run = stages_[number];
        run.spec = &pipeline.stages[number];
        run.number = number;
        for (const InputSpec& input : run.spec->inputs) {
            if (!starts_with(input.source, "noise.")) continue;
            if (noise_numbers_.emplace(input.source, noises_.size()).second) noises_.emplace_back(input.size());
        }
        for (const TensorSpec& output : run.spec->outputs) run.outputs.emplace_back(output.size());
        for (const TensorSpec& leaf : run.spec->state) {
            run.state.emplace_back(leaf.size());
            run.next.emplace_back(leaf.size());
            zeros_.resize(std::max(zeros_.size(), leaf.size()));
            state_names_.push_back(run.spec->name + "." + leaf.name);
        }
        for (std::size_t i = 0; i < run.outputs.size(); ++i) {
            const std::string name = run.spec->name + "." + run.spec->outputs[i].name;
            made[name] = &run.outputs[i];
            if (run.spec->clock != Clock::frame) continue;
            frame_outputs_.push_back(&run.outputs[i]);
            frame_output_names_.push_back(name);
            if (name == pipeline.values) values_ = &run.outputs[i];
        }
    }
    for (const auto& [name, number] : noise_numbers_) made[name] = &noises_[number];
    make_windows();
    for (Window& window : windows_) window.newest = made.at(window.source);
    for (StageRun& run : stages_) bind(run, made);
    run_stages(Clock::prepare, false);
    const std::string at_fault = non_finite(Clock::prepare, false, false);
    if (!at_fault.empty()) broken(at_fault, "while the session was prepared");
}

// A hop's output that frame stages look back on is kept as many rows as any of them wants.
void Graph::make_windows() {
    std::vector<std::string> on_hop{"audio.pcm"};
    for (const StageSpec& stage : pipeline_.stages) {
        if (stage.clock != Clock::hop) continue;
        for (const TensorSpec& output : stage.outputs) on_hop.push_back(stage.name + "." + output.name);
    }
    for (const StageSpec& stage : pipeline_.stages) {
        if (stage.clock != Clock::frame) continue;
        for (const InputSpec& input : stage.inputs) {
            if (std::find(on_hop.begin(), on_hop.end(), input.source) == on_hop.end()) continue;
            auto window = std::find_if(windows_.begin(), windows_.end(),
                                       [&](const Window& known) { return known.source == input.source; });
            if (window == windows_.end()) window = windows_.insert(window, Window{input.source, nullptr, {}});
            window->rows.resize(std::max(window->rows.size(), input.size()));
            zeros_.resize(std::max(zeros_.size(), window->rows.size()));
        }
    }
}

void Graph::bind(StageRun& run, const std::map<std::string, const Floats*>& made) {
    for (const InputSpec& wanted : run.spec->inputs) {
        Input input;
        for (std::size_t i = 0; i < windows_.size() && run.spec->clock == Clock::frame; ++i) {
            if (windows_[i].source != wanted.source) continue;
            input.window = static_cast<int>(i);
            input.offset = windows_[i].rows.size() - wanted.size();
        }
        if (input.window < 0) {
            const auto source = made.find(wanted.source);
            if (source != made.end()) {
                input.data = source->second->data();
            } else {
                // SIGNAL.TENSOR: the tensors of a signal lie one after the other.
                for (std::size_t number = 0; number < pipeline_.signals.size(); ++number) {
                    const SignalSpec& signal = pipeline_.signals[number];
                    const float* place = signals_[number].data();
                    for (const SignalTensor& tensor : signal.tensors) {
                        if (signal.name + "." + tensor.name == wanted.source) input.data = place;
                        place += tensor.size();
                    }
                }
            }
            assert(input.data != nullptr);
        }
        run.inputs.push_back(input);
    }
    run.arguments.resize(run.inputs.size() + run.state.size());
    run.results.resize(run.outputs.size() + run.next.size());
}

void Graph::run_stages(Clock clock, bool from_start) {
    for (StageRun& run : stages_) {
        if (run.spec->clock != clock) continue;
        std::size_t place = 0;
        for (const Input& input : run.inputs) {
            const float* data = input.data;
            if (input.window >= 0) {
                const Floats& rows = windows_[static_cast<std::size_t>(input.window)].rows;
                data = from_start ? zeros_.data() : rows.data() + input.offset;
            }
            run.arguments[place++] = data;
        }
        for (const Floats& leaf : run.state) run.arguments[place++] = from_start ? zeros_.data() : leaf.data();
        place = 0;
        for (Floats& output : run.outputs) run.results[place++] = output.data();
        for (Floats& leaf : run.next) run.results[place++] = leaf.data();
        executor_.run(run.number, run.arguments.data(), run.results.data());
    }
}

// Name of the first tensor that is not finite after a run, empty if all are.
std::string Graph::non_finite(Clock clock, bool check_state, bool from_start) const {
    for (const StageRun& run : stages_) {
        if (run.spec->clock != clock) continue;
        for (std::size_t i = 0; i < run.outputs.size(); ++i) {
            if (!finite(run.outputs[i])) return run.spec->name + "." + run.spec->outputs[i].name;
        }
    }
    if (!check_state) return {};
    for (const StageRun& run : stages_) {
        const bool ran = run.spec->clock == clock;
        if (!ran && from_start) continue;
        const std::vector<Floats>& leaves = ran ? run.next : run.state;
        for (std::size_t i = 0; i < leaves.size(); ++i) {
            if (!finite(leaves[i])) return run.spec->name + "." + run.spec->state[i].name;
        }
    }
    for (const Window& window : windows_) {
        if (!from_start && !finite(window.rows)) return window.source;
    }
    return {};
}

void Graph::commit(Clock clock, bool from_start) {
    for (StageRun& run : stages_) {
        if (run.spec->clock == clock) {
            std::swap(run.state, run.next);
        } else if (from_start) {
            for (Floats& leaf : run.state) std::fill(leaf.begin(), leaf.end(), 0.0f);
        }
    }
    for (Window& window : windows_) {
        if (from_start) std::fill(window.rows.begin(), window.rows.end(), 0.0f);
        if (clock != Clock::hop) continue;
        const auto added = static_cast<std::ptrdiff_t>(std::min(window.newest->size(), window.rows.size()));
        std::copy(window.rows.begin() + added, window.rows.end(), window.rows.begin());
        std::copy(window.newest->end() - added, window.newest->end(), window.rows.end() - added);
    }
}

bool Graph::run(Clock clock, bool check_state) {
    run_stages(clock, false);
    if (non_finite(clock, check_state, false).empty()) {
        commit(clock, false);
        return false;
    }
    run_stages(clock, true);
    const std::string again = non_finite(clock, check_state, true);
    if (!again.empty()) broken(again, "also from the start state");
    commit(clock, true);
    return true;
}

void Graph::warm_up() {
    run_stages(Clock::hop, true);
    run_stages(Clock::frame, true);
}

void Graph::reset() {
    for (Floats* leaf : state_tensors()) std::fill(leaf->begin(), leaf->end(), 0.0f);
    for (Floats* rows : windows()) std::fill(rows->begin(), rows->end(), 0.0f);
}

std::vector<Floats*> Graph::state_tensors() {
    std::vector<Floats*> leaves;
    for (StageRun& run : stages_) {
        for (Floats& leaf : run.state) leaves.push_back(&leaf);
    }
    return leaves;
}

std::vector<Floats*> Graph::windows() {
    std::vector<Floats*> rows;
    for (Window& window : windows_) rows.push_back(&window.rows);
    return rows;
}

}  // namespace nowface
