/** What runs a stage. An executor is a loaded model without any stream, so that many sessions share one. */
import type { Tensors } from "./spec.js";

export interface Executor {
  readonly target: string;
  readonly precision: string;
  /** What runs it, for traces, such as `onnxruntime-web 1.30.0`. */
  readonly runtime: string;
  /**
   * Run one step: a pure function of every input and state tensor, by name.
   *
   * Gives every output by name, and every state tensor by its name in the spec (without `next_`). The arrays are the
   * caller's. Calls may overlap; they are run one after the other.
   */
  run(stage: string, tensors: Tensors): Promise<Tensors>;
  /** Free the model. A run that follows rejects with a SessionError. */
  close(): Promise<void>;
}
