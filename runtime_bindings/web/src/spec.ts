/** What a manifest says, as types: the records of `sdk.spec` and `sdk.bundle.manifest`, defaults filled in. */

/** Samples a second of every stream; all absolute sample indices count these. */
export const SAMPLE_RATE = 16_000;

export type Clock = "prepare" | "hop" | "frame";

/** One named tensor; `unit` is `1` for pure numbers. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly unit: string;
}

/** A stage's input and where it comes from, such as `audio.pcm` or `STAGE.OUTPUT`. */
export interface InputSpec extends TensorSpec {
  readonly source: string;
}

/** One program on the device: `step(inputs, state) -> (outputs, state)`. The state starts as zeros. */
export interface StageSpec {
  readonly name: string;
  readonly clock: Clock;
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly state: readonly TensorSpec[];
}

/** A rational number of frames a second. */
export interface FrameRate {
  readonly num: number;
  readonly den: number;
}

/** A tensor of a signal, and the lowest and highest number that it may hold. */
export interface SignalTensor extends TensorSpec {
  readonly low: number;
  readonly high: number;
}

/** What an app may give beside the sound. Values older than `hold_samples` are not seen any more. */
export interface SignalSpec {
  readonly name: string;
  readonly tensors: readonly SignalTensor[];
  readonly hold_samples: number;
}

/** The stages of a model in the order they run, and the clocks they run on. */
export interface PipelineSpec {
  readonly hop: number;
  readonly frame_rate: FrameRate;
  readonly lookahead_samples: number;
  readonly parameters: readonly TensorSpec[];
  readonly signals: readonly SignalSpec[];
  readonly stages: readonly StageSpec[];
  readonly values: string;
}

export interface FileRecord {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface TargetRecord {
  readonly target: string;
  readonly precision: string;
  readonly artefacts: Readonly<Record<string, string>>;
}

/** The parts of `manifest.json` that a session uses. */
export interface Manifest {
  readonly format_version: 1;
  readonly model: { readonly name: string; readonly title: string; readonly licence: string; readonly trained: boolean };
  readonly pipeline: PipelineSpec;
  readonly unit: string;
  readonly channels: readonly string[];
  readonly files: readonly FileRecord[];
  readonly targets: readonly TargetRecord[];
  readonly parameters: string;
  readonly basis: string | null;
  readonly vectors: string | null;
}

/** Name -> values in C order; the shape is the spec's. */
export type Tensors = Readonly<Record<string, Float32Array>>;

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Inputs then state: the order of the lowered program's arguments. */
export function graphInputs(stage: StageSpec): readonly TensorSpec[] {
  return [...stage.inputs, ...stage.state];
}

/** Outputs then next state: the order of the lowered program's results. */
export function graphOutputs(stage: StageSpec): readonly TensorSpec[] {
  return [...stage.outputs, ...stage.state.map((tensor) => ({ ...tensor, name: nextName(tensor) }))];
}

/** Name of a state tensor among the results of the lowered program. */
export function nextName(state: TensorSpec): string {
  return `next_${state.name}`;
}
