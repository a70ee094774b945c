/**
 * One stream of speech: the samples that wait, the state they lead to, and the account of both.
 *
 * A step takes time, and pushes may come meanwhile. Nothing of the stream changes before the step is done; a hop that was
 * dropped from the queue while it ran counts as dropped, and what the step gave is forgotten.
 */
import { Ledger, type Report } from "./events.js";
import type { Frame, Observer } from "./frame.js";
import { openIntake, tail, take, type Intake, type Pcm } from "./intake.js";
import { start, type StreamState } from "./plan.js";
import { HopQueue, type QueueContent } from "./queue.js";
import { appended, faultOf, noRows, trimmed, type Lines } from "./signals.js";
import type { Shown } from "./retarget.js";
import type { PipelineSpec, SignalSpec, Tensors } from "./spec.js";
import { firstFrameOfHop, nextWork, runFinite, runFrame, runHop, type Machine, type Step } from "./stepping.js";

export interface StreamOptions {
  /** Most samples at 16 kHz that may wait. */
  readonly queueLimit: number;
  readonly healthInterval: number;
  readonly observer: Observer | null;
}

/** A stream at rest. Opaque to apps, and never changed by any session; its arrays are shared, and written by none. */
export interface Snapshot {
  readonly pipeline: PipelineSpec;
  readonly state: StreamState;
  readonly queue: QueueContent;
  readonly intake: Intake | null;
  readonly lines: Lines;
  readonly flushed: boolean;
  readonly report: Report;
  /** What the session showed last, where it retargets. */
  readonly shown: Shown;
}

export class Stream {
  readonly ledger: Ledger;
  private queue: HopQueue;
  private state: StreamState;
  private lines: Lines;
  private intake: Intake | null;
  private ended: boolean;
  private seconds = 0;
  private frameBegun = false;

  constructor(
    private readonly machine: Machine,
    private readonly options: StreamOptions,
    from: Omit<Snapshot, "shown"> | null,
  ) {
    const { plan } = machine;
    this.queue = new HopQueue(plan.clock.hop, from?.queue);
    this.state = from?.state ?? start(plan);
    this.lines = from?.lines ?? noRows(plan.pipeline);
    this.intake = from?.intake ?? null;
    this.ended = from?.flushed ?? false;
    this.ledger = new Ledger(from?.report);
  }

  get flushed(): boolean {
    return this.ended;
  }

  /** Absolute index of the first sample not read yet. */
  get nextSample(): number {
    return this.queue.start;
  }

  /** Delay of the resampler in milliseconds; 0 before the first push. */
  get resamplerDelayMs(): number {
    return this.intake?.resampler.delayMs ?? 0;
  }

  snapshot(): Omit<Snapshot, "shown"> {
    return {
      pipeline: this.machine.plan.pipeline,
      state: this.state,
      queue: this.queue.content(),
      intake: this.intake,
      lines: this.lines,
      flushed: this.ended,
      report: this.ledger.report,
    };
  }

  /** Take a push in, and drop the oldest hops if too many samples wait. */
  push(pcm: Pcm, sampleRate: number | undefined): void {
    let intake = openIntake(this.intake, sampleRate);
    this.options.observer?.onPush(pcm, intake.resampler.rate);
    const at = this.queue.end;
    const firstHop = this.queue.firstHop;
    let nonFinite = 0;
    let clipped = 0;
    for (const taken of take(intake, pcm)) {
      intake = taken.intake;
      nonFinite += taken.nonFinite;
      clipped += taken.clipped;
      this.queue.append(taken.samples);
      this.queue.drop(this.queue.excessHops(this.options.queueLimit));
    }
    this.intake = intake;
    this.ledger.count({ samples: this.queue.end - at, nonFiniteSamples: nonFinite, clippedSamples: clipped });
    if (nonFinite) this.ledger.tell("non_finite_audio", at, nonFinite, `${nonFinite} NaN or infinite samples became 0`);
    if (clipped) this.ledger.tell("clipped_audio", at, clipped, `${clipped} samples beyond [-1, 1] were clipped`);
    if (this.queue.firstHop > firstHop) this.tellDropped(firstHop);
  }

  /** Take the values of a signal in; those that cannot be used are left out, and told. */
  pushSignal(signal: SignalSpec, values: Tensors, sample: number | undefined): void {
    const at = sample ?? this.queue.end;
    const fault = faultOf(signal, values);
    if (fault) {
      this.ledger.count({ droppedSignals: 1 });
      this.ledger.tell(fault[0], at, 1, fault[1]);
      return;
    }
    const [line, dropped] = appended(this.lines[signal.name], signal.name, { sample: at, tensors: values });
    this.options.observer?.onSignal(signal.name, values, at, this.state.frame + (this.frameBegun ? 1 : 0));
    this.lines = { ...this.lines, [signal.name]: line };
    this.ledger.count({ signals: 1, droppedSignals: dropped });
    if (dropped) {
      const message = `${dropped} values of ${signal.name} waited too long for their frame; poll more often`;
      this.ledger.tell("dropped_signal", at, dropped, message);
    }
  }

  /** End the stream: the resampler's tail, then zeros for the last frame. */
  flush(): void {
    const { clock } = this.machine.plan;
    const at = this.queue.end;
    if (this.intake) this.queue.append(tail(this.intake));
    const frames = clock.framesCovering(this.queue.end);
    if (frames) this.queue.append(new Float32Array(clock.newestSample(frames - 1) - this.queue.end));
    this.ledger.count({ samples: this.queue.end - at });
    this.ended = true;
  }

  /** Run steps until a frame is made; null when samples are missing. Calls must not overlap. */
  async nextFrame(): Promise<Frame | null> {
    for (;;) {
      switch (nextWork(this.machine.plan, this.state, this.queue.start, this.queue.end)) {
        case "run_hop":
          await this.runHop();
          break;
        case "run_frame":
          return await this.runFrame();
        case "skip_frames":
          this.state = { ...this.state, frame: firstFrameOfHop(this.machine.plan, this.queue.firstHop) };
          break;
        case "wait":
          return null;
      }
    }
  }

  private async runHop(): Promise<void> {
    const hop = this.queue.firstHop;
    const pcm = this.queue.peek();
    const [step, seconds] = await this.timed((state) => runHop(this.machine, state, hop, pcm), false);
    this.seconds += seconds;
    if (this.queue.firstHop > hop) return;
    this.queue.drop(1);
    this.moveTo(step);
  }

  private async runFrame(): Promise<Frame> {
    const { plan } = this.machine;
    const index = this.state.frame;
    const lines = this.lines;
    const checkState = (index + 1) % this.options.healthInterval === 0;
    this.frameBegun = true;
    try {
      const [step, seconds] = await this.timed((state) => runFrame(this.machine, state, lines), checkState);
      const frame = {
        index,
        dueSample: plan.clock.due(index),
        values: step.outputs[plan.pipeline.values],
        outputs: step.outputs,
      };
      this.options.observer?.onFrame(frame, step.state.states, this.seconds + seconds);
      this.moveTo(step);
      this.seconds = 0;
      this.ledger.count({ frames: 1 });
      const until = plan.clock.newestSample(this.state.frame);
      this.lines = Object.fromEntries(Object.entries(this.lines).map(([name, line]) => [name, trimmed(line, until)]));
      return frame;
    } finally {
      this.frameBegun = false;
    }
  }

  /** Run a step from the present state: what it gave and the seconds it took. The stream stays where it is. */
  private async timed(run: (state: StreamState) => Promise<Step>, checkState: boolean): Promise<[Step, number]> {
    const began = performance.now();
    const step = await runFinite(this.machine, this.state, run, checkState);
    return [step, (performance.now() - began) / 1000];
  }

  private moveTo(step: Step): void {
    if (step.restartedFor) {
      this.ledger.count({ restarts: 1 });
      const message = `${step.restartedFor} was not finite: all states start anew at frame ${this.state.frame}`;
      this.ledger.tell("restarted_state", (step.state.newestHop + 1) * this.queue.hop, 1, message);
    }
    this.state = step.state;
  }

  /** Account for the hops from `firstHop` on that left the queue unread. */
  private tellDropped(firstHop: number): void {
    const { plan } = this.machine;
    const samples = (this.queue.firstHop - firstHop) * this.queue.hop;
    const frames = firstFrameOfHop(plan, this.queue.firstHop) - firstFrameOfHop(plan, firstHop);
    this.ledger.count({ droppedSamples: samples, skippedFrames: frames });
    const message = `the queue was full: ${samples} samples and ${frames} frames dropped; poll more often`;
    this.ledger.tell("dropped_audio", firstHop * this.queue.hop, samples, message);
  }
}
