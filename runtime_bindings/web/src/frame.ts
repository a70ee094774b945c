/** One animation frame as a session gives it, and those who watch a session. */
import type { Pcm } from "./intake.js";
import type { States } from "./plan.js";
import type { Tensors } from "./spec.js";

/** One animation frame. Its arrays belong to the caller. */
export interface Frame {
  /** From 0. It jumps where audio was dropped and never goes back. */
  readonly index: number;
  /** Absolute index at 16 kHz of the first sample after the frame's time. */
  readonly dueSample: number;
  /** What the app shows: a value a channel, or x y z of each vertex in the bundle's unit. */
  readonly values: Float32Array;
  /**
   * Every output of the frame stages by its source name, `STAGE.OUTPUT`, as the model gave it. `values` is one of them, or
   * made of it where the session retargets.
   */
  readonly outputs: Tensors;
}

/** Told what went into a session and what came out, before the app sees it. Copy what must last, write nothing. */
export interface Observer {
  /** A push was accepted: the samples as the app gave them. */
  onPush(pcm: Pcm, sampleRate: number): void;
  /** Values of a signal were accepted; frames before `nextFrame` are computed, or being computed, without them. */
  onSignal(name: string, values: Tensors, sample: number, nextFrame: number): void;
  /** A frame was computed; `states` are those after it, `seconds` the time in the executor since the frame before. */
  onFrame(frame: Frame, states: States, seconds: number): void;
}
