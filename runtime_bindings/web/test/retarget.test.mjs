// Retargeting in sessions, and texts that are none. Its numbers are compared with Python's in vectors/reference.test.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../dist/index.js";
import { FakeExecutor, PIPELINE, drained, sound } from "./streams.mjs";

const CHANNELS = ["sum", "phase", "mark", "chance", "count"];
const RETARGET = JSON.stringify({
  format_version: 1,
  channels: { count: { gain: 2, smoothing_ms: 80 }, sum: { low: -1, high: 1 } },
  knobs: { jaw: { channels: ["phase"], closing: ["count"] } },
});
const open = (retarget) => Session.create(PIPELINE, new FakeExecutor(), { gain: [2] }, { retarget, channels: CHANNELS });
const pcm = sound(8_000);

async function frames(session) {
  session.push(pcm);
  return drained(session);
}

test("values are fitted, outputs are the model's", async () => {
  const [plain, session] = [await open(), await open(RETARGET)];
  plain.push(pcm);
  session.push(pcm);
  for (let i = 0; i < 10; i++) {
    const [given, shown] = [await plain.nextFrame(), await session.nextFrame()];
    assert.deepEqual(shown.outputs, given.outputs);
    assert.equal(shown.values[0], Math.max(-1, Math.min(1, given.values[0])));
    assert.equal(shown.values[1], given.values[1]);
    assert.equal(i === 0 ? shown.values[4] : 0, 0);
    assert.ok(shown.values[4] <= 2 * given.values[4]);
    shown.values.fill(NaN);
  }
});

test("a knob acts on the next frame", async () => {
  const session = await open(RETARGET);
  const plain = await open();
  session.push(pcm);
  plain.push(pcm);
  for (const strength of [1, 0, 0.5, 2]) {
    session.setStrength("jaw", strength);
    assert.equal((await session.nextFrame()).values[1], Math.fround((await plain.nextFrame()).values[1] * strength));
  }
  assert.throws(() => session.setStrength("lips", 1), /it has jaw/);
  for (const strength of [-1, 2.5, NaN]) assert.throws(() => session.setStrength("jaw", strength), /not within 0 and 2/);
});

test("snapshots and resets hold and forget the filter", async () => {
  const session = await open(RETARGET);
  const first = await frames(session);
  const snapshot = session.snapshot();
  const wanted = await frames(session);
  const other = await open(RETARGET);
  other.restore(snapshot);
  assert.deepEqual(await frames(other), wanted);
  session.reset();
  assert.deepEqual(await frames(session), first);
  session.setRetarget(null);
  session.reset();
  assert.deepEqual(await frames(session), await frames(await open()));
  assert.throws(() => session.setStrength("jaw", 1), /does not retarget/);
});

test("vertices have no channels", async () => {
  const vertices = Session.create(PIPELINE, new FakeExecutor(), { gain: [2] }, { retarget: RETARGET });
  await assert.rejects(vertices, (error) => error.status === "USAGE" && /vertices/.test(error.message));
});
