/** Records a session into a `Trace`: an observer, so that the session itself knows nothing of files. */
import { SampleClock } from "./clock.js";
import { leafDigest } from "./digest.js";
import type { Frame, Observer } from "./frame.js";
import type { Pcm } from "./intake.js";
import type { States } from "./plan.js";
import type { Tensor } from "./safetensors.js";
import { firstToSee } from "./signals.js";
import { SAMPLE_RATE, sizeOf, type PipelineSpec, type TensorSpec, type Tensors } from "./spec.js";
import { Trace, type SignalRows } from "./trace.js";

/** One value of a signal; the first frame that its time lets see it, and the first that could. */
interface Kept {
  readonly sample: number;
  readonly inTime: number;
  readonly seenFrom: number;
  readonly values: Tensors;
}

/** Give it to a session as its observer; take `trace()` at any time. Memory grows with the stream. */
export class TraceRecorder implements Observer {
  private readonly clock: SampleClock;
  private readonly leaves: readonly (readonly [string, string])[];
  private readonly outputs: readonly (readonly [string, TensorSpec])[];
  private readonly pushes: Pcm[] = [];
  private readonly frames: { frame: Frame; digests: number[]; seconds: number }[] = [];
  private readonly given = new Map<string, Kept[]>();
  private rate = SAMPLE_RATE;

  constructor(
    private readonly pipeline: PipelineSpec,
    private readonly seed: bigint | null = null,
  ) {
    this.clock = SampleClock.of(pipeline);
    this.leaves = pipeline.stages.flatMap((stage) => stage.state.map((leaf) => [stage.name, leaf.name] as const));
    this.outputs = pipeline.stages
      .filter((stage) => stage.clock === "frame")
      .flatMap((stage) => stage.outputs.map((output) => [`${stage.name}.${output.name}`, output] as const));
  }

  onPush(pcm: Pcm, sampleRate: number): void {
    this.rate = sampleRate;
    this.pushes.push(pcm.slice());
  }

  onSignal(name: string, values: Tensors, sample: number, nextFrame: number): void {
    const inTime = firstToSee(this.clock, sample);
    const kept = { sample, inTime, seenFrom: Math.max(inTime, nextFrame), values };
    this.given.set(name, [...(this.given.get(name) ?? []), kept]);
  }

  onFrame(frame: Frame, states: States, seconds: number): void {
    const digests = this.leaves.flatMap(([stage, leaf]) => leafDigest(states[stage][leaf]));
    // The frame is the app's as well: what it does with the arrays must not change the record.
    const outputs = Object.fromEntries(this.outputs.map(([name]) => [name, frame.outputs[name].slice()]));
    this.frames.push({ frame: { ...frame, outputs }, digests, seconds });
  }

  /** What was recorded so far; `metadata` is free text: target, precision, model, device, ... */
  trace(metadata: Readonly<Record<string, string>> = {}): Trace {
    const stacked = (name: string, spec: TensorSpec): Tensor<Float32Array> => ({
      shape: [this.frames.length, ...spec.shape],
      data: joined(this.frames.map(({ frame }) => frame.outputs[name]), this.frames.length * sizeOf(spec.shape)),
    });
    return new Trace({
      pcm: joinedPcm(this.pushes),
      sampleRate: this.rate,
      chunks: this.pushes.map((push) => push.length),
      index: this.frames.map(({ frame }) => frame.index),
      dueSample: this.frames.map(({ frame }) => frame.dueSample),
      seconds: Float32Array.from(this.frames, ({ seconds }) => seconds),
      outputs: new Map(this.outputs.map(([name, spec]) => [name, stacked(name, spec)])),
      digestNames: this.leaves.map(([stage, leaf]) => `${stage}.${leaf}`),
      digests: Float32Array.from(this.frames.flatMap(({ digests }) => digests)),
      signals: new Map([...this.given].map(([name, kept]) => [name, this.rows(name, kept)])),
      seed: this.seed,
      metadata,
    });
  }

  private rows(name: string, kept: readonly Kept[]): SignalRows {
    const tensors = this.pipeline.signals.find((signal) => signal.name === name)?.tensors ?? [];
    const late = kept.some((row) => row.seenFrom > row.inTime);
    return {
      sample: kept.map((row) => row.sample),
      tensors: new Map(
        tensors.map((spec) => {
          const data = joined(kept.map((row) => row.values[spec.name]), kept.length * sizeOf(spec.shape));
          return [spec.name, { shape: [kept.length, ...spec.shape], data }];
        }),
      ),
      seenFrom: late ? kept.map((row) => row.seenFrom) : null,
    };
  }
}

function joined(pieces: readonly Float32Array[], length: number): Float32Array {
  const whole = new Float32Array(length);
  pieces.reduce((at, piece) => (whole.set(piece, at), at + piece.length), 0);
  return whole;
}

/** Pushes of both types are given as float32. */
function joinedPcm(pushes: readonly Pcm[]): Pcm {
  const length = pushes.reduce((sum, push) => sum + push.length, 0);
  if (pushes.length && pushes.every((push) => push instanceof Int16Array)) {
    const whole = new Int16Array(length);
    pushes.reduce((at, push) => (whole.set(push, at), at + push.length), 0);
    return whole;
  }
  return joined(pushes.map((push) => (push instanceof Int16Array ? Float32Array.from(push, (s) => s / 32_768) : push)), length);
}
