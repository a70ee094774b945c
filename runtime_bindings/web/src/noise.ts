/**
 * The chance that sampled models draw by: uniforms that depend on the seed and the frame's index, and on nothing else.
 *
 * They come from the counter-based generator Philox4x64-10 (Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1,
 * 2, 3"), the same numbers as in every other language (`sdk.runtime.noise`):
 *
 *     key      (seed, number of the noise among the pipeline's)
 *     counter  (block, frame, 0, 0), blocks of four words, counted from 1
 *     uniform  the upper 24 bits of a word times 2^-24, in [0, 1), exact in float32
 *
 * Words of 64 bits are held as two of 32, high before low: thousands of products a frame would be too slow as BigInt.
 */
import { UsageError } from "./errors.js";

/** Every uniform of a session without a seed: equal noise moves no choice, so the likeliest one is taken. */
export const MOST_LIKELY = 0.5;

const ROUNDS = 10;
const MULTIPLIER_0 = [0xd2e7470e, 0xe14c6c93] as const;
const MULTIPLIER_1 = [0xca5a8263, 0x95121157] as const;
const WEYL_0 = [0x9e3779b9, 0x7f4a7c15] as const;
const WEYL_1 = [0xbb67ae85, 0x84caa73b] as const;

/** The seed as a whole number of 64 bits, or null. */
export function checkSeed(seed: number | bigint | null | undefined): bigint | null {
  if (seed === null || seed === undefined) return null;
  const whole = typeof seed === "bigint" || Number.isSafeInteger(seed) ? BigInt(seed) : -1n;
  if (whole < 0n || whole >= 1n << 64n) {
    throw new UsageError("seed", `${seed} is no seed`, "give a whole number from 0 to 2^64 - 1, or null");
  }
  return whole;
}

/** The noise of one frame: `count` float32 in [0, 1). */
export function uniforms(seed: bigint | null, number: number, frame: number, count: number): Float32Array {
  const drawn = new Float32Array(count);
  if (seed === null) return drawn.fill(MOST_LIKELY);
  const key = new Uint32Array([Number(seed >> 32n), Number(seed & 0xffffffffn), 0, number]);
  const words = new Uint32Array(8);
  for (let block = 1; 4 * (block - 1) < count; block++) {
    words.set([0, block, Math.floor(frame / 2 ** 32), frame >>> 0, 0, 0, 0, 0]);
    philox(words, key.slice());
    for (let word = 0; word < 4 && 4 * (block - 1) + word < count; word++) {
      drawn[4 * (block - 1) + word] = (words[2 * word] >>> 8) * 2 ** -24;
    }
  }
  return drawn;
}

const product0 = new Uint32Array(4);
const product1 = new Uint32Array(4);

/** One block in place: four counter words and two key words, each as (high, low). */
function philox(words: Uint32Array, key: Uint32Array): void {
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) {
      add64(key, 0, WEYL_0);
      add64(key, 2, WEYL_1);
    }
    multiply64(MULTIPLIER_0, words[0], words[1], product0);
    multiply64(MULTIPLIER_1, words[4], words[5], product1);
    words[0] = product1[0] ^ words[2] ^ key[0];
    words[1] = product1[1] ^ words[3] ^ key[1];
    words[2] = product1[2];
    words[3] = product1[3];
    words[4] = product0[0] ^ words[6] ^ key[2];
    words[5] = product0[1] ^ words[7] ^ key[3];
    words[6] = product0[2];
    words[7] = product0[3];
  }
}

function add64(words: Uint32Array, at: number, added: readonly [number, number]): void {
  const low = words[at + 1] + added[1];
  words[at + 1] = low;
  words[at] = words[at] + added[0] + (low > 0xffffffff ? 1 : 0);
}

/** (a_high, a_low) * (high, low) as four words of 32 bits, highest first. */
function multiply64(a: readonly [number, number], high: number, low: number, product: Uint32Array): void {
  const lowest = Math.imul(a[1], low) >>> 0;
  const crossA = Math.imul(a[1], high) >>> 0;
  const crossB = Math.imul(a[0], low) >>> 0;
  const middle = multiplyHigh(a[1], low) + crossA + crossB;
  const upper = multiplyHigh(a[1], high) + multiplyHigh(a[0], low) + (Math.imul(a[0], high) >>> 0) + Math.floor(middle / 2 ** 32);
  product[3] = lowest;
  product[2] = middle;
  product[1] = upper;
  product[0] = multiplyHigh(a[0], high) + Math.floor(upper / 2 ** 32);
}

/** The upper 32 bits of the product of two words of 32 bits. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aLow * bHigh + ((aLow * bLow) >>> 16 >>> 0);
  const cross = aHigh * bLow + (middle % 65536);
  return aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536);
}
