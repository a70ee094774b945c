/** A session: one stream of speech through one face. */
import { SessionError, UsageError } from "./errors.js";
import type { Report, SessionEvent } from "./events.js";
import type { Executor } from "./executor.js";
import type { Frame, Observer } from "./frame.js";
import { checkParameters, copyGiven, type Given } from "./given.js";
import { checkPcm, type Pcm } from "./intake.js";
import { checkSeed } from "./noise.js";
import { makePlan } from "./plan.js";
import { NOTHING_SHOWN, retargetFrame, withStrength, type Retarget, type Shown } from "./retarget.js";
import { parseRetarget } from "./retarget_file.js";
import { checkSample, findSignal } from "./signals.js";
import { SAMPLE_RATE, type PipelineSpec } from "./spec.js";
import { prepare, type Machine } from "./stepping.js";
import { Stream, type Snapshot, type StreamOptions } from "./stream.js";

export interface SessionOptions {
  /** Most audio that may wait, in seconds, at least one hop; 600 if left out. Beyond it the oldest is dropped and told. */
  queueSeconds?: number;
  /** Frames between two looks at the state for NaN; 30 if left out. */
  healthInterval?: number;
  /** Of a sampled model's noise, 0 to 2^64 - 1; the likeliest choices if left out. */
  seed?: number | bigint | null;
  /** Told of every push, signal and frame. */
  observer?: Observer;
  /** The text of a retarget file: what is done to the channels of a frame. */
  retarget?: string | null;
  /** Names of a frame's values, which a retarget goes by; a bundle gives its own. */
  channels?: readonly string[];
}

/**
 * Streams speech through a model: `push` samples in, `poll` animation frames out.
 *
 *     session.push(samples);
 *     for await (const frame of session.poll()) show(frame.values);
 *
 * Frame t is computed from the samples before `dueSample + lookahead` and from nothing else; the frames are the same to
 * the bit however the samples are cut into pushes and wherever polls fall between them, so long as no audio is dropped.
 * It is the session of the Python reference (`sdk.runtime.Session`) with one difference: steps take turns with the
 * caller, so pushes and every other verb may come while a poll is waiting for its frame. Overlapping polls share the
 * frames: each frame goes to one of them.
 */
export class Session {
  private stream: Stream;
  private closed = false;
  private last: Promise<unknown> = Promise.resolve();
  private retarget: Retarget | null = null;
  private shown: Shown = NOTHING_SHOWN;

  private constructor(
    private readonly machine: Machine,
    private readonly options: StreamOptions,
    private readonly channels: readonly string[],
  ) {
    this.stream = new Stream(machine, options, null);
  }

  /** Check the options and run the prepare stages, once. The executor is shared, and not closed by the session. */
  static async create(
    pipeline: PipelineSpec,
    executor: Executor,
    parameters: Given,
    { queueSeconds = 600, healthInterval = 30, seed, observer, retarget, channels = [] }: SessionOptions = {},
  ): Promise<Session> {
    if (!(Number.isFinite(queueSeconds) && queueSeconds * SAMPLE_RATE >= pipeline.hop)) {
      throw new UsageError("queueSeconds", `${queueSeconds} s does not hold a hop`, "use a second or more");
    }
    if (!(Number.isInteger(healthInterval) && healthInterval >= 1)) {
      throw new UsageError("healthInterval", `${healthInterval} is no number of frames`, "use a whole number from 1 on");
    }
    const given = checkParameters(pipeline, parameters);
    const machine = await prepare(makePlan(pipeline), executor, given, checkSeed(seed));
    const queueLimit = Math.floor(queueSeconds * SAMPLE_RATE);
    const session = new Session(machine, { queueLimit, healthInterval, observer: observer ?? null }, channels);
    session.setRetarget(retarget ?? null);
    return session;
  }

  /** The stages and clocks the session runs. */
  get pipeline(): PipelineSpec {
    return this.machine.plan.pipeline;
  }

  /** Sums over the stream since its start. Still there after `close`. */
  get report(): Report {
    return this.stream.ledger.report;
  }

  /** What the session put right by itself since the start, reset or restore: the newest 256, oldest first. */
  get events(): readonly SessionEvent[] {
    return this.stream.ledger.events;
  }

  /** How much later than its due time a frame can come out, computing time apart: lookahead and resampler. */
  get delayMs(): number {
    this.checkOpen();
    return (this.pipeline.lookahead_samples * 1000) / SAMPLE_RATE + this.stream.resamplerDelayMs;
  }

  /** Absolute index at 16 kHz of the first sample not read yet. */
  get nextSample(): number {
    this.checkOpen();
    return this.stream.nextSample;
  }

  /**
   * Take samples in. They are copied; no model runs.
   *
   * @param pcm mono samples, any number: floats in [-1, 1] or 16 bits.
   * @param sampleRate in Hz, 4000 to 768000; fixed by the first push, 16000 if left out there.
   */
  push(pcm: Pcm, sampleRate?: number): void {
    this.checkFlowing("push");
    this.stream.push(checkPcm(pcm), sampleRate);
  }

  /**
   * Take in values of a signal. Values that are not finite or out of range are not taken in: an event tells.
   *
   * @param sample absolute index at 16 kHz of the time they were captured at; the end of the samples so far if left out.
   */
  pushSignal(name: string, values: Given, sample?: number): void {
    this.checkFlowing("pushSignal");
    const signal = findSignal(this.pipeline, name);
    this.stream.pushSignal(signal, copyGiven(values, signal.tensors, `${name} tensor`), checkSample(name, sample));
  }

  /**
   * The frames that can be computed from the samples so far, in order. The model runs as the iterator is advanced;
   * leaving it half-way loses nothing.
   */
  async *poll(): AsyncGenerator<Frame, void, void> {
    for (let frame = await this.nextFrame(); frame; frame = await this.nextFrame()) yield frame;
  }

  /** The next frame, or null if samples are missing. */
  nextFrame(): Promise<Frame | null> {
    const turn = this.last.then(() => this.computeFrame());
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Fit the channels of the frames that follow to an avatar: gain, offset, limits, smoothing and knobs.
   *
   * @param json the text of a retarget file, or null to show what the model gives again.
   */
  setRetarget(json: string | null): void {
    this.checkOpen();
    this.retarget = json === null ? null : parseRetarget(json, this.channels);
    if (json === null) this.shown = NOTHING_SHOWN;
  }

  /** Turn a knob of the retarget, such as `jaw`, to a strength of 0 to 2; 1 changes nothing. The next frame follows it. */
  setStrength(knob: string, strength: number): void {
    this.checkOpen();
    if (!this.retarget) throw new UsageError(`knob ${knob}`, "the session does not retarget", "call setRetarget first");
    this.retarget = withStrength(this.retarget, knob, strength);
  }

  /** End the stream: the frames that remain follow, `ceil(samples * frame rate / 16000)` in all. */
  flush(): void {
    this.checkFlowing("flush");
    this.stream.flush();
  }

  /** Begin a new stream, as a new session with the same parameters would. */
  reset(): void {
    this.checkOpen();
    this.stream = new Stream(this.machine, this.options, null);
    this.shown = NOTHING_SHOWN;
  }

  /** The stream as it stands, to be restored any number of times. Cheap: it copies references. */
  snapshot(): Snapshot {
    this.checkOpen();
    return { ...this.stream.snapshot(), shown: this.shown };
  }

  /** Go on from a snapshot of this session or another of the same bundle. */
  restore(snapshot: Snapshot): void {
    this.checkOpen();
    if (snapshot?.pipeline !== this.pipeline) {
      throw new SessionError("snapshot", "it is not of this pipeline", "restore it on a session of the same bundle");
    }
    this.stream = new Stream(this.machine, this.options, snapshot);
    this.shown = snapshot.shown;
  }

  /** Free what the session holds; report and events stay. The bundle stays open. Closing twice is allowed. */
  close(): void {
    this.closed = true;
  }

  private async computeFrame(): Promise<Frame | null> {
    for (;;) {
      this.checkOpen();
      const stream = this.stream;
      const frame = await stream.nextFrame();
      // A reset or restore while the step ran: its frame belongs to a stream that is no more.
      if (stream === this.stream) return frame && this.fitted(frame);
    }
  }

  /** The frame as it is shown; what it shows now is remembered. */
  private fitted(frame: Frame): Frame {
    if (!this.retarget) return frame;
    this.shown = retargetFrame(this.retarget, this.pipeline.frame_rate, frame.index, frame.values, this.shown);
    return { ...frame, values: this.shown.values.slice() };
  }

  private checkFlowing(verb: string): void {
    this.checkOpen();
    if (this.stream.flushed) throw new SessionError(verb, "the stream was flushed", "call reset() to begin a new one");
  }

  private checkOpen(): void {
    if (this.closed) throw new SessionError("session", "it is closed", "open a new one");
  }
}
