/**
 * The sample clock: which animation frame is due at which absolute 16 kHz sample.
 *
 * Frame t is due at sample `ceil((t + 1) * 16000 * den / num)` and may use the samples before `due + lookahead` only.
 * Every answer is computed from the frame's index alone, in whole numbers that stay below 2^53: exact for 9e9 frames and
 * as many samples (156 hours) at the most awkward rate, and for centuries at a usual one.
 */
import { SAMPLE_RATE, type FrameRate, type PipelineSpec } from "./spec.js";

export class SampleClock {
  /** Samples a frame, as a fraction in lowest terms. */
  private readonly samples: number;
  private readonly frames: number;

  /**
   * @param frameRate animation frames a second, at most 16000.
   * @param hop samples of one hop, at 16 kHz.
   * @param lookahead samples after its due sample that a frame may use.
   */
  constructor(
    frameRate: FrameRate,
    readonly hop: number,
    readonly lookahead = 0,
  ) {
    const common = greatestCommonDivisor(SAMPLE_RATE * frameRate.den, frameRate.num);
    this.samples = (SAMPLE_RATE * frameRate.den) / common;
    this.frames = frameRate.num / common;
  }

  static of(pipeline: PipelineSpec): SampleClock {
    return new SampleClock(pipeline.frame_rate, pipeline.hop, pipeline.lookahead_samples);
  }

  /** Sample at which frame `index` (0 or more) is due. */
  due(index: number): number {
    return -scaledDown(-(index + 1), this.samples, this.frames);
  }

  /** Number of frames that `samples` samples suffice for: those with `due + lookahead <= samples`. */
  framesReady(samples: number): number {
    return scaledDown(Math.max(0, samples - this.lookahead), this.frames, this.samples);
  }

  /** Number of frames that a whole clip gives: `ceil(samples * rate / 16000)`. */
  framesCovering(samples: number): number {
    return -scaledDown(-samples, this.frames, this.samples);
  }

  /** End of what frame `index` may know: its due sample plus the lookahead. */
  newestSample(index: number): number {
    return this.due(index) + this.lookahead;
  }

  /** Index of the newest hop that is complete for frame `index`; -1 if none is. */
  newestHop(index: number): number {
    return floorDivide(this.newestSample(index), this.hop) - 1;
  }

  /** Part of a hop, in [0, 1), that has passed since the newest complete hop when frame `index` is computed. */
  phase(index: number): number {
    return (this.newestSample(index) % this.hop) / this.hop;
  }
}

/** floor(a / b) of whole numbers, exact where a division of floats would round up; b is positive. */
export function floorDivide(a: number, b: number): number {
  const rest = a % b;
  return (a - (rest < 0 ? rest + b : rest)) / b;
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** floor(count * a / b), with no product larger than count * max(a / b, b). */
function scaledDown(count: number, a: number, b: number): number {
  const whole = floorDivide(a, b);
  return count * whole + floorDivide(count * (a - whole * b), b);
}
