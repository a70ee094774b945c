/** Tensors that an app gives by name, checked against what the pipeline names. */
import { UsageError } from "./errors.js";
import { sizeOf, type PipelineSpec, type TensorSpec, type Tensors } from "./spec.js";

/** Name -> numbers in C order, as many as the tensor has. */
export type Given = Readonly<Record<string, ArrayLike<number>>>;

/** Float32 copies of all tensors in `wanted`, by name; values that are not finite stay, the caller decides. */
export function copyGiven(given: Given, wanted: readonly TensorSpec[], owner: string): Tensors {
  for (const name of Object.keys(given)) {
    if (!wanted.some((spec) => spec.name === name)) {
      const names = wanted.map((spec) => spec.name).join(", ") || "none";
      throw new UsageError(`${owner} ${name}`, "the model has none of that name", `it has ${names}`);
    }
  }
  return Object.fromEntries(wanted.map((spec) => [spec.name, copied(given, spec, `${owner} ${spec.name}`)]));
}

/** The parameters of a session: those, no other, with as many numbers, all finite. */
export function checkParameters(pipeline: PipelineSpec, given: Given): Tensors {
  const parameters = copyGiven(given, pipeline.parameters, "parameter");
  for (const spec of pipeline.parameters) {
    if (!isFinite(parameters[spec.name])) {
      throw new UsageError(`parameter ${spec.name}`, "it holds a value that is not finite in float32", numbers(spec));
    }
  }
  return parameters;
}

/** Whether every value is a number, neither NaN nor infinite. */
export function isFinite(values: Float32Array): boolean {
  return values.every(Number.isFinite);
}

function copied(given: Given, spec: TensorSpec, subject: string): Float32Array {
  const values = given[spec.name];
  if (values === undefined) throw new UsageError(subject, "missing", numbers(spec));
  if (values.length !== sizeOf(spec.shape)) throw new UsageError(subject, `it has ${values.length} values`, numbers(spec));
  return Float32Array.from(values);
}

function numbers(spec: TensorSpec): string {
  return `give ${sizeOf(spec.shape)} finite numbers, shape (${spec.shape.join(", ")})`;
}
