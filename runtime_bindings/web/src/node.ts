/** Bundles in folders, for Node.js: tests, servers and traces. */
import { webcrypto } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { BundleError } from "./errors.js";
import { MapFiles } from "./files.js";

// Node.js 18 has the Web Crypto API, but not under its global name.
if (globalThis.crypto === undefined) Object.defineProperty(globalThis, "crypto", { value: webcrypto });

/** Every file of a folder, read at once. */
export async function readFolder(folder: string): Promise<MapFiles> {
  const files = new Map<string, Uint8Array>();
  const walk = async (current: string): Promise<void> => {
    for (const entry of await readdir(current, { withFileTypes: true })) {
      const path = join(current, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) files.set(relative(folder, path).split(sep).join("/"), new Uint8Array(await readFile(path)));
      else throw new BundleError("unsafe_path", path, "is a link or a special file", "put the file itself in its place");
    }
  };
  try {
    await walk(folder);
  } catch (error) {
    if (error instanceof BundleError) throw error;
    throw new BundleError("not_a_bundle", folder, `cannot be read (${(error as Error).message})`, "give the folder that `python -m export` wrote");
  }
  return new MapFiles(files, folder);
}
