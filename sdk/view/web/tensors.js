// Named arrays out of a safetensors file: eight bytes of length, a header in JSON, then the numbers.
const TYPES = { F32: Float32Array, I32: Int32Array, I16: Int16Array, I8: Int8Array, U8: Uint8Array };

/** @returns {{ tensors: Map<string, { data: ArrayLike<number>, shape: number[] }>, metadata: Record<string, string> }} */
export function readTensors(bytes) {
  const begin = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, begin)));
  const tensors = new Map();
  for (const [name, { dtype, shape, data_offsets: range }] of Object.entries(entries)) {
    const [first, last] = range.map((offset) => begin + offset);
    // A copy: numbers of several bytes must begin at a multiple of their size.
    tensors.set(name, { data: new TYPES[dtype](bytes.slice(first, last).buffer), shape });
  }
  return { tensors, metadata };
}

/** Bytes that zlib has packed, as they were. */
export async function inflate(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Bytes of base64. */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
