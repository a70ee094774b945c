/** A retarget file, as `sdk.bundle.retarget_file` reads it: closed JSON, checked like a manifest. */
import { NowfaceError, UsageError, shown } from "./errors.js";
import { parseObject, type JsonObject } from "./json_text.js";
import { MOST_STRENGTH, type ChannelRule, type Knob, type Retarget } from "./retarget.js";

const SUBJECT = "retarget JSON";
const MOST_KNOBS = 16;
const LARGEST_HALF = 65_504;
const LARGEST = 3.4028234663852886e38;

/** Read the text of a retarget file for frames with these channels. */
export function parseRetarget(text: string, channels: readonly string[]): Retarget {
  if (!channels.length) {
    throw new UsageError("retarget", "frames are vertices, not named channels", "retarget a model that drives a rig");
  }
  const root = read(text);
  closed(root, "retarget", ["format_version", "channels", "other_channels", "knobs"]);
  if (root["format_version"] !== 1) wrong("format_version", "is not 1");
  const places = new Map(channels.map((name, place) => [name, place]));
  const place = (where: string, name: unknown): number => {
    const found = typeof name === "string" ? places.get(name) : undefined;
    return found ?? wrong(where, `the model has no channel '${shown(name)}'`);
  };
  const other = root["other_channels"];
  const rules = channels.map(() => parseRule("other_channels", other === undefined ? {} : other));
  for (const [name, rule] of entries("channels", root["channels"])) {
    rules[place("channels", name)] = parseRule(`channels.${shown(name)}`, rule);
  }
  const knobs = entries("knobs", root["knobs"]);
  if (knobs.length > MOST_KNOBS) wrong("knobs", `has more than ${MOST_KNOBS} entries`);
  knobs.sort(([a], [b]) => (a < b ? -1 : 1));
  return { rules, knobs: knobs.map(([name, knob]) => parseKnob(name, knob, place)) };
}

function read(text: string): JsonObject {
  try {
    return parseObject(new TextEncoder().encode(text), SUBJECT);
  } catch (error) {
    if (!(error instanceof NowfaceError)) throw error;
    throw new UsageError(SUBJECT, error.problem, "see docs/retarget.md for its keys");
  }
}

function parseRule(where: string, value: unknown): ChannelRule {
  const rule = closed(value, where, ["gain", "offset", "low", "high", "smoothing_ms"]);
  const low = rule["low"] ?? undefined;
  const high = rule["high"] ?? undefined;
  const made = {
    gain: number(where, "gain", rule["gain"], 1, -16, 16),
    offset: number(where, "offset", rule["offset"], 0, -LARGEST_HALF, LARGEST_HALF) || -0,
    low: low === undefined ? -LARGEST : number(where, "low", low, 0, -LARGEST_HALF, LARGEST_HALF),
    high: high === undefined ? LARGEST : number(where, "high", high, 0, -LARGEST_HALF, LARGEST_HALF),
    smoothingMs: number(where, "smoothing_ms", rule["smoothing_ms"], 0, 0, 10_000),
  };
  if (made.low > made.high) wrong(where, `low ${made.low} is above high ${made.high}`);
  const { smoothingMs, ...floats } = made;
  const [gain, offset, lowest, highest] = Float32Array.of(floats.gain, floats.offset, floats.low, floats.high);
  return { gain, offset, low: lowest, high: highest, smoothingMs };
}

function parseKnob(name: string, value: unknown, place: (where: string, name: unknown) => number): Knob {
  const where = `knobs.${shown(name)}`;
  if (!/^[a-z][a-z0-9_]{0,119}$/.test(name)) wrong(where, "is not a name");
  const knob = closed(value, where, ["strength", "channels", "closing"]);
  const list = (key: string): number[] => {
    const names = knob[key] === undefined ? [] : knob[key];
    if (!Array.isArray(names)) return wrong(`${where}.${key}`, "is not an array");
    return names.map((each: unknown) => place(`${where}.${key}`, each));
  };
  const [channels, closing] = [list("channels"), list("closing")];
  if (new Set([...channels, ...closing]).size < channels.length + closing.length) {
    wrong(where, "a channel stands twice in one knob");
  }
  const strength = Math.fround(number(where, "strength", knob["strength"], 1, 0, MOST_STRENGTH));
  return { name, strength, channels, closing };
}

function number(where: string, key: string, value: unknown, otherwise: number, low: number, high: number): number {
  if (value === undefined) return otherwise;
  if (typeof value !== "number") return wrong(`${where}.${key}`, "is not a number");
  return value >= low && value <= high ? value : wrong(`${where}.${key}`, `is not within ${low} and ${high}`);
}

function entries(where: string, value: unknown): [string, unknown][] {
  return value === undefined ? [] : Object.entries(object(where, value));
}

function closed(value: unknown, where: string, keys: readonly string[]): JsonObject {
  const unknown = Object.keys(object(where, value)).find((key) => !keys.includes(key));
  return unknown === undefined ? (value as JsonObject) : wrong(where, `key '${shown(unknown)}' is not known`);
}

function object(where: string, value: unknown): JsonObject {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return wrong(where, "is not an object");
  return value as JsonObject;
}

function wrong(where: string, problem: string): never {
  throw new UsageError(SUBJECT, `${where}: ${problem}`, "see docs/retarget.md for its keys");
}
