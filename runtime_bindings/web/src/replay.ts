/** Play a trace's sound, signals and seed through a bundle again, and record what comes out. */
import type { Bundle } from "./bundle.js";
import { SampleClock } from "./clock.js";
import { VERSION } from "./generated/version.js";
import { TraceRecorder } from "./recorder.js";
import type { Session } from "./session.js";
import { firstToSee } from "./signals.js";
import type { Tensors } from "./spec.js";
import type { Trace, TraceContent } from "./trace.js";

export interface ReplayOptions {
  /** One of the bundle's; the first if left out. */
  precision?: string;
  /** Of the trace's metadata, beside what is known anyway: `device`, `os`. */
  metadata?: Readonly<Record<string, string>>;
  /** Told of each frame: how many there are so far. */
  onFrame?: (done: number) => void;
}

/**
 * Record a whole session of a bundle on a trace's sound, cut into its pushes, with the bundle's default parameters.
 *
 * The result is what `python -m sdk parity BUNDLE --device FILE` takes. Without `trace` the bundle's vectors are played.
 */
export async function replay(bundle: Bundle, trace?: Trace, options: ReplayOptions = {}): Promise<Trace> {
  const { content } = trace ?? (await bundle.vectors());
  const executor = await bundle.executor(options.precision);
  const recorder = new TraceRecorder(bundle.pipeline, content.seed);
  const longest = content.chunks.reduce((most, chunk) => Math.max(most, chunk), 0) / content.sampleRate;
  const session = await bundle.session({
    ...(options.precision === undefined ? {} : { precision: options.precision }),
    // Holds the longest push whole: a replay must never drop audio.
    queueSeconds: longest + 2,
    seed: content.seed,
    observer: recorder,
  });
  const given = inOrder(content, SampleClock.of(bundle.pipeline));
  let done = 0;
  const give = (nextFrame: number): void => {
    while (given.length && given[0].frame <= nextFrame) {
      const { name, values, sample } = given.shift() as Given;
      session.pushSignal(name, values, sample);
    }
  };
  const drain = async (): Promise<void> => {
    for await (const frame of session.poll()) {
      options.onFrame?.(++done);
      give(frame.index + 1);
    }
  };
  give(0);
  let at = 0;
  for (const chunk of content.chunks) {
    session.push(content.pcm.subarray(at, at + chunk), content.sampleRate);
    at += chunk;
    await drain();
  }
  // The last frames come out of a flush, which takes no signals any more.
  give(Infinity);
  session.flush();
  await drain();
  session.close();
  return recorder.trace({ ...described(bundle, executor, session), ...options.metadata });
}

function described(bundle: Bundle, executor: { target: string; precision: string; runtime: string }, session: Session): Record<string, string> {
  return {
    target: executor.target,
    precision: executor.precision,
    runtime: executor.runtime,
    model: bundle.manifest.model.name,
    sdk: VERSION,
    platform: "web",
    user_agent: globalThis.navigator?.userAgent ?? "unknown",
    restarts: String(session.report.restarts),
  };
}

/** One value of a signal, and the first frame that may see it. */
interface Given {
  readonly name: string;
  readonly values: Tensors;
  readonly sample: number;
  readonly frame: number;
}

/** All values by the frame that they are first seen by, those of one signal in their order. */
function inOrder(content: TraceContent, clock: SampleClock): Given[] {
  const every: Given[] = [];
  for (const [name, rows] of [...content.signals].sort(([a], [b]) => (a < b ? -1 : 1))) {
    rows.sample.forEach((sample, row) => {
      const values = [...rows.tensors].map(([key, { data }]) => {
        const size = data.length / rows.sample.length;
        return [key, data.subarray(row * size, (row + 1) * size)] as const;
      });
      const frame = rows.seenFrom?.[row] ?? firstToSee(clock, sample);
      every.push({ name, values: Object.fromEntries(values), sample, frame });
    });
  }
  return every.sort((a, b) => a.frame - b.frame);
}
