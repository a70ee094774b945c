// Writes what the package shares with the other languages: the statuses, its version, a validator of the manifest's schema.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Ajv2020 from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => JSON.parse(readFileSync(here(path), "utf8"));
for (const folder of ["src", "dist"]) mkdirSync(here(`../${folder}/generated`), { recursive: true });

const { statuses } = read("../../statuses.json");
writeFileSync(
  here("../src/generated/statuses.ts"),
  `// Generated from runtime_bindings/statuses.json.
/** Name of a status -> its code, the same in every language. */
export const STATUSES = {
${statuses.map(({ name, code }) => `  ${name}: ${code},`).join("\n")}
} as const;

export type Status = keyof typeof STATUSES;
`,
);

/** The schema without its texts, which the generated code would carry along; a property may be named like one. */
function withoutProse(node) {
  if (Array.isArray(node)) return node.map(withoutProse);
  if (node === null || typeof node !== "object") return node;
  const kept = Object.entries(node).filter(([key, value]) => !(/^(title|description)$/.test(key) && typeof value === "string"));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutProse(value)]));
}

writeFileSync(
  here("../src/generated/version.ts"),
  `// Generated from package.json.\nexport const VERSION = "${read("../package.json").version}";\n`,
);

// Lengths in UTF-16 units: with code points the generated code would need a part of ajv at run time.
const ajv = new Ajv2020.default({ strict: false, unicode: false, logger: false, code: { source: true, esm: true } });
const code = standaloneCode.default(ajv, ajv.compile(withoutProse(read("../../../docs/manifest.schema.json"))));
if (/\brequire\(|^import /m.test(code)) throw new Error("the validator needs ajv at run time");
writeFileSync(here("../dist/generated/manifest_schema.js"), `// Generated from docs/manifest.schema.json.\n${code}\n`);
writeFileSync(
  here("../src/generated/manifest_schema.d.ts"),
  `export interface SchemaError {
  instancePath: string;
  keyword: string;
  message?: string;
  params: Record<string, unknown>;
}
declare const validate: { (value: unknown): boolean; errors?: SchemaError[] | null };
export default validate;
`,
);
