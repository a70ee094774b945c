// Sound in (a file or the microphone), frames out of the session, the newest frame on the head.
import { Bundle, UrlFiles } from "nowface";
import { Face } from "viewer/face.js";
import { Stage } from "viewer/stage.js";
import { readTensors } from "viewer/tensors.js";
import { Panel } from "./panel.js";

// ?play=sample or mic: as if the button had been pressed, for a browser that a script drives. ?plain, ?full: draw without
// reflections and shadows, or with them however slow; else without them where they turn out to be too slow.
const query = new URLSearchParams(location.search);
const find = (id) => document.getElementById(id);
const panel = new Panel(find);
const times = { steps: [], latencies: [], frames: [], pictures: [] };
let audio, capture, session, source, newest, due;
/** Largest change of a value from one frame to the next. */
let moved = 0;
let previous;

async function start() {
  const began = performance.now();
  const [bundle, bytes] = await Promise.all([
    Bundle.open(new UrlFiles("/bundle/"), { wasmPaths: "/onnxruntime-web/" }),
    fetch("/head.safetensors").then((response) => response.arrayBuffer()),
  ]);
  const { tensors, metadata } = readTensors(new Uint8Array(bytes));
  const head = new Face(tensors, JSON.parse(metadata.mesh));
  const shapes = head.shapesOf(bundle.channels);
  const vertices = head.fits(bundle.pipeline);
  if (!vertices && !shapes.some((shape) => shape >= 0)) throw new Error("The bundle's values are not for this head");
  const onFrame = (_frame, _states, seconds) => keep(times.steps, 1000 * seconds);
  session = await bundle.session({ queueSeconds: 2, observer: { onPush() {}, onSignal() {}, onFrame } });
  const draw = () => {
    panel.draw();
    if (!newest) return false;
    if (vertices) head.place(newest.values);
    else {
      head.pose(newest.values, shapes);
      panel.channels(bundle.channels, newest.values);
    }
    if (due !== undefined) keep(times.latencies, 1000 * (audio.currentTime - due));
    newest = undefined;
    return true;
  };
  const plain = query.has("plain") || (query.has("full") ? false : undefined);
  const onDrawn = (time) => keep(times.pictures, time);
  await new Stage(find("stage"), [head.group], { plain, onDraw: draw, onDrawn }).ready;
  setInterval(() => panel.figures(figures()), 300);
  for (const id of ["sample", "mic", "file"]) find(id).disabled = false;
  find("pick").removeAttribute("aria-disabled");
  const { model } = bundle.manifest;
  panel.say(`${model.title}${model.trained ? "" : " (untrained: the motion means nothing)"}, ready in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** Frames as they can be computed, as long as the page is open. */
let polling = false;
async function follow(begun) {
  if (polling) return;
  polling = true;
  try {
    for await (const frame of session.poll()) {
      newest = frame;
      previous?.forEach((value, i) => (moved = Math.max(moved, Math.abs(value - frame.values[i]))));
      previous = frame.values;
      due = begun.at === undefined ? undefined : begun.at + frame.dueSample / 16_000;
      keep(times.frames, performance.now());
    }
  } finally {
    polling = false;
  }
}

/** Until nothing is computed any more; the last blocks of sound may still be on their way. */
async function computed() {
  do await new Promise((resolve) => setTimeout(resolve, 200));
  while (polling);
}

async function listen(makeSource, label, button) {
  stop();
  // Made by a click: browsers let no page make or take sound before one.
  audio ??= new AudioContext({ latencyHint: "interactive" });
  await audio.resume();
  if (!capture) {
    await audio.audioWorklet.addModule("capture.js");
    capture = new AudioWorkletNode(audio, "capture", { numberOfOutputs: 0 });
  }
  session.reset();
  for (const kept of Object.values(times)) kept.length = 0;
  const begun = {};
  capture.port.onmessage = ({ data: { pcm, end } }) => {
    begun.at ??= end - pcm.length / audio.sampleRate;
    panel.hear(pcm, audio.sampleRate);
    session.push(pcm, audio.sampleRate);
    follow(begun).catch(complain);
  };
  source = await makeSource();
  source.connect(capture);
  press(button, true);
  panel.say(label);
}

function stop() {
  source?.stop?.();
  source?.mediaStream?.getTracks().forEach((track) => track.stop());
  source?.disconnect();
  source = undefined;
  for (const button of document.querySelectorAll("button")) press(button, false);
}

function press(button, down) {
  if (!button) return;
  const label = button.querySelector("span");
  button.dataset.label ??= label.textContent;
  button.setAttribute("aria-pressed", String(down));
  label.textContent = down ? "Stop" : button.dataset.label;
}

function play(bytes, label, button) {
  return listen(
    async () => {
      const node = new AudioBufferSourceNode(audio, { buffer: await audio.decodeAudioData(bytes) });
      node.connect(audio.destination);
      node.onended = async () => {
        if (source !== node) return;
        stop();
        await computed();
        panel.say(`Done: ${summary()}`);
        report();
      };
      node.start();
      return node;
    },
    label,
    button,
  );
}

const actions = {
  sample: async (button) => play(await (await fetch("/speech")).arrayBuffer(), "Playing the sample", button),
  mic: (button) =>
    listen(
      async () => {
        // As it is: what makes a call sound clean cuts off what lips are read from.
        const asItIs = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
        return new MediaStreamAudioSourceNode(audio, { mediaStream: await navigator.mediaDevices.getUserMedia({ audio: asItIs }) });
      },
      "Listening: say something",
      button,
    ),
};

for (const [id, action] of Object.entries(actions)) {
  find(id).addEventListener("click", () => {
    if (find(id).getAttribute("aria-pressed") === "true") {
      stop();
      panel.say("Stopped");
    } else action(find(id)).catch(complain);
  });
}
find("file").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  if (file) await file.arrayBuffer().then((bytes) => play(bytes, `Playing ${file.name}`)).catch(complain);
  target.value = "";
});

function keep(values, value) {
  values.push(value);
  if (values.length > 600) values.shift();
}

function quantile(values, share) {
  return values.length ? [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] : NaN;
}

function perSecond(moments) {
  const recent = moments.slice(-90);
  return recent.length > 1 ? (1000 * (recent.length - 1)) / (recent[recent.length - 1] - recent[0]) : NaN;
}

function figures() {
  return { stepMs: quantile(times.steps, 0.5), latencyMs: quantile(times.latencies, 0.5), rate: perSecond(times.frames), displayed: perSecond(times.pictures) };
}

function summary() {
  const { frames, droppedSamples, restarts } = session.report;
  return `${frames} frames, ${droppedSamples} samples dropped, ${restarts} restarts`;
}

/** Tell the server what was measured: a headless browser has nobody to read the panel. */
function report() {
  const body = JSON.stringify({
    ...figures(),
    drawn: times.pictures.length,
    moved,
    stepP95Ms: quantile(times.steps, 0.95),
    latencyP95Ms: quantile(times.latencies, 0.95),
    report: session.report,
    events: session.events,
    userAgent: navigator.userAgent,
    isolated: crossOriginIsolated,
  });
  fetch("/report", { method: "POST", body }).catch(() => undefined);
}

function complain(error) {
  stop();
  panel.say(error?.message ?? String(error), true);
  fetch("/report", { method: "POST", body: JSON.stringify({ error: String(error?.message ?? error) }) }).catch(() => undefined);
}

start()
  .then(() => actions[query.get("play")]?.(find(query.get("play"))))
  .catch(complain);
