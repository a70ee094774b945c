import assert from "node:assert/strict";
import { test } from "node:test";
import { Trace, readSafetensors, writeSafetensors } from "../dist/index.js";

const TENSORS = new Map([
  ["small", { shape: [3], data: Int16Array.of(-1, 0, 32_767) }],
  ["large", { shape: [2, 1], data: BigInt64Array.of(-5n, 2n ** 40n) }],
  ["real", { shape: [1, 2], data: Float32Array.of(1.5, -0) }],
  ["none", { shape: [0, 4], data: new Float32Array(0) }],
]);

test("what is written is read", () => {
  const { tensors, metadata } = readSafetensors(writeSafetensors(TENSORS, { format: "x", name: "ä" }), "file");
  assert.deepEqual(metadata, { format: "x", name: "ä" });
  for (const [name, tensor] of TENSORS) assert.deepEqual(tensors.get(name), tensor, name);
});

test("a file cut anywhere is refused", () => {
  const bytes = writeSafetensors(TENSORS, {});
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => readSafetensors(bytes.subarray(0, length), "file"), (error) => error.status === "BUNDLE");
  }
  assert.throws(() => readSafetensors(Uint8Array.of(...bytes, 0), "file"), (error) => error.status === "BUNDLE");
});

const header = (entries, size) => {
  const text = new TextEncoder().encode(JSON.stringify(entries));
  const bytes = new Uint8Array(8 + text.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
};

test("ranges that overlap, leave gaps or do not fit the shape are refused", () => {
  const entry = (dtype, shape, from, to) => ({ dtype, shape, data_offsets: [from, to] });
  for (const entries of [
    { a: entry("F32", [1], 0, 4), b: entry("F32", [1], 2, 6) },
    { a: entry("F32", [1], 0, 4), b: entry("F32", [1], 8, 12) },
    { a: entry("F32", [2], 0, 4) },
    { a: entry("F32", [-1], 0, 4) },
    { a: entry("F99", [1], 0, 4) },
    { a: entry("toString", [1], 0, 4) },
    { a: entry("F32", [2 ** 60], 0, 2 ** 62) },
  ]) {
    assert.throws(() => readSafetensors(header(entries, 12), "file"), (error) => error.status === "BUNDLE", JSON.stringify(entries));
  }
});

test("a header whose entries or metadata are of another kind is refused", () => {
  for (const entry of [null, 1, "F32", [], {}, ...[["F32"], { toString: 1 }].map((dtype) => ({ dtype, shape: [0], data_offsets: [0, 0] }))]) {
    assert.throws(() => readSafetensors(header({ a: entry }, 0), "file"), (error) => error.status === "BUNDLE", JSON.stringify(entry));
  }
  for (const metadata of [null, 1, "text", ["text"], { a: 1 }, { a: null }]) {
    const bytes = header({ __metadata__: metadata }, 0);
    assert.throws(() => readSafetensors(bytes, "file"), (error) => error.status === "BUNDLE", JSON.stringify(metadata));
  }
});

test("a file that is no trace is refused", () => {
  for (const metadata of [{}, { format: "nowface.trace.2" }, { format: "nowface.trace.1", sample_rate: "x" }]) {
    assert.throws(() => Trace.parse(writeSafetensors(TENSORS, metadata), "file"), (error) => error.defect === "trace");
  }
});
