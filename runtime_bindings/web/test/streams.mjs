// A pipeline that any test can follow by head, and an executor for it whose steps take time.
export const HOP = 320;

export const PIPELINE = {
  hop: HOP,
  frame_rate: { num: 30, den: 1 },
  lookahead_samples: 0,
  parameters: [tensor("gain", [1])],
  signals: [{ name: "cue", tensors: [{ ...tensor("mark", [1]), low: -1, high: 9 }], hold_samples: 1_000 }],
  stages: [
    { name: "ear", clock: "hop", inputs: [input("pcm", [1, HOP], "audio.pcm")], outputs: [tensor("sum", [1, 1])], state: [tensor("total", [1])] },
    {
      name: "face",
      clock: "frame",
      inputs: [
        input("sums", [3, 1], "ear.sum"),
        input("phase", [1, 1], "clock.phase"),
        input("gain", [1], "parameter.gain"),
        input("mark", [1], "cue.mark"),
        input("chance", [2], "noise.chance"),
      ],
      outputs: [tensor("values", [5])],
      state: [tensor("count", [1])],
    },
  ],
  values: "face.values",
};

function tensor(name, shape) {
  return { name, shape, dtype: "float32", unit: "1" };
}

function input(name, shape, source) {
  return { ...tensor(name, shape), source };
}

/** `spoil(stage, results, run)` may change what a step gives, or throw. */
export class FakeExecutor {
  target = "fake";
  precision = "fp32";
  runtime = "fake 1";
  runs = 0;

  constructor(spoil = (_stage, results) => results) {
    this.spoil = spoil;
  }

  async run(stage, given) {
    await new Promise((resolve) => setImmediate(resolve));
    const results = stage === "ear" ? hear(given) : show(given);
    return this.spoil(stage, results, this.runs++);
  }

  async close() {}
}

function hear({ pcm, total }) {
  const sum = Math.fround(pcm.reduce((all, sample) => all + sample, 0));
  return { sum: Float32Array.of(sum), total: Float32Array.of(total[0] + sum) };
}

function show({ sums, phase, gain, mark, chance, count }) {
  const values = Float32Array.of(gain[0] * (sums[0] + 2 * sums[1] + 4 * sums[2]), phase[0], mark[0], chance[1], count[0]);
  return { values, count: Float32Array.of(count[0] + 1) };
}

/** Samples that differ everywhere, (n,). */
export function sound(length, seed = 1) {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Index and values of every frame that can be had now. */
export async function drained(session) {
  const frames = [];
  for await (const frame of session.poll()) frames.push([frame.index, ...frame.values]);
  return frames;
}
