/**
 * Values that an app gives beside the sound, at its own pace, and what a frame sees of them.
 *
 * A line holds the values of one signal that frames may still need, oldest first. It is a value: adding to it or trimming
 * it gives a new one, so that a snapshot is a reference.
 */
import type { SampleClock } from "./clock.js";
import { SessionError, UsageError } from "./errors.js";
import type { EventKind } from "./events.js";
import { isFinite } from "./given.js";
import { sizeOf, type PipelineSpec, type SignalSpec, type Tensors } from "./spec.js";

/** Most values of a signal that wait for their frames: over 4 s of a tracker at 60 a second. */
export const ROWS_KEPT = 256;

/** Values captured at one time, an absolute index at 16 kHz. */
export interface Row {
  readonly sample: number;
  readonly tensors: Tensors;
}

/** Signal -> rows that frames may still need, oldest first. */
export type Lines = Readonly<Record<string, readonly Row[]>>;

/** The start of a stream: nothing known of any signal. */
export function noRows(pipeline: PipelineSpec): Lines {
  return Object.fromEntries(pipeline.signals.map((signal) => [signal.name, []]));
}

export function findSignal(pipeline: PipelineSpec, name: string): SignalSpec {
  const found = pipeline.signals.find((signal) => signal.name === name);
  if (found) return found;
  const names = pipeline.signals.map((signal) => signal.name).join(", ") || "none";
  throw new UsageError(`signal ${name}`, "the model has no such signal", `its signals are: ${names}`);
}

/** Why these values cannot be taken in, for an event; null if they can. */
export function faultOf(signal: SignalSpec, values: Tensors): [EventKind, string] | null {
  if (!signal.tensors.every((spec) => isFinite(values[spec.name]))) {
    return ["non_finite_signal", `${signal.name} holds NaN or infinite values: not taken in`];
  }
  for (const spec of signal.tensors) {
    const beyond = values[spec.name].find((value) => value < spec.low || value > spec.high);
    if (beyond !== undefined) {
      const message = `${signal.name}.${spec.name} holds ${beyond}, beyond ${spec.low} to ${spec.high}: not taken in`;
      return ["out_of_range_signal", message];
    }
  }
  return null;
}

export function checkSample(name: string, sample: number | undefined): number | undefined {
  if (sample !== undefined && !(Number.isSafeInteger(sample) && sample >= 0)) {
    throw new UsageError(`signal ${name}`, `${sample} is no sample index`, "give a whole number from 0 on, or none");
  }
  return sample;
}

/** The line with `row` at its end, and how many rows were dropped because too many wait. */
export function appended(line: readonly Row[], name: string, row: Row): [readonly Row[], number] {
  const newest = line[line.length - 1];
  if (newest && row.sample < newest.sample) {
    const problem = `captured at sample ${row.sample}, before the newest at ${newest.sample}`;
    throw new SessionError(`signal ${name}`, problem, "push values in the order of their time");
  }
  const longer = [...line, row];
  const dropped = Math.max(0, longer.length - ROWS_KEPT);
  return [longer.slice(dropped), dropped];
}

/** The line without rows that no frame from sample `until` on can see: all but the newest up to there. */
export function trimmed(line: readonly Row[], until: number): readonly Row[] {
  const past = line.filter((row) => row.sample <= until).length;
  return line.slice(Math.max(0, past - 1));
}

/** Index of the first frame that sees a value of time `sample`, if it is there when the frame is computed. */
export function firstToSee(clock: SampleClock, sample: number): number {
  return clock.framesReady(sample - 1);
}

/** What a frame that may look up to sample `until` sees: `SIGNAL.TENSOR` -> value; zeros where nothing is known. */
export function seen(pipeline: PipelineSpec, lines: Lines, until: number): Tensors {
  const sources: Record<string, Float32Array> = {};
  for (const signal of pipeline.signals) {
    const past = lines[signal.name].filter((row) => row.sample <= until);
    const newest = past[past.length - 1];
    const held = newest && until - newest.sample <= signal.hold_samples;
    for (const spec of signal.tensors) {
      sources[`${signal.name}.${spec.name}`] = held ? newest.tensors[spec.name] : new Float32Array(sizeOf(spec.shape));
    }
  }
  return sources;
}
