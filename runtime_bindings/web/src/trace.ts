/**
 * A trace: what a session heard, when, and what it said, in one safetensors file that every language can write and
 * `python -m sdk parity BUNDLE --device trace.safetensors` judges. `sdk.bundle.trace` describes the file.
 */
import { BundleError, shown } from "./errors.js";
import type { Pcm } from "./intake.js";
import { readSafetensors, writeSafetensors, type Tensor } from "./safetensors.js";

const FORMAT = "nowface.trace.1";
const OWN_TEXTS = ["format", "sample_rate", "digest_names", "seed", "phones"];

/** All values of one signal of a stream. */
export interface SignalRows {
  /** Time each was captured at, on the 16 kHz clock. */
  readonly sample: readonly number[];
  /** Name -> (rows, ...) values. */
  readonly tensors: ReadonlyMap<string, Tensor<Float32Array>>;
  /** First frame that could see each; null when every value was there in time. */
  readonly seenFrom: readonly number[] | null;
}

/** What a trace of T frames holds. */
export interface TraceContent {
  /** Samples as pushed, at `sampleRate`. */
  readonly pcm: Pcm;
  readonly sampleRate: number;
  /** Length of each push. */
  readonly chunks: readonly number[];
  readonly index: readonly number[];
  readonly dueSample: readonly number[];
  /** Time spent computing each frame. */
  readonly seconds: Float32Array;
  /** `STAGE.OUTPUT` -> (T, ...). */
  readonly outputs: ReadonlyMap<string, Tensor<Float32Array>>;
  /** `STAGE.LEAF` of each state tensor. */
  readonly digestNames: readonly string[];
  /** (T, leaves, 2) state digests after each frame. */
  readonly digests: Float32Array;
  readonly signals: ReadonlyMap<string, SignalRows>;
  readonly seed: bigint | null;
  /** Free text: target, precision, model, device, ... */
  readonly metadata: Readonly<Record<string, string>>;
}

export class Trace {
  constructor(readonly content: TraceContent) {}

  get frames(): number {
    return this.content.index.length;
  }

  /** Read the bytes of a trace that anyone may have written; `subject` names the file. */
  static parse(bytes: Uint8Array, subject: string): Trace {
    const { tensors, metadata } = readSafetensors(bytes, subject, "trace");
    const fail = (problem: string): never => {
      throw new BundleError("trace", subject, problem, "record the trace again with this version of the SDK");
    };
    if (metadata["format"] !== FORMAT) fail(`format '${shown(metadata["format"])}' is not ${FORMAT}`);
    const rate = metadata["sample_rate"] ?? "";
    if (!/^\d{1,7}$/.test(rate)) fail(`sample rate '${shown(rate)}' is not a number`);
    const seed = metadata["seed"];
    if (seed !== undefined && !/^\d{1,20}$/.test(seed)) fail(`seed '${shown(seed)}' is not a number of 64 bits`);
    const take = (name: string): Tensor => tensors.get(name) ?? fail(`it holds no ${name}`);
    const whole = (name: string): number[] => {
      const { data } = take(name);
      return data instanceof BigInt64Array ? Array.from(data, Number) : fail(`${name} is not I64`);
    };
    const floats = (name: string): Tensor<Float32Array> => {
      const tensor = take(name);
      return tensor.data instanceof Float32Array ? { shape: tensor.shape, data: tensor.data } : fail(`${name} is not F32`);
    };
    const named = (prefix: string): [string, Tensor<Float32Array>][] =>
      [...tensors.keys()].filter((name) => name.startsWith(prefix)).map((name) => [name.slice(prefix.length), floats(name)]);
    const signals = [...tensors.keys()].filter((name) => /^signal\.[^.]+$/.test(name)).map((name) => name.slice(7));
    const { data: pcm } = take("pcm");
    const trace = new Trace({
      pcm: pcm instanceof Float32Array || pcm instanceof Int16Array ? pcm : fail("pcm is neither F32 nor I16"),
      sampleRate: Number(rate),
      chunks: whole("chunks"),
      index: whole("index"),
      dueSample: whole("due_sample"),
      seconds: floats("seconds").data,
      outputs: new Map(named("output.")),
      digestNames: metadata["digest_names"] ? metadata["digest_names"].split(",") : [],
      digests: floats("digests").data,
      signals: new Map(
        signals.map((name) => {
          const seenFrom = tensors.has(`seen_from.${name}`) ? whole(`seen_from.${name}`) : null;
          return [name, { sample: whole(`signal.${name}`), tensors: new Map(named(`signal.${name}.`)), seenFrom }];
        }),
      ),
      seed: seed === undefined ? null : BigInt(seed),
      metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !OWN_TEXTS.includes(key))),
    });
    const problem = trace.problem();
    if (problem) fail(problem);
    return trace;
  }

  /** The bytes of the file. */
  save(): Uint8Array {
    const { pcm, outputs, digestNames, signals, seed, metadata, sampleRate, ...rest } = this.content;
    const whole = (numbers: readonly number[]): Tensor => ({ shape: [numbers.length], data: BigInt64Array.from(numbers, BigInt) });
    const tensors = new Map<string, Tensor>([
      ["pcm", { shape: [pcm.length], data: pcm }],
      ["chunks", whole(rest.chunks)],
      ["index", whole(rest.index)],
      ["due_sample", whole(rest.dueSample)],
      ["seconds", { shape: [this.frames], data: rest.seconds }],
      ["digests", { shape: [this.frames, digestNames.length, 2], data: rest.digests }],
    ]);
    for (const [name, tensor] of outputs) tensors.set(`output.${name}`, tensor);
    for (const [name, rows] of signals) {
      tensors.set(`signal.${name}`, whole(rows.sample));
      for (const [key, tensor] of rows.tensors) tensors.set(`signal.${name}.${key}`, tensor);
      if (rows.seenFrom) tensors.set(`seen_from.${name}`, whole(rows.seenFrom));
    }
    const own = { format: FORMAT, sample_rate: String(sampleRate), digest_names: digestNames.join(",") };
    return writeSafetensors(tensors, { ...metadata, ...own, ...(seed === null ? {} : { seed: String(seed) }) });
  }

  /** What does not fit together, or null. */
  private problem(): string | null {
    const { pcm, chunks, index, dueSample, seconds, outputs, digests, digestNames, signals } = this.content;
    const rising = (numbers: readonly number[]): boolean => numbers.every((n, i) => n >= 0 && (i === 0 || n > numbers[i - 1]));
    if (chunks.some((chunk) => chunk < 0) || chunks.reduce((sum, chunk) => sum + chunk, 0) !== pcm.length) {
      return `chunks do not sum to the ${pcm.length} samples`;
    }
    if (dueSample.length !== index.length || !rising(index) || !rising(dueSample)) return "frames are not in increasing order";
    if (seconds.length !== index.length || digests.length !== index.length * digestNames.length * 2) {
      return `times or digests are not those of ${index.length} frames`;
    }
    for (const [name, tensor] of outputs) if (tensor.shape[0] !== index.length) return `output '${shown(name)}' is not of each frame`;
    for (const [name, rows] of signals) {
      const of = [...rows.tensors.values()].every((tensor) => tensor.shape[0] === rows.sample.length);
      if (!of || !rows.tensors.size || (rows.seenFrom ?? rows.sample).length !== rows.sample.length) {
        return `signal '${shown(name)}' has not one value of each tensor a time`;
      }
    }
    return null;
  }
}
