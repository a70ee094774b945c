/** Runs `.onnx` graphs with onnxruntime-web on the processor (WebAssembly). */
import * as ort from "onnxruntime-web/wasm";
import { SessionError, TargetError } from "./errors.js";
import type { Executor } from "./executor.js";
import { graphInputs, graphOutputs, type PipelineSpec, type StageSpec, type TensorSpec, type Tensors } from "./spec.js";

/** How onnxruntime-web is set up; the first model that is loaded fixes it for the page. */
export interface RuntimeOptions {
  /** Folder of the `.wasm` and `.mjs` of onnxruntime-web, with a slash at its end; beside its script if left out. */
  wasmPaths?: string;
  /** Threads of WebAssembly: 1 if left out, which is the fastest for models as small as a step. */
  threads?: number;
}

/** Sessions of all stages, loaded once; no state of its own. */
export class OrtExecutor implements Executor {
  readonly target = "onnx";
  readonly runtime = `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}`;
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;

  private constructor(
    readonly precision: string,
    private readonly stages: ReadonlyMap<string, [StageSpec, ort.InferenceSession]>,
  ) {}

  /** Load the graph of every stage from its checked bytes. */
  static async load(
    precision: string,
    pipeline: PipelineSpec,
    read: (stage: string) => Promise<Uint8Array>,
    options: RuntimeOptions = {},
  ): Promise<OrtExecutor> {
    ort.env.wasm.numThreads = options.threads ?? 1;
    ort.env.logLevel = "error";
    if (options.wasmPaths !== undefined) ort.env.wasm.wasmPaths = options.wasmPaths;
    const stages = new Map<string, [StageSpec, ort.InferenceSession]>();
    try {
      for (const stage of pipeline.stages) stages.set(stage.name, [stage, await load(stage, await read(stage.name))]);
    } catch (error) {
      for (const [, session] of stages.values()) await session.release();
      throw error;
    }
    return new OrtExecutor(precision, stages);
  }

  run(stage: string, tensors: Tensors): Promise<Tensors> {
    const turn = this.last.then(() => this.runNow(stage, tensors));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.last;
    for (const [, session] of this.stages.values()) await session.release();
  }

  private async runNow(name: string, tensors: Tensors): Promise<Tensors> {
    const loaded = this.stages.get(name);
    if (this.closed || !loaded) {
      throw new SessionError(`stage ${name}`, "its executor is closed", "keep the bundle open while its sessions run");
    }
    const [stage, session] = loaded;
    const feeds = graphInputs(stage).map((spec) => [spec.name, new ort.Tensor("float32", tensors[spec.name], spec.shape)]);
    const results = await session.run(Object.fromEntries(feeds));
    const data = (name: string): Float32Array => results[name].data as Float32Array;
    const state = stage.state.map((spec) => [spec.name, data(`next_${spec.name}`)] as const);
    return Object.fromEntries([...stage.outputs.map((spec) => [spec.name, data(spec.name)] as const), ...state]);
  }
}

async function load(stage: StageSpec, bytes: Uint8Array): Promise<ort.InferenceSession> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  } catch (error) {
    const line = (error instanceof Error ? error.message : String(error)).split("\n")[0];
    throw new TargetError(`stage ${stage.name}`, `cannot be loaded (${line})`, "export the bundle again, or update the browser");
  }
  try {
    checkSignature(stage, "input", graphInputs(stage), session.inputMetadata);
    checkSignature(stage, "output", graphOutputs(stage), session.outputMetadata);
  } catch (error) {
    await session.release();
    throw error;
  }
  return session;
}

/** Whether a loaded graph is the program of its stage: number, order, names, shapes and types of its tensors. */
function checkSignature(
  stage: StageSpec,
  kind: string,
  wanted: readonly TensorSpec[],
  found: readonly ort.InferenceSession.ValueMetadata[],
): void {
  const want = wanted.map((spec) => `${spec.name} ${spec.dtype}[${spec.shape.join(",")}]`);
  const have = found.map((port) => (port.isTensor ? `${port.name} ${port.type}[${port.shape.join(",")}]` : port.name));
  const at = want.length === have.length ? want.findIndex((port, index) => port !== have[index]) : 0;
  if (want.length !== have.length) {
    throw new TargetError(`stage ${stage.name}`, `its file has ${have.length} ${kind}s for ${want.length}`, "export again");
  }
  if (at >= 0) {
    throw new TargetError(`stage ${stage.name}`, `${kind} ${have[at]} of its file is not ${want[at]}`, "export again");
  }
}
