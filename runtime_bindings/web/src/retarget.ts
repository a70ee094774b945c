/**
 * Retargeting at run time: the channels of a frame fitted to an avatar. The arithmetic is that of `sdk.runtime.retarget`,
 * which tells of it: every operation is rounded to 32 bits by itself.
 */
import { UsageError, shown } from "./errors.js";
import type { FrameRate } from "./spec.js";

export const MOST_STRENGTH = 2;
/** Closer to its goal than this a smoothed channel takes it. */
const ARRIVED = 2 ** -20;
const f32 = Math.fround;

/** What is done to one channel. Its numbers are rounded to 32 bits, but for the time constant. */
export interface ChannelRule {
  readonly gain: number;
  /** -0 for none: to add it changes no number. */
  readonly offset: number;
  readonly low: number;
  readonly high: number;
  readonly smoothingMs: number;
}

/** A strength, and the places of the channels it scales: `closing` ones only where it is above 1. */
export interface Knob {
  readonly name: string;
  readonly strength: number;
  readonly channels: readonly number[];
  readonly closing: readonly number[];
}

/** A retarget for the channels of one bundle: a rule a channel, and the knobs in the order of their names. */
export interface Retarget {
  readonly rules: readonly ChannelRule[];
  readonly knobs: readonly Knob[];
}

/** What was shown last; frame -1 before the first. Never written into. */
export interface Shown {
  readonly frame: number;
  readonly values: Float32Array;
}

export const NOTHING_SHOWN: Shown = { frame: -1, values: new Float32Array(0) };

/** The retarget with one knob turned. */
export function withStrength(retarget: Retarget, knob: string, strength: number): Retarget {
  if (!retarget.knobs.some(({ name }) => name === knob)) {
    const names = retarget.knobs.map(({ name }) => name).join(", ") || "none";
    throw new UsageError(`knob ${shown(knob)}`, "the retarget has no such knob", `it has ${names}`);
  }
  if (!(strength >= 0 && strength <= MOST_STRENGTH)) {
    throw new UsageError(`knob ${knob}`, `strength ${strength} is not within 0 and 2`, "1 changes nothing");
  }
  const turned = (each: Knob): Knob => (each.name === knob ? { ...each, strength: f32(strength) } : each);
  return { ...retarget, knobs: retarget.knobs.map(turned) };
}

/** What is shown of the values of a frame, and the state for the next one. */
export function retargetFrame(
  { rules, knobs }: Retarget,
  rate: FrameRate,
  frame: number,
  values: Float32Array,
  before: Shown,
): Shown {
  const gains = Float32Array.from(rules, ({ gain }) => gain);
  for (const { strength, channels, closing } of knobs) {
    for (const place of channels) gains[place] *= strength;
    for (const place of closing) gains[place] *= Math.max(1, strength);
  }
  const follows = before.frame >= 0 && before.frame < frame;
  const elapsedMs = (1000 * (frame - before.frame) * rate.den) / rate.num;
  const made = rules.map((rule, place) => {
    const finite = Number.isFinite(values[place]) ? values[place] : 0;
    const goal = limited(rule, f32(f32(finite * gains[place]) + rule.offset));
    const pole = follows && rule.smoothingMs ? f32(1 - Math.exp(-elapsedMs / rule.smoothingMs)) : 1;
    const away = pole < 1 ? f32(goal - before.values[place]) : 0;
    if (pole >= 1 || Math.abs(away) < ARRIVED) return goal;
    return limited(rule, f32(before.values[place] + f32(pole * away)));
  });
  return { frame, values: Float32Array.from(made) };
}

function limited({ low, high }: ChannelRule, value: number): number {
  return value < low ? low : value > high ? high : value;
}
