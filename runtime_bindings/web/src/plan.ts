/** What a session works out from a pipeline once: the stages by clock, the windows to keep, the start of a stream. */
import { SampleClock } from "./clock.js";
import { sizeOf, type PipelineSpec, type StageSpec, type Tensors } from "./spec.js";

export const PCM = "audio.pcm";
export const PHASE = "clock.phase";

/** Stage -> state tensor -> value. */
export type States = Readonly<Record<string, Tensors>>;

/** Where a stream stands between two steps. A value: steps make a new one and write into no array of the old. */
export interface StreamState {
  /** Of every stage on the hop and frame clocks. */
  readonly states: States;
  /** Source on the hop clock -> its newest rows, oldest first; zeros before the stream's start. */
  readonly windows: Tensors;
  /** Index of the newest hop that was run, -1 before the first. */
  readonly newestHop: number;
  /** Index of the next frame. */
  readonly frame: number;
}

/** A pipeline in the form that stepping needs. */
export interface Plan {
  readonly pipeline: PipelineSpec;
  readonly clock: SampleClock;
  readonly prepare: readonly StageSpec[];
  readonly hop: readonly StageSpec[];
  readonly frame: readonly StageSpec[];
  /** Source on the hop clock -> elements of the rows that frame stages look back on, the longest wanted. */
  readonly windowSizes: Readonly<Record<string, number>>;
  /** Source and elements of the noise of a frame, in the order that numbers them. */
  readonly noise: readonly (readonly [string, number])[];
}

export function makePlan(pipeline: PipelineSpec): Plan {
  const on = (clock: string): StageSpec[] => pipeline.stages.filter((stage) => stage.clock === clock);
  const hop = on("hop");
  const onHop = new Set([PCM, ...hop.flatMap((stage) => stage.outputs.map((output) => `${stage.name}.${output.name}`))]);
  const windowSizes: Record<string, number> = {};
  const noise = new Map<string, number>();
  for (const wanted of pipeline.stages.flatMap((stage) => (stage.clock === "frame" ? stage.inputs : []))) {
    const size = sizeOf(wanted.shape);
    if (onHop.has(wanted.source)) windowSizes[wanted.source] = Math.max(windowSizes[wanted.source] ?? 0, size);
    if (wanted.source.startsWith("noise.") && !noise.has(wanted.source)) noise.set(wanted.source, size);
  }
  const clock = SampleClock.of(pipeline);
  return { pipeline, clock, prepare: on("prepare"), hop, frame: on("frame"), windowSizes, noise: [...noise] };
}

/** The start of a stream: every state and window zero. A restart in mid-stream keeps the place it had reached. */
export function start(plan: Plan, newestHop = -1, frame = 0): StreamState {
  const zeros = (stage: StageSpec): Tensors =>
    Object.fromEntries(stage.state.map((tensor) => [tensor.name, new Float32Array(sizeOf(tensor.shape))]));
  return {
    states: Object.fromEntries([...plan.hop, ...plan.frame].map((stage) => [stage.name, zeros(stage)])),
    windows: Object.fromEntries(Object.entries(plan.windowSizes).map(([source, size]) => [source, new Float32Array(size)])),
    newestHop,
    frame,
  };
}
