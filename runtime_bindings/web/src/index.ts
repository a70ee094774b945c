/** nowface in the browser: speech in, a moving face out, without waiting for the future. */
export { Bundle, type SessionChoice } from "./bundle.js";
export { BundleError, NowfaceError, NumericalError, SessionError, TargetError, UsageError, type Defect } from "./errors.js";
export type { EventKind, Report, SessionEvent } from "./events.js";
export type { Executor } from "./executor.js";
export { MapFiles, UrlFiles, type Files } from "./files.js";
export type { Frame, Observer } from "./frame.js";
export { STATUSES, type Status } from "./generated/statuses.js";
export { VERSION } from "./generated/version.js";
export type { Given } from "./given.js";
export type { Pcm } from "./intake.js";
export type { RuntimeOptions } from "./ort_executor.js";
export { TraceRecorder } from "./recorder.js";
export { replay, type ReplayOptions } from "./replay.js";
export { readSafetensors, writeSafetensors, type Tensor } from "./safetensors.js";
export { Session, type SessionOptions } from "./session.js";
export type { Manifest, PipelineSpec } from "./spec.js";
export type { Snapshot } from "./stream.js";
export { Trace, type SignalRows, type TraceContent } from "./trace.js";
