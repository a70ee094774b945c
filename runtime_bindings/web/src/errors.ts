/** What an app may have to tell a user: one class for each status of the shared table. */
import { STATUSES, type Status } from "./generated/statuses.js";

/**
 * A mistake or a defect, in one line: `subject: problem; mend`.
 *
 * `status` and `code` are those of every language (`runtime_bindings/statuses.json`).
 */
export class NowfaceError extends Error {
  readonly code: number;

  constructor(
    readonly status: Status,
    readonly subject: string,
    readonly problem: string,
    readonly mend: string,
  ) {
    super(`${subject}: ${problem}; ${mend}`);
    this.name = new.target.name;
    this.code = STATUSES[status];
  }
}

/** An argument cannot be used. */
export class UsageError extends NowfaceError {
  constructor(subject: string, problem: string, mend: string) {
    super("USAGE", subject, problem, mend);
  }
}

/** The state of a session does not allow the call. */
export class SessionError extends NowfaceError {
  constructor(subject: string, problem: string, mend: string) {
    super("SESSION", subject, problem, mend);
  }
}

/** The bundle has no such target or precision, or this browser cannot run it. */
export class TargetError extends NowfaceError {
  constructor(subject: string, problem: string, mend: string) {
    super("TARGET", subject, problem, mend);
  }
}

/** A stage gives non-finite values even from its start state. */
export class NumericalError extends NowfaceError {
  constructor(subject: string, problem: string, mend: string) {
    super("NUMERICAL", subject, problem, mend);
  }
}

/** What is wrong with a bundle; the classes of `sdk.bundle.errors` by name. */
export type Defect =
  | "not_a_bundle"
  | "manifest_too_big"
  | "manifest_not_json"
  | "duplicate_key"
  | "unknown_key"
  | "missing_key"
  | "wrong_value"
  | "format_version"
  | "unsafe_path"
  | "colliding_path"
  | "missing_file"
  | "unlisted_file"
  | "size_mismatch"
  | "hash_mismatch"
  | "tensor_file"
  | "trace";

const REEXPORT = "export the bundle again or copy it afresh";

/** The bundle is damaged, or is none. */
export class BundleError extends NowfaceError {
  constructor(
    readonly defect: Defect,
    subject: string,
    problem: string,
    mend: string = REEXPORT,
  ) {
    super("BUNDLE", subject, problem, mend);
  }
}

/**
 * `text` on one line, printable characters only, cut short: what a hostile file says must not fill a log. Objects are
 * shown as JSON, for one from a file may hold a `toString` that is no function.
 */
export function shown(text: unknown, limit = 120): string {
  const words = String(typeof text === "object" ? JSON.stringify(text) : text);
  const plain = words.replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return plain.length <= limit ? plain : `${plain.slice(0, limit)}...`;
}
