/** What a session tells about a stream that did not go as it should: events one by one, a report in sums. */

/** A session keeps its newest events only, so that a stream of any length costs the same memory. */
export const EVENTS_KEPT = 256;

export type EventKind =
  | "dropped_audio"
  | "non_finite_audio"
  | "clipped_audio"
  | "restarted_state"
  | "dropped_signal"
  | "non_finite_signal"
  | "out_of_range_signal";

/** Something the session put right by itself, at an absolute index at 16 kHz; the message is one sentence for a log. */
export interface SessionEvent {
  readonly kind: EventKind;
  readonly sample: number;
  readonly count: number;
  readonly message: string;
}

/** Sums over a stream since its start. A snapshot carries them, a reset sets them to zero. */
export interface Report {
  /** Length of the stream at 16 kHz: taken in, dropped and padded. */
  readonly samples: number;
  /** Frames given out. */
  readonly frames: number;
  /** Samples at 16 kHz that left the queue unread because it was full. */
  readonly droppedSamples: number;
  /** Frames never computed because their newest audio was dropped. */
  readonly skippedFrames: number;
  /** Samples that were NaN or infinite, at the rate they were pushed. */
  readonly nonFiniteSamples: number;
  /** Samples beyond [-1, 1], at the rate they were pushed. */
  readonly clippedSamples: number;
  /** Times the state was set to its start because a stage gave a non-finite value. */
  readonly restarts: number;
  /** Values of signals taken in. */
  readonly signals: number;
  /** Values of signals not finite, out of range, or dropped because too many waited. */
  readonly droppedSignals: number;
}

const NOTHING: Report = {
  samples: 0,
  frames: 0,
  droppedSamples: 0,
  skippedFrames: 0,
  nonFiniteSamples: 0,
  clippedSamples: 0,
  restarts: 0,
  signals: 0,
  droppedSignals: 0,
};

/** Report and events of one stream, as they are written. */
export class Ledger {
  private newest: SessionEvent[] = [];

  constructor(public report: Report = NOTHING) {}

  /** The newest events, oldest first. */
  get events(): readonly SessionEvent[] {
    return [...this.newest];
  }

  /** Add to the report's sums of these names. */
  count(more: Partial<Report>): void {
    const sums = Object.entries(more).map(([name, count]) => [name, this.report[name as keyof Report] + count]);
    this.report = { ...this.report, ...Object.fromEntries(sums) };
  }

  tell(kind: EventKind, sample: number, count: number, message: string): void {
    this.newest.push({ kind, sample, count, message });
    if (this.newest.length > EVENTS_KEPT) this.newest.shift();
  }
}
