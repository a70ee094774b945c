import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../dist/index.js";
import { FakeExecutor, HOP, PIPELINE, drained, sound } from "./streams.mjs";

const open = (options = {}, executor = new FakeExecutor()) => Session.create(PIPELINE, executor, { gain: [2] }, options);
const status = (name) => (error) => error.status === name;

async function whole(session, pcm, chunks, rate) {
  const frames = [];
  let at = 0;
  for (const chunk of chunks) {
    session.push(pcm.subarray(at, at + chunk), rate);
    at += chunk;
    frames.push(...(await drained(session)));
  }
  assert.equal(at, pcm.length);
  session.flush();
  return [...frames, ...(await drained(session))];
}

for (const rate of [16_000, 44_100]) {
  test(`frames do not depend on how ${rate} Hz were cut into pushes`, async () => {
    const pcm = sound(rate);
    const once = await whole(await open({ seed: 7 }), pcm, [pcm.length], rate);
    assert.equal(once.length, 30);
    for (const size of [1_003, 160]) {
      const chunks = Array.from({ length: Math.ceil(pcm.length / size) }, (_, i) => Math.min(size, pcm.length - i * size));
      assert.deepEqual(await whole(await open({ seed: 7 }), pcm, chunks, rate), once);
    }
  });
}

test("pushes while a step runs are heard, and nothing is lost", async () => {
  const pcm = sound(16_000);
  const wanted = await whole(await open(), pcm, [pcm.length]);
  const session = await open();
  const frames = [];
  const polling = (async () => {
    for (let i = 0; i < 400; i++) frames.push(...(await drained(session)));
  })();
  for (let at = 0; at < pcm.length; at += 400) {
    session.push(pcm.subarray(at, at + 400));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await polling;
  session.flush();
  frames.push(...(await drained(session)));
  assert.deepEqual(frames, wanted);
  assert.deepEqual([session.report.samples, session.report.droppedSamples], [16_000, 0]);
});

test("overlapping polls share the frames", async () => {
  const session = await open();
  session.push(sound(8_000));
  const [a, b] = await Promise.all([drained(session), drained(session)]);
  assert.deepEqual([...a, ...b].map(([index]) => index).sort((x, y) => x - y), Array.from({ length: 15 }, (_, i) => i));
});

test("what does not fit is dropped from the front, counted and told", async () => {
  const session = await open({ queueSeconds: 0.1 });
  session.push(sound(16_000));
  const frames = await drained(session);
  const { droppedSamples, skippedFrames, samples } = session.report;
  assert.deepEqual([samples, droppedSamples], [16_000, 16_000 - 1_600]);
  assert.equal(frames[0][0], skippedFrames);
  assert.equal(frames.length + skippedFrames, 30);
  assert.equal(session.events[0].kind, "dropped_audio");
});

test("a hop that is dropped while it runs counts as dropped", async () => {
  const session = await open({ queueSeconds: 0.1 });
  session.push(sound(HOP * 5));
  const first = session.nextFrame();
  await new Promise((resolve) => setImmediate(resolve));
  session.push(sound(16_000, 2));
  const frame = await first;
  const rest = await drained(session);
  const { droppedSamples, skippedFrames, frames, samples } = session.report;
  assert.equal(samples, HOP * 5 + 16_000);
  assert.equal(frames, rest.length + 1);
  assert.equal(frames + skippedFrames, 33);
  assert.equal(session.nextSample, Math.floor(samples / HOP) * HOP);
  assert.ok(droppedSamples >= samples - 1_600 - HOP && frame.index === skippedFrames);
});

test("a broken number restarts the state once, and is told", async () => {
  const spoil = (stage, results, run) => (stage === "face" && run === 7 ? { ...results, values: results.values.map(() => NaN) } : results);
  const session = await open({}, new FakeExecutor(spoil));
  session.push(sound(16_000));
  const frames = await drained(session);
  assert.equal(frames.length, 30);
  assert.ok(frames.flat().every(Number.isFinite));
  assert.equal(session.report.restarts, 1);
  const [event] = session.events;
  assert.equal(event.kind, "restarted_state");
  assert.match(event.message, /face\.values was not finite/);
});

test("a state that is not finite is found at the health interval", async () => {
  const spoil = (stage, results, run) => (stage === "face" && run < 4 ? { ...results, count: Float32Array.of(Infinity) } : results);
  const session = await open({ healthInterval: 5 }, new FakeExecutor(spoil));
  session.push(sound(16_000));
  const frames = await drained(session);
  assert.deepEqual([frames.length, session.report.restarts], [30, 1]);
});

test("broken from the start state too is an error, and the same step is tried again", async () => {
  let broken = true;
  const spoil = (stage, results) => (stage === "face" && broken ? { ...results, values: results.values.map(() => NaN) } : results);
  const session = await open({}, new FakeExecutor(spoil));
  session.push(sound(16_000));
  await assert.rejects(drained(session), status("NUMERICAL"));
  broken = false;
  assert.equal((await drained(session)).length, 30);
});

test("an executor that fails changes nothing", async () => {
  const pcm = sound(16_000);
  const wanted = await whole(await open(), pcm, [pcm.length]);
  const fail = (_stage, results, run) => {
    if (run === 9 || run === 10) throw new Error("the runtime gave up");
    return results;
  };
  const session = await open({}, new FakeExecutor(fail));
  session.push(pcm);
  const frames = [];
  for (let tries = 0; tries < 3; tries++) {
    await (async () => {
      for await (const frame of session.poll()) frames.push([frame.index, ...frame.values]);
    })().catch((error) => assert.equal(error.message, "the runtime gave up"));
  }
  assert.deepEqual(frames, wanted.slice(0, frames.length));
  assert.equal(frames.length, 30);
});

test("a snapshot goes on where it was taken, on this session and on another", async () => {
  const pcm = sound(32_000);
  const session = await open({ seed: 3 });
  session.push(pcm.subarray(0, 9_999), 16_000);
  await drained(session);
  session.push(pcm.subarray(9_999, 12_345));
  const snapshot = session.snapshot();
  const rest = async (one) => {
    one.push(pcm.subarray(12_345));
    one.flush();
    return [await drained(one), one.report];
  };
  const wanted = await rest(session);
  session.restore(snapshot);
  assert.deepEqual(await rest(session), wanted);
  const other = await open({ seed: 3 });
  other.restore(snapshot);
  assert.deepEqual(await rest(other), wanted);
});

test("a reset while a step runs begins a new stream", async () => {
  const pcm = sound(16_000);
  const session = await open();
  session.push(sound(16_000, 9));
  const first = session.nextFrame();
  await new Promise((resolve) => setImmediate(resolve));
  session.reset();
  session.push(pcm);
  const frames = [[0, ...(await first).values], ...(await drained(session))];
  assert.deepEqual(frames, (await whole(await open(), pcm, [pcm.length])).slice(0, frames.length));
  assert.equal(session.report.samples, 16_000);
});

test("a frame sees the newest signal that is not later, not too old and in range", async () => {
  const session = await open();
  session.pushSignal("cue", { mark: [5] }, 1_000);
  session.pushSignal("cue", { mark: [99] }, 1_500);
  session.pushSignal("cue", { mark: [NaN] }, 1_500);
  session.pushSignal("cue", { mark: [7] }, 3_000);
  assert.throws(() => session.pushSignal("cue", { mark: [1] }, 2_999), status("SESSION"));
  session.push(sound(16_000));
  const marks = (await drained(session)).map((frame) => frame[3]);
  // Due at 534, 1067, 1600, 2134, 2667, 3200, 3734, 4267: held for 1000 samples.
  assert.deepEqual(marks.slice(0, 8), [0, 5, 5, 0, 0, 7, 7, 0]);
  assert.deepEqual(session.events.map((event) => event.kind), ["out_of_range_signal", "non_finite_signal"]);
  assert.deepEqual([session.report.signals, session.report.droppedSignals], [2, 2]);
});

test("bad samples become silence or full scale, and are counted", async () => {
  const session = await open();
  session.push(Float32Array.of(NaN, 2, -Infinity, 0.5, -3));
  const { nonFiniteSamples, clippedSamples } = session.report;
  assert.deepEqual([nonFiniteSamples, clippedSamples], [2, 2]);
  assert.deepEqual(session.events.map((event) => [event.kind, event.count]), [["non_finite_audio", 2], ["clipped_audio", 2]]);
});

test("misuse has a status of the shared table", async () => {
  await assert.rejects(open({ seed: -1 }), status("USAGE"));
  await assert.rejects(open({ queueSeconds: 0.01 }), status("USAGE"));
  await assert.rejects(Session.create(PIPELINE, new FakeExecutor(), {}), status("USAGE"));
  await assert.rejects(Session.create(PIPELINE, new FakeExecutor(), { gain: [NaN] }), status("USAGE"));
  const session = await open();
  assert.throws(() => session.push([0.5]), status("USAGE"));
  assert.throws(() => session.push(new Float32Array(4), 3_999), status("USAGE"));
  assert.throws(() => session.pushSignal("touch", {}), status("USAGE"));
  session.push(new Int16Array(4), 48_000);
  assert.throws(() => session.push(new Float32Array(4), 44_100), status("SESSION"));
  session.flush();
  assert.throws(() => session.push(new Float32Array(4)), status("SESSION"));
  assert.throws(() => session.restore({}), status("SESSION"));
  session.close();
  assert.throws(() => session.reset(), (error) => error.status === "SESSION" && error.code === -5);
  await assert.rejects(session.nextFrame(), status("SESSION"));
});
