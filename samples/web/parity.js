// Replays the bundle's vectors and offers the trace; the server gets a copy, and keeps it if it was asked to.
// parity.html?precision=int8 replays that precision of a bundle that has several.
import { Bundle, UrlFiles, replay } from "nowface";

const find = (id) => document.getElementById(id);

async function main() {
  const began = performance.now();
  const options = { wasmPaths: "/onnxruntime-web/" };
  const precision = new URLSearchParams(location.search).get("precision") ?? undefined;
  const bundle = await Bundle.open(new UrlFiles("/bundle/"), options);
  await bundle.executor(precision);
  const loadMs = performance.now() - began;
  const vectors = await bundle.vectors();
  const metadata = { device: navigator.userAgentData?.model || "browser", os: navigator.userAgentData?.platform ?? navigator.platform };
  const trace = await replay(bundle, vectors, {
    ...(precision && { precision }),
    metadata,
    onFrame: (done) => {
      find("progress").value = done / vectors.frames;
      find("status").textContent = `${done} of ${vectors.frames} frames`;
    },
  });
  await bundle.close();
  const milliseconds = [...trace.content.seconds].map((seconds) => 1000 * seconds).sort((a, b) => a - b);
  const at = (share) => milliseconds[Math.floor(share * (milliseconds.length - 1))];
  const file = new Blob([trace.save()]);
  Object.assign(find("save"), { href: URL.createObjectURL(file), hidden: false });
  find("status").textContent = `${trace.frames} frames; ${at(0.5).toFixed(1)} ms a frame in the middle, ${at(0.95).toFixed(1)} ms at the 95th percentile`;
  await fetch("/trace", { method: "POST", body: file });
  await tell({ frames: trace.frames, loadMs, medianMs: at(0.5), p95Ms: at(0.95), metadata: trace.content.metadata });
}

const tell = (body) => fetch("/report", { method: "POST", body: JSON.stringify(body) });

main().catch((error) => {
  find("status").textContent = error.message;
  find("status").classList.add("wrong");
  return tell({ error: error.message });
});
