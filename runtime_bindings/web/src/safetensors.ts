/**
 * Safetensors files, read and written: https://github.com/huggingface/safetensors#format
 *
 * Eight bytes of header length, a JSON header of names, types, shapes and byte ranges, then the numbers, little-endian.
 */
import { BundleError, shown, type Defect } from "./errors.js";
import { parseObject } from "./json_text.js";
import { sizeOf } from "./spec.js";

/** The types that bundles and traces use, and bytes for pictures. */
export type Numbers = Float32Array | Int16Array | BigInt64Array | Int32Array | Uint8Array;
export interface Tensor<T extends Numbers = Numbers> {
  readonly shape: readonly number[];
  readonly data: T;
}

const TYPES = { F32: Float32Array, I16: Int16Array, I64: BigInt64Array, I32: Int32Array, U8: Uint8Array } as const;
type TypeName = keyof typeof TYPES;

/** All tensors of a file and its text metadata; `defect` is what an unreadable file is called. */
export function readSafetensors(
  bytes: Uint8Array,
  subject: string,
  defect: Defect = "tensor_file",
): { tensors: Map<string, Tensor>; metadata: Record<string, string> } {
  const fail = (problem: string): never => {
    throw new BundleError(defect, subject, problem);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length >= 8 ? Number(view.getBigUint64(0, true)) : fail("shorter than its header");
  if (length > bytes.length - 8) fail("its header is longer than the file");
  const { __metadata__: text = {}, ...entries } = parseObject(bytes.subarray(8, 8 + length), subject);
  if (!isObject(text) || !Object.values(text).every((value) => typeof value === "string")) fail("its metadata is no object of texts");
  const start = 8 + length;
  const tensors = new Map<string, Tensor>();
  const ranges: [number, number][] = [];
  for (const [name, entry] of Object.entries(entries)) {
    if (!isObject(entry)) return fail(`tensor '${shown(name)}' is described by no object`);
    const { dtype, shape, data_offsets: range } = entry as { dtype: TypeName; shape: number[]; data_offsets: [number, number] };
    const type = typeof dtype === "string" && Object.hasOwn(TYPES, dtype) ? TYPES[dtype] : fail(`tensor '${shown(name)}' is of type ${shown(dtype)}`);
    const plain = [shape, range].every((numbers) => Array.isArray(numbers) && numbers.every((n) => Number.isSafeInteger(n) && n >= 0));
    if (!plain || range.length !== 2 || range[1] - range[0] !== sizeOf(shape) * type.BYTES_PER_ELEMENT || start + range[1] > bytes.length) {
      fail(`tensor '${shown(name)}' does not lie in the file`);
    }
    ranges.push(range);
    // Copied: a view would have to begin at a multiple of the type's size.
    tensors.set(name, { shape, data: new type(Uint8Array.from(bytes.subarray(start + range[0], start + range[1])).buffer) });
  }
  const end = ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1]).reduce((at, [from, to]) => (from === at ? to : fail("its tensors overlap or leave gaps")), 0);
  if (start + end !== bytes.length) fail("its tensors do not fill the file");
  return { tensors, metadata: text as Record<string, string> };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The bytes of a file with these tensors and texts. */
export function writeSafetensors(tensors: ReadonlyMap<string, Tensor>, metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let at = 0;
  // The widest types first, as the format's own writer does, so that every tensor is aligned.
  const ordered = [...tensors].sort((a, b) => b[1].data.BYTES_PER_ELEMENT - a[1].data.BYTES_PER_ELEMENT);
  for (const [name, { shape, data }] of ordered) {
    const dtype = (Object.keys(TYPES) as TypeName[]).find((type) => data instanceof TYPES[type]);
    header[name] = { dtype, shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + at).fill(0x20, 8, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  at = 8 + length;
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** The float32 tensors of a file, every value finite. */
export function readFloats(bytes: Uint8Array, subject: string): Map<string, Tensor<Float32Array>> {
  const { tensors } = readSafetensors(bytes, subject);
  for (const [name, { data }] of tensors) {
    if (!(data instanceof Float32Array) || !data.every(Number.isFinite)) {
      throw new BundleError("tensor_file", subject, `tensor '${shown(name)}' is not float32, or holds NaN or infinity`);
    }
  }
  return tensors as Map<string, Tensor<Float32Array>>;
}
