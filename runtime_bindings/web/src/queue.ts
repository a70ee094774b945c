/** Samples that wait to be read: whole hops over absolute sample indices, the oldest dropped when there are too many. */

/** What a queue holds, as a value. The arrays are shared with the queue, and neither ever writes into them. */
export interface QueueContent {
  readonly firstHop: number;
  readonly hops: readonly Float32Array[];
  readonly rest: Float32Array;
}

/** A queue of PCM at 16 kHz, cut into hops as it comes. Every hop is an array of its own. */
export class HopQueue {
  private first: number;
  private hops: Float32Array[];
  private rest: Float32Array;

  /** @param hop samples a hop. */
  constructor(
    readonly hop: number,
    content: QueueContent = { firstHop: 0, hops: [], rest: new Float32Array(0) },
  ) {
    this.first = content.firstHop;
    this.hops = [...content.hops];
    this.rest = content.rest;
  }

  /** Index of the first hop not read. */
  get firstHop(): number {
    return this.first;
  }

  /** Absolute index of the first sample not read. */
  get start(): number {
    return this.first * this.hop;
  }

  /** Absolute index after the last sample: the length of the stream so far. */
  get end(): number {
    return (this.first + this.hops.length) * this.hop + this.rest.length;
  }

  /** Add samples (n,) at the end. They are copied. */
  append(samples: Float32Array): void {
    const joined = new Float32Array(this.rest.length + samples.length);
    joined.set(this.rest);
    joined.set(samples, this.rest.length);
    let at = 0;
    for (; at + this.hop <= joined.length; at += this.hop) this.hops.push(joined.slice(at, at + this.hop));
    this.rest = joined.slice(at);
  }

  /** The first hop, (hop,); there must be one. */
  peek(): Float32Array {
    return this.hops[0];
  }

  /** Remove complete hops from the front; there must be as many. */
  drop(hops: number): void {
    this.hops.splice(0, hops);
    this.first += hops;
  }

  /** How many hops must go for at most `limit` samples to wait; `limit` is at least a hop. */
  excessHops(limit: number): number {
    return Math.max(0, Math.ceil((this.end - this.start - limit) / this.hop));
  }

  content(): QueueContent {
    return { firstHop: this.first, hops: [...this.hops], rest: this.rest };
  }
}
