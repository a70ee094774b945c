/** Where the files of a bundle come from. */
import { BundleError } from "./errors.js";

/** A folder, however it is held: paths are relative, with `/` between segments. */
export interface Files {
  /** Of messages, such as the URL. */
  readonly name: string;
  /** The bytes of one file. Rejects with a BundleError `missing_file` if there is none. */
  read(path: string): Promise<Uint8Array>;
  /** Every path in it, where that is known. */
  list?(): Iterable<string>;
}

/** A bundle on a server, fetched file by file as they are needed. */
export class UrlFiles implements Files {
  readonly name: string;

  /** @param base URL of the folder, with or without a slash at its end. */
  constructor(base: string | URL) {
    this.name = String(base).replace(/\/?$/, "/");
  }

  async read(path: string): Promise<Uint8Array> {
    const url = this.name + path;
    let problem: string;
    try {
      const response = await fetch(url);
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      problem = `the server answers ${response.status}`;
    } catch (error) {
      problem = `cannot be fetched (${(error as Error).message})`;
    }
    throw new BundleError("missing_file", url, problem, "check the address and that the whole folder was uploaded");
  }
}

/** A bundle in memory: path -> bytes, such as files the user picked or an unpacked archive. */
export class MapFiles implements Files {
  constructor(
    private readonly files: ReadonlyMap<string, Uint8Array | Blob>,
    readonly name = "bundle",
  ) {}

  list(): Iterable<string> {
    return this.files.keys();
  }

  async read(path: string): Promise<Uint8Array> {
    const file = this.files.get(path);
    if (!file) throw new BundleError("missing_file", `${this.name}/${path}`, "is not there", "give the whole folder");
    return file instanceof Uint8Array ? file : new Uint8Array(await file.arrayBuffer());
  }
}
