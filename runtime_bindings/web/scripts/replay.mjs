// node scripts/replay.mjs BUNDLE TRACE [PRECISION]: play a bundle's test vectors in Node.js and write the trace.
import { writeFileSync } from "node:fs";
import os from "node:os";
import { Bundle, NowfaceError, replay } from "../dist/index.js";
import { readFolder } from "../dist/node.js";

const [folder, output, precision] = process.argv.slice(2);
if (!output) {
  process.stderr.write("usage: node scripts/replay.mjs BUNDLE TRACE [PRECISION]\n");
  process.exit(2);
}
try {
  const bundle = await Bundle.open(await readFolder(folder));
  const metadata = { device: os.arch(), os: `${os.type()} ${os.release()}`, user_agent: `node ${process.version}` };
  const trace = await replay(bundle, undefined, precision === undefined ? { metadata } : { metadata, precision });
  writeFileSync(output, trace.save());
  process.stdout.write(`${output}: ${trace.frames} frames\n`);
  await bundle.close();
} catch (error) {
  if (!(error instanceof NowfaceError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}
