/**
 * Hostile JSON to a plain object: size, depth, duplicate keys and numbers are checked.
 *
 * `JSON.parse` takes the last of two equal keys and rounds long integers, where another reader may not; such a text is
 * refused, with the limits of `sdk.bundle.json_text`, so that two readers cannot see two manifests.
 */
import { BundleError, shown } from "./errors.js";

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_DEPTH = 32;
const MAX_ITEMS = 4096;
/** Largest integer that a reader with float64 numbers holds exactly. */
const LARGEST = 2n ** 53n;

export type JsonObject = Record<string, unknown>;

/** Parse one JSON object in UTF-8; `subject` names the file in messages. */
export function parseObject(bytes: Uint8Array, subject: string): JsonObject {
  if (bytes.length > MAX_BYTES) throw new BundleError("manifest_too_big", subject, `longer than ${MAX_BYTES} bytes`);
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    throw new BundleError("manifest_not_json", subject, `not JSON (${shown((error as Error).message)})`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new BundleError("manifest_not_json", subject, "not a JSON object");
  }
  checkKeysAndNumbers(text, subject);
  checkForm(value, subject);
  return value as JsonObject;
}

/** Walk over the tokens of a text that is known to be JSON. */
function checkKeysAndNumbers(text: string, subject: string): void {
  const open: Set<string>[] = [];
  for (const [token, string, key] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|[{}[\]]/g)) {
    if (token === "{" || token === "[") {
      if (open.push(new Set()) > MAX_DEPTH) throw new BundleError("wrong_value", subject, `nested deeper than ${MAX_DEPTH}`);
    } else if (token === "}" || token === "]") open.pop();
    else if (key !== undefined) {
      const name = JSON.parse(string) as string;
      const keys = open[open.length - 1];
      if (keys.has(name)) throw new BundleError("duplicate_key", subject, `key '${shown(name)}' stands twice in one object`);
      keys.add(name);
    } else if (string === undefined) {
      const whole = /^-?\d+$/.test(token);
      if (!Number.isFinite(Number(token)) || (whole && (token.length > 17 || BigInt(token) ** 2n > LARGEST ** 2n))) {
        throw new BundleError("wrong_value", subject, `number ${shown(token, 20)} is too large`);
      }
    }
  }
}

function checkForm(value: unknown, subject: string): void {
  if (typeof value === "string" && /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) {
    throw new BundleError("manifest_not_json", subject, `text '${shown(value)}' is half a character`);
  }
  if (value === null || typeof value !== "object") return;
  const children = Array.isArray(value) ? value : [...Object.keys(value), ...Object.values(value)];
  if ((Array.isArray(value) ? children.length : children.length / 2) > MAX_ITEMS) {
    throw new BundleError("wrong_value", subject, `an array or object has more than ${MAX_ITEMS} entries`);
  }
  for (const child of children) checkForm(child, subject);
}
