/**
 * The bytes of `manifest.json` to a `Manifest`, each defect as its own error.
 *
 * What one record says of itself is checked by a validator generated from `docs/manifest.schema.json`; what records say
 * of each other is checked here, by the rules of `sdk.bundle.manifest` and `sdk.spec`.
 */
import { BundleError, shown, type Defect } from "./errors.js";
import validate, { type SchemaError } from "./generated/manifest_schema.js";
import { parseObject, type JsonObject } from "./json_text.js";
import { sizeOf, type FrameRate, type Manifest, type PipelineSpec, type SignalTensor, type TensorSpec } from "./spec.js";

const FORMAT_VERSION = 1;
/** Elements of one tensor: a manifest cannot make a session allocate more for one name. */
const MAX_TENSOR_ELEMENTS = 2 ** 28;
const MANIFEST = "manifest.json";
const LARGEST_HALF = 65_504;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)$/i;
const OWN_SOURCES = ["audio", "clock", "parameter", "noise"];

export function parseManifest(bytes: Uint8Array, subject: string): Manifest {
  const value = parseObject(bytes, subject);
  if ("format_version" in value && value["format_version"] !== FORMAT_VERSION) {
    const problem = `format version ${shown(value["format_version"])} is not ${FORMAT_VERSION}`;
    throw new BundleError("format_version", subject, problem, "export with this SDK's version or update the SDK");
  }
  if (!validate(value)) throw schemaError(validate.errors?.[0], subject);
  const manifest = withDefaults(value);
  const wrong = (problem: string): never => {
    throw new BundleError("wrong_value", subject, shown(problem, 300));
  };
  checkPaths(manifest, subject);
  checkNames(manifest, wrong);
  checkSources(manifest.pipeline, wrong);
  checkValues(manifest, wrong);
  return manifest;
}

const DEFECTS: Record<string, Defect> = { additionalProperties: "unknown_key", required: "missing_key" };

function schemaError(error: SchemaError | undefined, subject: string): BundleError {
  const where = error?.instancePath.slice(1).replaceAll("/", ".") || "manifest";
  const key = error?.params["additionalProperty"] ?? error?.params["missingProperty"] ?? "";
  const defect = DEFECTS[error?.keyword ?? ""] ?? "wrong_value";
  const unsafe = /^(files\.\d+\.path|parameters|basis|vectors|targets\.\d+\.artefacts\..*)$/.test(where);
  const problem = shown(`${where}: ${error?.message} ${key && `'${String(key)}'`}`.trim(), 300);
  return new BundleError(unsafe && defect === "wrong_value" ? "unsafe_path" : defect, subject, problem);
}

/** The defaults of the records filled in; the types say what is there afterwards. */
function withDefaults(value: JsonObject): Manifest {
  const raw = value as unknown as Manifest;
  const tensor = <T extends TensorSpec>(spec: T): T => ({ ...spec, dtype: spec.dtype ?? "float32", unit: spec.unit ?? "1" });
  const signal = (spec: SignalTensor): SignalTensor => ({ ...tensor(spec), low: spec.low ?? -LARGEST_HALF, high: spec.high ?? LARGEST_HALF });
  const { pipeline } = raw;
  return {
    ...raw,
    channels: raw.channels ?? [],
    basis: raw.basis ?? null,
    vectors: raw.vectors ?? null,
    pipeline: {
      ...pipeline,
      frame_rate: { num: pipeline.frame_rate.num, den: (pipeline.frame_rate as Partial<FrameRate>).den ?? 1 },
      lookahead_samples: pipeline.lookahead_samples ?? 0,
      parameters: (pipeline.parameters ?? []).map(tensor),
      signals: (pipeline.signals ?? []).map((each) => ({ ...each, tensors: each.tensors.map(signal) })),
      stages: pipeline.stages.map((stage) => ({
        ...stage,
        inputs: stage.inputs.map(tensor),
        outputs: stage.outputs.map(tensor),
        state: (stage.state ?? []).map(tensor),
      })),
    },
  };
}

type Wrong = (problem: string) => never;

function checkPaths(manifest: Manifest, subject: string): void {
  const artefacts = manifest.targets.flatMap((record) => Object.values(record.artefacts));
  for (const path of [...manifest.files.map((file) => file.path), ...artefacts]) {
    if (path.split("/").some((part) => part.endsWith(".") || RESERVED.test(part.split(".")[0]))) {
      throw new BundleError("unsafe_path", subject, `${shown(path)} is not a plain relative path inside the bundle`);
    }
  }
  const collision = (path: string): never => {
    throw new BundleError("colliding_path", subject, `'${shown(path)}' is listed twice, or differs only in case`);
  };
  const files = new Set([MANIFEST]);
  const folders = new Map<string, string>();
  for (const { path } of manifest.files) {
    if (files.has(path.toLowerCase())) collision(path);
    files.add(path.toLowerCase());
    for (const folder of foldersOf(path)) {
      if ((folders.get(folder.toLowerCase()) ?? folder) !== folder) collision(folder);
      folders.set(folder.toLowerCase(), folder);
    }
  }
  for (const [folded, folder] of folders) if (files.has(folded)) collision(folder);
}

function foldersOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function checkNames(manifest: Manifest, wrong: Wrong): void {
  const { pipeline } = manifest;
  const listed = new Set(manifest.files.flatMap((file) => [file.path, ...foldersOf(file.path)]));
  const files = new Set(manifest.files.map((file) => file.path));
  for (const field of ["parameters", "basis", "vectors"] as const) {
    const path = manifest[field];
    if (path !== null && !files.has(path)) wrong(`${field}: ${path} is not among the files`);
  }
  const stages = pipeline.stages.map((stage) => stage.name);
  const taken = twice([...OWN_SOURCES, ...pipeline.signals.map((signal) => signal.name), ...stages]);
  if (taken) wrong(`pipeline: name of a stage or signal that is used twice or taken: ${taken}`);
  for (const signal of pipeline.signals) {
    if (twice(signal.tensors.map((tensor) => tensor.name))) wrong(`signal ${signal.name}: a tensor's name stands twice`);
    for (const { name, low, high } of signal.tensors) {
      if (!(low <= 0 && high >= 0 && low !== high)) wrong(`${name}: ${low} to ${high} is no range with 0`);
    }
  }
  for (const stage of pipeline.stages) {
    const named = [...stage.inputs, ...stage.state, ...stage.outputs].map((tensor) => tensor.name);
    const name = twice([...named, ...stage.state.map((tensor) => `next_${tensor.name}`)]);
    if (name) wrong(`stage ${stage.name}: tensor name used twice: ${name}`);
    if (stage.clock === "prepare" && stage.state.length) wrong(`stage ${stage.name}: a prepare stage has no state`);
  }
  const targets = manifest.targets.map((record) => `${record.target} ${record.precision}`);
  if (twice(targets)) wrong(`targets: ${twice(targets)} is listed twice`);
  for (const { target, precision, artefacts } of manifest.targets) {
    if (Object.keys(artefacts).sort().join() !== [...stages].sort().join()) {
      wrong(`targets: ${target} ${precision} has not one artefact a stage`);
    }
    const absent = Object.values(artefacts).find((path) => !listed.has(path));
    if (absent) wrong(`targets: ${absent} is not among the files`);
  }
}

function twice(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}

/** Every input has a source that an earlier stage makes, on a clock that is ready, in its shape. */
function checkSources(pipeline: PipelineSpec, wrong: Wrong): void {
  const rank = { prepare: 0, hop: 1, frame: 2 };
  type Made = [keyof typeof rank, readonly number[]];
  const made = new Map<string, Made>([
    ["audio.pcm", ["hop", [1, pipeline.hop]]],
    ["clock.phase", ["frame", [1, 1]]],
    ...pipeline.parameters.map((spec): [string, Made] => [`parameter.${spec.name}`, ["prepare", spec.shape]]),
    ...pipeline.signals.flatMap((signal) =>
      signal.tensors.map((spec): [string, Made] => [`${signal.name}.${spec.name}`, ["frame", spec.shape]]),
    ),
  ]);
  for (const stage of pipeline.stages) {
    for (const { name, source, shape } of stage.inputs) {
      const where = `${stage.name}.${name}`;
      if (source.startsWith("noise.")) {
        if (stage.clock !== "frame") wrong(`${where}: noise is drawn on the frame clock only`);
        if (!made.has(source)) made.set(source, ["frame", shape]);
      }
      const [clock, given] = made.get(source) ?? wrong(`${where}: no earlier stage makes ${source}`);
      if (rank[clock] > rank[stage.clock]) wrong(`${where}: ${source} is not ready on that clock`);
      const windowed = clock === "hop" && stage.clock === "frame" && `${shape.slice(1)}` === `${given.slice(1)}`;
      if (`${shape}` !== `${given}` && !windowed) wrong(`${where}: shape (${shape}) is not (${given})`);
    }
    for (const output of stage.outputs) made.set(`${stage.name}.${output.name}`, [stage.clock, output.shape]);
  }
}

function checkValues(manifest: Manifest, wrong: Wrong): void {
  const { pipeline, channels } = manifest;
  const named: [string, TensorSpec][] = pipeline.parameters.map((spec) => [`parameter.${spec.name}`, spec]);
  for (const stage of pipeline.stages) {
    for (const spec of [...stage.inputs, ...stage.state, ...stage.outputs]) named.push([`${stage.name}.${spec.name}`, spec]);
  }
  for (const signal of pipeline.signals) {
    for (const spec of signal.tensors) named.push([`${signal.name}.${spec.name}`, spec]);
  }
  const large = named.find(([, spec]) => sizeOf(spec.shape) > MAX_TENSOR_ELEMENTS);
  if (large) wrong(`${large[0]}: larger than ${MAX_TENSOR_ELEMENTS} elements`);
  const values = valuesOf(pipeline) ?? wrong(`values: ${pipeline.values} is not the output of a frame stage`);
  if (channels.length) {
    if (twice(channels)) wrong("channels: a name stands twice");
    if (sizeOf(values.shape) !== channels.length) wrong(`channels: ${channels.length} names for ${sizeOf(values.shape)} values`);
  } else if (values.shape.length !== 2 || values.shape[1] !== 3) {
    wrong(`pipeline: values of shape (${values.shape}) are neither named nor vertices (V, 3)`);
  }
}

/** The output that a frame shows to the app. */
export function valuesOf(pipeline: PipelineSpec): TensorSpec | undefined {
  const [stage, name] = pipeline.values.split(".");
  const frame = pipeline.stages.find((each) => each.name === stage && each.clock === "frame");
  return frame?.outputs.find((tensor) => tensor.name === name);
}
