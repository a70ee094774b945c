// The numbers of the Python reference, which tests/bindings/web/test_web_vectors.py writes to the folder NOWFACE_VECTORS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SampleClock } from "../../dist/clock.js";
import { leafDigest } from "../../dist/digest.js";
import { STATUSES, VERSION, readSafetensors } from "../../dist/index.js";
import { uniforms } from "../../dist/noise.js";
import { Resampler } from "../../dist/resampler.js";
import { NOTHING_SHOWN, retargetFrame, withStrength } from "../../dist/retarget.js";
import { parseRetarget } from "../../dist/retarget_file.js";
import { firstToSee, seen } from "../../dist/signals.js";

const folder = process.env.NOWFACE_VECTORS;
const cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
const { tensors } = readSafetensors(new Uint8Array(readFileSync(join(folder, "cases.safetensors"))), "cases");
const floats = (name) => tensors.get(name).data;

test("statuses and version", () => {
  assert.deepEqual(STATUSES, cases.statuses);
  assert.equal(VERSION, cases.version);
});

test("clock", () => {
  assert.ok(cases.clock.length > 100);
  for (const { rate, hop, lookahead, index, samples, ...wanted } of cases.clock) {
    const clock = new SampleClock(rate, hop, lookahead);
    const found = {
      due: clock.due(index),
      newest_hop: clock.newestHop(index),
      phase: clock.phase(index),
      ready: clock.framesReady(samples),
      covering: clock.framesCovering(samples),
    };
    assert.deepEqual(found, wanted, JSON.stringify({ rate, hop, lookahead, index, samples }));
  }
});

for (const rate of cases.rates) {
  test(`resampler at ${rate} Hz`, () => {
    const resampler = new Resampler(rate);
    assert.ok(Math.abs(resampler.delayMs - cases.delays[rate]) < 1e-9);
    const wanted = floats(`resampled.${rate}`);
    const pcm = floats(`pcm.${rate}`);
    const cut = (sizes) => {
      let state = resampler.start();
      const pieces = [];
      for (let at = 0, turn = 0; at < pcm.length; turn++) {
        const size = sizes[turn % sizes.length];
        const [piece, next] = resampler.step(pcm.subarray(at, at + size), state);
        pieces.push(...piece);
        state = next;
        at += size;
      }
      return Float32Array.from([...pieces, ...resampler.flush(state)]);
    };
    const once = cut([pcm.length]);
    assert.equal(once.length, wanted.length);
    assert.ok(once.every((sample, i) => Math.abs(sample - wanted[i]) < 1e-6), "farther than 1e-6 from Python's");
    for (const sizes of [[1, 480, 7], [160]]) assert.deepEqual(cut(sizes), once);
  });
}

test("noise", () => {
  for (const { seed, number, frame, name } of cases.noise) {
    const wanted = floats(name);
    assert.deepEqual(uniforms(seed === null ? null : BigInt(seed), number, frame, wanted.length), wanted, name);
  }
});

test("signals", () => {
  const pipeline = { signals: [cases.signals.spec] };
  const rows = cases.signals.rows.map(({ sample, value }) => ({ sample, tensors: { mark: Float32Array.of(value) } }));
  for (const { until, value } of cases.signals.seen) {
    assert.deepEqual(seen(pipeline, { cue: rows }, until), { "cue.mark": Float32Array.of(value) }, `until ${until}`);
  }
  for (const { rate, lookahead, sample, frame } of cases.signals.first) {
    assert.equal(firstToSee(new SampleClock(rate, 320, lookahead), sample), frame);
  }
});

test("digests", () => {
  for (const [name, digest] of Object.entries(cases.digests)) {
    const found = leafDigest(floats(name));
    digest.forEach((value, i) => assert.ok(Math.abs(found[i] - value) <= 1e-12 * Math.max(1, Math.abs(value)), `${name}: ${found}`));
  }
});

test("retargets", () => {
  assert.ok(cases.retargets.length > 50);
  for (const { text, channels, rate, frames, strength, name } of cases.retargets) {
    const retarget = withStrength(parseRetarget(text, channels), "jaw", strength);
    let shown = NOTHING_SHOWN;
    const [values, wanted] = [floats(`${name}.given`), floats(`${name}.shown`)];
    frames.forEach((frame, row) => {
      const part = [row * channels.length, (row + 1) * channels.length];
      shown = retargetFrame(retarget, rate, frame, values.subarray(...part), shown);
      assert.deepEqual(shown.values, wanted.subarray(...part), `${name}, frame ${frame}`);
    });
  }
});

test("texts that are no retarget", () => {
  assert.ok(cases.refused_retargets.length > 20);
  for (const text of cases.refused_retargets) {
    assert.throws(() => parseRetarget(text, ["a"]), (error) => error.status === "USAGE" && !/\n/.test(error.message), text);
  }
  parseRetarget('{"format_version": 1, "channels": {"a": {"low": null}}}', ["a"]);
});
