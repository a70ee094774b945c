/**
 * Streaming conversion of any sample rate to 16 kHz: the polyphase Kaiser-windowed sinc of `sdk.audio.resample`,
 * bit-identical for any chunking.
 *
 * Output sample k stands at the input position `k * M / L` with `M / L = rate / 16000` in lowest terms, and is the sum of
 * the 2 H input samples around it. It can be computed once H later samples have arrived, which is the whole delay. The
 * filter is Kaiser's (Kaiser 1974; Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.5.3).
 */
import { floorDivide, greatestCommonDivisor } from "./clock.js";
import { UsageError } from "./errors.js";
import { SAMPLE_RATE } from "./spec.js";

const LOWEST_RATE = 4_000;
const HIGHEST_RATE = 768_000;
const ATTENUATION_DB = 90;
/** End of the flat band as a part of the lower Nyquist frequency. */
const PASSBAND = 7 / 8;
/** A rate with more phases than this interpolates linearly between so many: error below -100 dB. */
const MOST_PHASES = 1024;

/** What a step keeps; never modified in place, so that holding it is a snapshot. */
export interface ResamplerState {
  /** The input samples that the next output needs and that have arrived. */
  readonly history: Float32Array;
  /** Input samples so far. */
  readonly received: number;
  /** Output samples so far. */
  readonly emitted: number;
}

interface FilterBank {
  readonly phases: number;
  /** (phases + 1, 2 H): row p is for outputs p / phases of an input sample after an input sample. */
  readonly weights: Float64Array;
}

/** Converts a stream at `rate` to 16 kHz. Holds constants only; 16000 passes through without delay. */
export class Resampler {
  private readonly up: number;
  private readonly down: number;
  private readonly half: number;
  private readonly bank: FilterBank | null;

  constructor(readonly rate: number) {
    if (!Number.isInteger(rate) || rate < LOWEST_RATE || rate > HIGHEST_RATE) {
      const mend = `give a whole number from ${LOWEST_RATE} to ${HIGHEST_RATE}`;
      throw new UsageError("sample rate", `${rate} Hz cannot be resampled`, mend);
    }
    const common = greatestCommonDivisor(rate, SAMPLE_RATE);
    this.up = SAMPLE_RATE / common;
    this.down = rate / common;
    this.half = rate === SAMPLE_RATE ? 0 : halfLength(rate);
    this.bank = this.half ? filterBank(rate, this.half, this.up) : null;
  }

  /** Milliseconds by which the output is later than the input. */
  get delayMs(): number {
    return (this.half * 1000) / this.rate;
  }

  /** Silence before the stream. */
  start(): ResamplerState {
    return { history: new Float32Array(Math.max(0, this.half - 1)), received: 0, emitted: 0 };
  }

  /** Take finite samples (n,), give those at 16 kHz that can be computed, (m,), and the next state. */
  step(samples: Float32Array, state: ResamplerState): [Float32Array, ResamplerState] {
    const received = state.received + samples.length;
    if (!this.bank) return [samples.slice(), { history: state.history, received, emitted: received }];
    const line = new Float32Array(state.history.length + samples.length);
    line.set(state.history);
    line.set(samples, state.history.length);
    // Output k needs input floor(k * M / L) + H, that is k * M < (received - H) * L.
    const emitted = Math.max(state.emitted, -floorDivide(-(received - this.half) * this.up, this.down));
    const output = this.convolve(this.bank, line, state.emitted, emitted - state.emitted);
    const used = floorDivide(emitted * this.down, this.up) - floorDivide(state.emitted * this.down, this.up);
    return [output, { history: line.slice(used), received, emitted }];
  }

  /** The tail, as if silence followed: with it the stream has `ceil(received * 16000 / rate)` samples. */
  flush(state: ResamplerState): Float32Array {
    return this.step(new Float32Array(this.half), state)[0];
  }

  /** Outputs `first` .. `first + count`; line[0] is the oldest sample under output `first`. */
  private convolve(bank: FilterBank, line: Float32Array, first: number, count: number): Float32Array {
    const output = new Float32Array(count);
    const width = 2 * this.half;
    const begin = (first * this.down) % this.up;
    for (let k = 0; k < count; k++) {
      const place = begin + k * this.down;
      const turn = place % this.up;
      const offset = (place - turn) / this.up;
      const rest = (turn * bank.phases) % this.up;
      const row = ((turn * bank.phases - rest) / this.up) * width;
      const share = rest / this.up;
      let sum = 0;
      for (let i = 0; i < width; i++) {
        const lower = bank.weights[row + i];
        // Below `MOST_PHASES` every output stands on a row, and the share is 0.
        const weight = share === 0 ? lower : lower + share * (bank.weights[row + width + i] - lower);
        sum += weight * line[offset + i];
      }
      output[k] = sum;
    }
    return output;
  }
}

/** H: input samples on either side of an output, by Kaiser's formula `2 H = (A - 7.95) / (2.285 * transition)`. */
function halfLength(rate: number): number {
  const nyquist = Math.min(rate, SAMPLE_RATE) / 2;
  const transition = (2 * Math.PI * nyquist * (1 - PASSBAND)) / rate;
  return Math.ceil((ATTENUATION_DB - 7.95) / (2.285 * transition) / 2);
}

/** Each row is scaled to sum 1, so that an offset passes through exactly. */
function filterBank(rate: number, half: number, up: number): FilterBank {
  const phases = Math.min(up, MOST_PHASES);
  const width = 2 * half;
  const cutoff = (Math.min(rate, SAMPLE_RATE) * (1 + PASSBAND)) / 2 / rate;
  const beta = 0.1102 * (ATTENUATION_DB - 8.7);
  const weights = new Float64Array((phases + 1) * width);
  for (let phase = 0; phase <= phases; phase++) {
    const row = weights.subarray(phase * width, (phase + 1) * width);
    let sum = 0;
    for (let i = 0; i < width; i++) {
      const distance = 1 - half + i - phase / phases;
      // The window's edge is left out on both sides, else the row at distance 0 would hold it on one side only.
      if (Math.abs(distance) < half) {
        row[i] = sinc(cutoff * distance) * besselI0(beta * Math.sqrt(Math.max(0, 1 - (distance / half) ** 2)));
      }
      sum += row[i];
    }
    for (let i = 0; i < width; i++) row[i] = row[i] / sum;
  }
  return { phases, weights };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind and order 0, by its power series: full precision for the x < 9 used here. */
function besselI0(x: number): number {
  let sum = 1;
  for (let term = 1, k = 1; term > 1e-18 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
