/**
 * One step of a stream: what to do next, and the state after it.
 *
 * The order of a stream's steps follows from the clock alone: a frame is computed when the newest hop it may use was run
 * and the last sample it may use has arrived, before any later hop is run. How the samples were cut on their way in
 * cannot change a result.
 */
import { NumericalError } from "./errors.js";
import type { Executor } from "./executor.js";
import { isFinite } from "./given.js";
import { uniforms } from "./noise.js";
import { PCM, PHASE, start, type Plan, type States, type StreamState } from "./plan.js";
import { seen, type Lines } from "./signals.js";
import { sizeOf, type StageSpec, type Tensors } from "./spec.js";

/** What a session computes with and never changes. */
export interface Machine {
  readonly plan: Plan;
  readonly executor: Executor;
  /** The parameters and the outputs of the prepare stages. */
  readonly constants: Tensors;
  readonly seed: bigint | null;
}

/** What a step gave. */
export interface Step {
  readonly state: StreamState;
  /** Of the stages it ran. */
  readonly outputs: Tensors;
  /** The tensor whose non-finite value made the step run again from the start state; empty when all was well. */
  readonly restartedFor: string;
}

export type Work = "run_hop" | "run_frame" | "skip_frames" | "wait";

/** Decide the next step of a stream whose unread samples are [queueStart, queueEnd). */
export function nextWork(plan: Plan, state: StreamState, queueStart: number, queueEnd: number): Work {
  const wantedHop = plan.clock.newestHop(state.frame);
  if (wantedHop <= state.newestHop) return plan.clock.newestSample(state.frame) <= queueEnd ? "run_frame" : "wait";
  if (wantedHop < queueStart / plan.clock.hop) return "skip_frames";
  return queueEnd - queueStart >= plan.clock.hop ? "run_hop" : "wait";
}

/** Index of the first frame whose newest hop is `hop` or a later one. */
export function firstFrameOfHop(plan: Plan, hop: number): number {
  return plan.clock.framesReady((hop + 1) * plan.clock.hop - 1);
}

/** Run the prepare stages on a session's parameters. */
export async function prepare(plan: Plan, executor: Executor, given: Tensors, seed: bigint | null): Promise<Machine> {
  const parameters = Object.fromEntries(Object.entries(given).map(([name, value]) => [`parameter.${name}`, value]));
  const [made] = await runStages(executor, plan.prepare, parameters, {});
  const atFault = nonFinite(made);
  if (atFault) throw broken(executor, atFault, "while the session was prepared");
  return { plan, executor, constants: { ...parameters, ...made }, seed };
}

/** Run the hop stages on the samples (hop,) of hop number `hop` and move the windows on. */
export async function runHop(machine: Machine, state: StreamState, hop: number, pcm: Float32Array): Promise<Step> {
  const sources = { ...machine.constants, [PCM]: pcm };
  const [made, states] = await runStages(machine.executor, machine.plan.hop, sources, state.states);
  const rows: Tensors = { [PCM]: pcm, ...made };
  const windows = Object.fromEntries(
    Object.entries(state.windows).map(([source, window]) => [source, movedOn(window, rows[source])]),
  );
  return { state: { states, windows, newestHop: hop, frame: state.frame }, outputs: made, restartedFor: "" };
}

/** Run the frame stages for the next frame, which sees the signals in `lines`. */
export async function runFrame(machine: Machine, state: StreamState, lines: Lines): Promise<Step> {
  const { plan, seed } = machine;
  const drawn = plan.noise.map(([source, size], number) => [source, uniforms(seed, number, state.frame, size)] as const);
  const sources: Tensors = {
    ...machine.constants,
    ...state.windows,
    [PHASE]: Float32Array.of(plan.clock.phase(state.frame)),
    ...seen(plan.pipeline, lines, plan.clock.newestSample(state.frame)),
    ...Object.fromEntries(drawn),
  };
  const [made, states] = await runStages(machine.executor, plan.frame, sources, state.states);
  return { state: { ...state, states, frame: state.frame + 1 }, outputs: made, restartedFor: "" };
}

/** Run a step; if it gives a non-finite value, run it again from the start state at the same place of the stream. */
export async function runFinite(
  machine: Machine,
  state: StreamState,
  run: (state: StreamState) => Promise<Step>,
  checkState: boolean,
): Promise<Step> {
  const step = await run(state);
  const atFault = stepNonFinite(step, checkState);
  if (!atFault) return step;
  const second = await run(start(machine.plan, state.newestHop, state.frame));
  const again = stepNonFinite(second, checkState);
  if (again) throw broken(machine.executor, again, `at frame ${state.frame}, also from the start state`);
  return { ...second, restartedFor: atFault };
}

/** Run stages in order: the outputs they made, by source name, and all states after them. */
async function runStages(
  executor: Executor,
  stages: readonly StageSpec[],
  sources: Tensors,
  states: States,
): Promise<[Tensors, States]> {
  const made: Record<string, Float32Array> = {};
  const after: Record<string, Tensors> = { ...states };
  for (const stage of stages) {
    const tensors: Record<string, Float32Array> = { ...after[stage.name] };
    for (const wanted of stage.inputs) {
      const source = made[wanted.source] ?? sources[wanted.source];
      // A window may have been kept longer for another stage: this one wants its newest rows.
      tensors[wanted.name] = source.subarray(source.length - sizeOf(wanted.shape));
    }
    const results = await executor.run(stage.name, tensors);
    for (const output of stage.outputs) made[`${stage.name}.${output.name}`] = results[output.name];
    after[stage.name] = Object.fromEntries(stage.state.map((tensor) => [tensor.name, results[tensor.name]]));
  }
  return [made, after];
}

function movedOn(window: Float32Array, newest: Float32Array): Float32Array {
  const kept = Math.max(0, window.length - newest.length);
  const moved = new Float32Array(window.length);
  moved.set(window.subarray(window.length - kept));
  moved.set(newest.subarray(newest.length - (window.length - kept)), kept);
  return moved;
}

function stepNonFinite(step: Step, checkState: boolean): string {
  const atFault = nonFinite(step.outputs);
  if (atFault || !checkState) return atFault;
  for (const [stage, tensors] of Object.entries(step.state.states)) {
    const name = nonFinite(tensors);
    if (name) return `${stage}.${name}`;
  }
  return nonFinite(step.state.windows);
}

/** Name of the first array that holds a NaN or an infinity; empty if none does. */
function nonFinite(named: Tensors): string {
  return Object.entries(named).find(([, values]) => !isFinite(values))?.[0] ?? "";
}

function broken(executor: Executor, tensor: string, when: string): NumericalError {
  return new NumericalError(
    tensor,
    `not finite on ${executor.target} ${executor.precision} ${when}`,
    "the artefact or its weights are broken: check the bundle with python -m sdk parity",
  );
}
