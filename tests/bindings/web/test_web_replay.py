"""Streams of whole bundles in onnxruntime-web under Node.js, judged by the parity gate."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from sdk.bundle import Bundle
from sdk.bundle.trace import Trace
from sdk.parity import ParityReport, check_bundle
from sdk.parity.beside import Beside
from sdk.parity.replay import closed_loop
from tests.bindings.web.conftest import run
from tests.toy_bundle import speech_like


def replayed(bundle: Path, output: Path, *options: object) -> Trace:
    done = run("node", "scripts/replay.mjs", bundle, output, *options)
    assert done.returncode == 0, done.stderr
    return Trace.load(output)


def judged(folder: Path, trace: Trace) -> ParityReport:
    with Bundle.open(folder) as bundle:
        return check_bundle(bundle, device_trace=trace)


@pytest.mark.parametrize("name", ["toy_onnx_bundle", "choice_bundle"])
def test_the_vectors_pass_the_gate(name: str, package: Path, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder = request.getfixturevalue(name)
    trace = replayed(folder, tmp_path / "trace.safetensors")
    report = judged(folder, trace)
    assert report.passed, report.first_failure
    assert [(case.key.target, case.key.precision, case.verdict) for case in report.cases] == [("onnx", "fp32", "pass")]
    said = trace.metadata
    assert said["runtime"] == "onnxruntime-web 1.30.0"
    assert said["user_agent"].startswith("node v")
    assert said["restarts"] == "0"
    assert {"device", "os", "model", "sdk"} <= set(said)


def test_chance_signals_and_another_rate_pass_the_gate(package: Path, choice_bundle: Path, tmp_path: Path) -> None:
    """A stream at 44.1 kHz in 16 bits with a seed, and signals of which some came late."""
    pcm = (speech_like(44_100, seed=3) * 32_767).astype(np.int16)
    with Bundle.open(choice_bundle) as bundle:
        rows = bundle.vectors().signals["tracker"]
        late = type(rows)(rows.sample, rows.tensors, np.maximum.accumulate(np.arange(len(rows.sample)) // 2 + 9))
        chunks = [1_000, 441, 1] * 30 + [44_100 - 30 * 1_442]
        beside = Beside({"tracker": late}, seed=2**63 + 11)
        given = closed_loop(bundle, "eager", None, pcm, chunks, sample_rate=44_100, beside=beside)
    given.save(tmp_path / "given.safetensors")
    trace = replayed(choice_bundle, tmp_path / "trace.safetensors", "--trace", tmp_path / "given.safetensors")
    assert trace.pcm.dtype == np.int16
    assert (trace.sample_rate, trace.seed, trace.chunks.tolist()) == (44_100, 2**63 + 11, chunks)
    assert np.array_equal(trace.outputs["chooser.labels"], given.outputs["chooser.labels"])
    assert len(np.unique(trace.outputs["chooser.labels"])) > 2
    seen_from = trace.signals["tracker"].seen_from
    assert seen_from is not None
    assert np.array_equal(seen_from, late.seen_from)
    report = judged(choice_bundle, trace)
    assert report.passed, report.first_failure


def test_a_planted_error_fails_the_gate(package: Path, toy_onnx_bundle: Path, tmp_path: Path) -> None:
    """One weight of the decoder is off by a thousandth; the bundle that holds it is otherwise in order."""
    spoilt = tmp_path / "spoilt"
    shutil.copytree(toy_onnx_bundle, spoilt)
    path = spoilt / "onnx" / "fp32" / "motion_decoder.onnx"
    model = onnx.load(path)
    weight = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    values = numpy_helper.to_array(weight).copy()
    values.flat[int(np.abs(values).argmax())] *= 1.001
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(model, path)
    manifest = json.loads((spoilt / "manifest.json").read_text())
    record = next(file for file in manifest["files"] if file["path"] == "onnx/fp32/motion_decoder.onnx")
    record |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
    (spoilt / "manifest.json").write_text(json.dumps(manifest))
    report = judged(toy_onnx_bundle, replayed(spoilt, tmp_path / "trace.safetensors"))
    assert not report.passed
    assert [case.verdict for case in report.cases] == ["fail"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "BUNDLE hash_mismatch: onnx/fp32/motion_decoder.onnx: "),
        (lambda data: data[:-1], "BUNDLE size_mismatch: onnx/fp32/motion_decoder.onnx: "),
    ],
)
def test_a_damaged_artefact_is_never_run(spoil, said, package: Path, toy_onnx_bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(toy_onnx_bundle, folder)
    path = folder / "onnx" / "fp32" / "motion_decoder.onnx"
    path.write_bytes(spoil(path.read_bytes()))
    done = run("node", "scripts/replay.mjs", folder, tmp_path / "trace.safetensors")
    assert done.returncode == 2
    assert done.stderr.startswith(said), done.stderr
    assert not (tmp_path / "trace.safetensors").exists()
