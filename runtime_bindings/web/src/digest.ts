/**
 * Two numbers for a state tensor, so that a trace can follow every leaf of the state without storing it: root mean
 * square and a projection on fixed signs, as `sdk.bundle.digest` defines them for every language.
 */

/** (rms, projection) of one tensor of at least one element, summed in float64. */
export function leafDigest(leaf: Float32Array): [number, number] {
  let squares = 0;
  let projection = 0;
  for (let i = 0; i < leaf.length; i++) {
    squares += leaf[i] * leaf[i];
    projection += sign(i) * leaf[i];
  }
  return [Math.sqrt(squares / leaf.length), projection / Math.sqrt(leaf.length)];
}

/** +1 or -1 by the top bit of MurmurHash3's 32-bit finaliser (Austin Appleby, public domain) of the element's number. */
function sign(index: number): number {
  let h = index + 1;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) < 0 ? -1 : 1;
}
