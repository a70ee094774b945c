/** The bundle: a folder an app ships, opened, checked and turned into sessions. */
import { BundleError, TargetError, UsageError, shown } from "./errors.js";
import type { Files } from "./files.js";
import type { Given } from "./given.js";
import { parseManifest } from "./manifest.js";
import { OrtExecutor, type RuntimeOptions } from "./ort_executor.js";
import { readFloats, type Tensor } from "./safetensors.js";
import { Session, type SessionOptions } from "./session.js";
import type { Manifest, PipelineSpec, TargetRecord, Tensors } from "./spec.js";
import { Trace } from "./trace.js";

const MANIFEST = "manifest.json";
/** The target whose files run in a browser. */
const TARGET = "onnx";

export interface SessionChoice extends SessionOptions {
  /** One of `precisions`; the first if left out. */
  precision?: string;
  /** Session parameters that replace the bundle's defaults. */
  parameters?: Given;
}

/**
 * An opened bundle. Opening checks the manifest and nothing else; every file is read when it is first needed, and its
 * length and SHA-256 are compared with the manifest's before anything looks into it.
 */
export class Bundle {
  private readonly executors = new Map<string, Promise<OrtExecutor>>();

  private constructor(
    private readonly files: Files,
    readonly manifest: Manifest,
    private readonly options: RuntimeOptions,
  ) {}

  /**
   * Open the bundle in a folder.
   *
   * Rejects with a BundleError, its `defect` one for each kind of damage.
   */
  static async open(files: Files, options: RuntimeOptions = {}): Promise<Bundle> {
    const subject = `${files.name.replace(/\/$/, "")}/${MANIFEST}`;
    const manifest = parseManifest(await readManifest(files), subject);
    const listed = [MANIFEST, ...manifest.files.map((file) => file.path)];
    const allowed = new Set([...listed, ...listed.flatMap(metaFiles)]);
    const unlisted = [...(files.list?.() ?? [])].find((path) => !allowed.has(path));
    if (unlisted !== undefined) {
      throw new BundleError("unlisted_file", shown(unlisted), "is not listed in the manifest", "remove it from the bundle");
    }
    return new Bundle(files, manifest, options);
  }

  get pipeline(): PipelineSpec {
    return this.manifest.pipeline;
  }

  /** Names of a frame's values in order; empty when a frame is vertices. */
  get channels(): readonly string[] {
    return this.manifest.channels;
  }

  /** Precisions that run in a browser, in the manifest's order. */
  get precisions(): readonly string[] {
    return this.records().map((record) => record.precision);
  }

  /** Start a stream; the model is loaded once and shared by all sessions of a precision. */
  async session({ precision, parameters = {}, ...options }: SessionChoice = {}): Promise<Session> {
    const executor = await this.executor(precision);
    return Session.create(this.pipeline, executor, { ...(await this.parameters()), ...parameters }, { channels: this.manifest.channels, ...options });
  }

  /** The loaded model of a precision. Loaded once; the bundle closes it. */
  async executor(precision?: string): Promise<OrtExecutor> {
    const record = this.record(precision);
    let loading = this.executors.get(record.precision);
    if (!loading) {
      const read = (stage: string): Promise<Uint8Array> => this.read(record.artefacts[stage]);
      loading = OrtExecutor.load(record.precision, this.pipeline, read, this.options);
      this.executors.set(record.precision, loading);
      loading.catch(() => this.executors.delete(record.precision));
    }
    return loading;
  }

  /** Default of each session parameter. */
  async parameters(): Promise<Tensors> {
    const path = this.manifest.parameters;
    const held = readFloats(await this.read(path), path);
    const wanted = this.pipeline.parameters;
    for (const spec of wanted) {
      const tensor = held.get(spec.name);
      if (!tensor || `${tensor.shape}` !== `${spec.shape}` || held.size !== wanted.length) {
        throw new BundleError("tensor_file", path, `does not hold ${spec.name} (${spec.shape}) and what else the manifest says`);
      }
    }
    return Object.fromEntries([...held].map(([name, { data }]) => [name, data]));
  }

  /** Linear read-out as morph targets: `basis` (d, V, 3) and `offset` (V, 3); empty if the model has none. */
  async basis(): Promise<ReadonlyMap<string, Tensor<Float32Array>>> {
    const path = this.manifest.basis;
    return path === null ? new Map() : readFloats(await this.read(path), path);
  }

  /** The test vectors: a trace of the reference on real speech. */
  async vectors(): Promise<Trace> {
    const path = this.manifest.vectors;
    if (path === null) throw new BundleError("missing_file", this.files.name, "has no test vectors", "export with vectors");
    return Trace.parse(await this.read(path), path);
  }

  /** Free the loaded models. Polling a session on them rejects; a new session loads them again. */
  async close(): Promise<void> {
    const loading = [...this.executors.values()];
    this.executors.clear();
    for (const executor of await Promise.allSettled(loading)) {
      if (executor.status === "fulfilled") await executor.value.close();
    }
  }

  private records(): TargetRecord[] {
    return this.manifest.targets.filter((record) => record.target === TARGET);
  }

  private record(precision: string | undefined): TargetRecord {
    const records = this.records();
    const found = precision === undefined ? records[0] : records.find((record) => record.precision === precision);
    if (found) return found;
    const names = this.precisions.join(", ");
    if (!names) throw new TargetError(this.files.name, `has no target ${TARGET}`, `run python -m export --target ${TARGET}`);
    throw new TargetError(this.files.name, `has no ${TARGET} in '${shown(precision)}'`, `it has ${names}`);
  }

  /** A listed file, known to be what the manifest says. */
  private async read(path: string): Promise<Uint8Array> {
    const listed = this.manifest.files.find((file) => file.path === path);
    if (!listed) throw new BundleError("wrong_value", path, "is a folder, where one file is needed");
    const bytes = await this.files.read(path);
    if (bytes.length !== listed.bytes) {
      throw new BundleError("size_mismatch", path, `has ${bytes.length} bytes, the manifest says ${listed.bytes}`);
    }
    const digest = new Uint8Array(await subtle().digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
    if (Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") !== listed.sha256) {
      throw new BundleError("hash_mismatch", path, "its content is not what the manifest's SHA-256 says");
    }
    return bytes;
  }
}

/** `NAME.meta` for a file and each folder that it lies in: what Unity's editor writes beside them. */
function metaFiles(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, index) => `${parts.slice(0, index + 1).join("/")}.meta`);
}

async function readManifest(files: Files): Promise<Uint8Array> {
  try {
    return await files.read(MANIFEST);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw new BundleError("not_a_bundle", files.name, `no ${MANIFEST}: ${error.problem}`, "give the folder that `python -m export` wrote");
  }
}

function subtle(): SubtleCrypto {
  if (globalThis.crypto?.subtle) return globalThis.crypto.subtle;
  throw new UsageError("crypto.subtle", "this page may not use it, so no file can be checked", "serve the page over HTTPS or from localhost");
}
