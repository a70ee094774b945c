import assert from "node:assert/strict";
import { test } from "node:test";
import { Bundle, MapFiles } from "../dist/index.js";
import "../dist/node.js";
import { PIPELINE } from "./streams.mjs";

const SHA = "0".repeat(64);
const MANIFEST = {
  format_version: 1,
  model: { name: "fake", title: "Fake", licence: "CC0-1.0", trained: false },
  pipeline: PIPELINE,
  unit: "1",
  channels: ["a", "b", "c", "d", "e"],
  files: ["onnx/ear.onnx", "onnx/face.onnx", "parameters.safetensors"].map((path) => ({ path, sha256: SHA, bytes: 3 })),
  targets: [{ target: "onnx", precision: "fp32", artefacts: { ear: "onnx/ear.onnx", face: "onnx/face.onnx" } }],
  parameters: "parameters.safetensors",
};

const changed = (change) => {
  const manifest = structuredClone(MANIFEST);
  change(manifest);
  return JSON.stringify(manifest);
};
const open = (text, more = []) => Bundle.open(new MapFiles(new Map([["manifest.json", new TextEncoder().encode(text)], ...more])));

test("a good manifest is read", async () => {
  const bundle = await open(JSON.stringify(MANIFEST));
  assert.deepEqual(bundle.precisions, ["fp32"]);
});

const DEFECTS = {
  manifest_not_json: ["{", "[]", JSON.stringify(MANIFEST).replace('"Fake"', '"\\ud800"'), JSON.stringify(MANIFEST).replace('"fake"', "NaN")],
  manifest_too_big: [" ".repeat(8 * 1024 * 1024 + 1)],
  duplicate_key: [JSON.stringify(MANIFEST).replace('"unit":"1",', '"unit":"1","unit":"mm",')],
  unknown_key: [changed((m) => (m.more = 1)), changed((m) => (m.pipeline.stages[0].more = 1))],
  missing_key: [changed((m) => delete m.files), changed((m) => delete m.pipeline.hop)],
  format_version: [changed((m) => (m.format_version = 2)), changed((m) => (m.format_version = "1"))],
  unsafe_path: ["../x", "/x", "C:/x", ".x", "nul", "a/b.", "a\\b"].map((path) => changed((m) => (m.files[0].path = path))),
  colliding_path: [changed((m) => m.files.push({ ...m.files[0], path: "ONNX/ear.onnx" }))],
  wrong_value: [
    changed((m) => (m.pipeline.hop = 0)),
    changed((m) => (m.pipeline.hop = "320")),
    changed((m) => (m.pipeline.values = "ear.sum")),
    changed((m) => (m.pipeline.stages[1].inputs[0].source = "mouth.sum")),
    changed((m) => (m.pipeline.stages[1].inputs[1].shape = [2, 1])),
    changed((m) => m.pipeline.stages[1].outputs.push(m.pipeline.stages[1].outputs[0])),
    changed((m) => (m.pipeline.stages[1].name = "ear")),
    changed((m) => (m.pipeline.parameters[0].shape = [2 ** 29])),
    changed((m) => m.pipeline.signals[0].tensors.push({ ...m.pipeline.signals[0].tensors[0], name: "map", shape: [2 ** 29] })),
    changed((m) => (m.channels[1] = "a")),
    changed((m) => m.channels.pop()),
    changed((m) => (m.parameters = "other.safetensors")),
    changed((m) => delete m.targets[0].artefacts.ear),
    changed((m) => m.targets.push(m.targets[0])),
    JSON.stringify(MANIFEST).replace('"hop":320', '"hop":1e999'),
    JSON.stringify(MANIFEST).replace('"bytes":3', '"bytes":9007199254740993'),
    JSON.stringify(MANIFEST).replace('"fake"', `${"[".repeat(40)}${"]".repeat(40)}`),
    changed((m) => (m.channels = Array.from({ length: 5_000 }, (_, i) => `c${i}`))),
  ],
};

for (const [defect, texts] of Object.entries(DEFECTS)) {
  texts.forEach((text, number) => {
    test(`${defect} ${number}`, async () => {
      await assert.rejects(open(text), (error) => {
        assert.equal(error.defect, defect, error.message);
        assert.equal(error.status, "BUNDLE");
        return true;
      });
    });
  });
}

test("no manifest, an unlisted file, a missing file, another length, another content", async () => {
  const defect = (name) => (error) => error.defect === name;
  await assert.rejects(Bundle.open(new MapFiles(new Map())), defect("not_a_bundle"));
  await assert.rejects(open(JSON.stringify(MANIFEST), [["more.txt", new Uint8Array(1)]]), defect("unlisted_file"));
  const session = async (bytes) => (await open(JSON.stringify(MANIFEST), bytes)).session();
  await assert.rejects(session([]), defect("missing_file"));
  await assert.rejects(session([["onnx/ear.onnx", new Uint8Array(2)]]), defect("size_mismatch"));
  await assert.rejects(session([["onnx/ear.onnx", new Uint8Array(3)]]), defect("hash_mismatch"));
});

test("what Unity's editor writes beside each file and folder is passed over, and no other", async () => {
  const meta = (...paths) => open(JSON.stringify(MANIFEST), paths.map((path) => [path, new Uint8Array(1)]));
  await meta("manifest.json.meta", "onnx.meta", "onnx/ear.onnx.meta", "parameters.safetensors.meta");
  for (const path of ["x.meta", ".meta", "onnx/x.meta", "onnx/manifest.json.meta", "onnx.meta.meta", "Onnx.meta"]) {
    await assert.rejects(meta(path), (error) => error.defect === "unlisted_file", path);
  }
});

test("a precision or target that is not there", async () => {
  const bundle = await open(JSON.stringify(MANIFEST));
  await assert.rejects(bundle.session({ precision: "int8" }), (error) => error.status === "TARGET");
  const none = await open(changed((m) => (m.targets = [])));
  await assert.rejects(none.session(), (error) => error.status === "TARGET" && /export --target onnx/.test(error.mend));
});
