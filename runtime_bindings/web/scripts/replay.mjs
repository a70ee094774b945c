// Plays a bundle's test vectors, or another trace's sound, in Node.js and writes what comes out as a trace:
//   node scripts/replay.mjs BUNDLE OUTPUT [--precision NAME] [--trace INPUT]
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { parseArgs } from "node:util";
import { Bundle, NowfaceError, Trace, replay } from "../dist/index.js";
import { readFolder } from "../dist/node.js";

const options = { precision: { type: "string" }, trace: { type: "string" } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const [folder, output] = positionals;
if (!output) {
  process.stderr.write("usage: node scripts/replay.mjs BUNDLE OUTPUT [--precision NAME] [--trace INPUT]\n");
  process.exit(2);
}
try {
  const bundle = await Bundle.open(await readFolder(folder));
  const given = values.trace && Trace.parse(new Uint8Array(readFileSync(values.trace)), values.trace);
  const metadata = { device: os.arch(), os: `${os.type()} ${os.release()}`, user_agent: `node ${process.version}` };
  const trace = await replay(bundle, given, { ...(values.precision && { precision: values.precision }), metadata });
  writeFileSync(output, trace.save());
  const times = [...trace.content.seconds].sort((a, b) => a - b);
  const median = 1000 * times[Math.floor(times.length / 2)];
  process.stdout.write(`${output}: ${trace.frames} frames, median ${median.toFixed(2)} ms a frame\n`);
  await bundle.close();
} catch (error) {
  if (!(error instanceof NowfaceError)) throw error;
  process.stderr.write(`${error.status} ${error.defect ?? ""}: ${error.message}\n`);
  process.exit(2);
}
