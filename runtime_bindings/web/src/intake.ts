/** Samples on their way in: checked, made finite, clipped, resampled to 16 kHz. Knows nothing of models. */
import { SessionError, UsageError } from "./errors.js";
import { Resampler, type ResamplerState } from "./resampler.js";
import { SAMPLE_RATE } from "./spec.js";

/** Mono samples as an app holds them: floats in [-1, 1], or 16 bits, which are divided by 32768. */
export type Pcm = Float32Array | Int16Array;

const FULL_SCALE_INT16 = 32_768;

/** A stream's resampler and where it stands, both fixed by the first push. A value: `take` gives the next one. */
export interface Intake {
  readonly resampler: Resampler;
  readonly state: ResamplerState;
}

/** A piece of a push: samples (m,) at 16 kHz, the intake after it, and how many samples had to be put right. */
export interface Taken {
  readonly samples: Float32Array;
  readonly intake: Intake;
  readonly nonFinite: number;
  readonly clipped: number;
}

/** The argument, known to be mono samples. */
export function checkPcm(pcm: unknown): Pcm {
  if (pcm instanceof Float32Array || pcm instanceof Int16Array) return pcm;
  const kind = (pcm as object | null)?.constructor?.name ?? String(pcm);
  throw new UsageError("pcm", `a ${kind} is not samples`, "push a Float32Array in [-1, 1] or an Int16Array, mono");
}

/** The stream's intake, made anew for the first push: at the rate given, or 16 kHz. */
export function openIntake(soFar: Intake | null, sampleRate: number | undefined): Intake {
  if (!soFar) {
    const resampler = new Resampler(sampleRate ?? SAMPLE_RATE);
    return { resampler, state: resampler.start() };
  }
  const rate = soFar.resampler.rate;
  if (sampleRate !== undefined && sampleRate !== rate) {
    const problem = `${sampleRate} Hz after ${rate} Hz in one stream`;
    throw new SessionError("sample rate", problem, "call reset() before another rate");
  }
  return soFar;
}

/** Bring a push to 16 kHz a second at a time, so that one of any length needs no further copy of itself. */
export function* take(intake: Intake, pcm: Pcm): Generator<Taken> {
  const second = intake.resampler.rate;
  for (let first = 0; first < pcm.length; first += second) {
    const taken = takePiece(intake, pcm.subarray(first, first + second));
    intake = taken.intake;
    yield taken;
  }
}

/** What the resampler still holds when a stream ends, at 16 kHz. */
export function tail(intake: Intake): Float32Array {
  return intake.resampler.flush(intake.state);
}

function takePiece({ resampler, state }: Intake, pcm: Pcm): Taken {
  const samples = new Float32Array(pcm.length);
  let nonFinite = 0;
  let clipped = 0;
  const scale = pcm instanceof Int16Array ? 1 / FULL_SCALE_INT16 : 1;
  for (let i = 0; i < pcm.length; i++) {
    const sample = pcm[i] * scale;
    if (!Number.isFinite(sample)) nonFinite += 1;
    else if (sample > 1 || sample < -1) {
      clipped += 1;
      samples[i] = Math.sign(sample);
    } else samples[i] = sample;
  }
  const [resampled, after] = resampler.step(samples, state);
  return { samples: resampled, intake: { resampler, state: after }, nonFinite, clipped };
}
