"""The Java binding: its own tests, its statuses, and its traces against the C++ tool's and the gate."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sdk.__main__ import main
from tests.bindings.java.conftest import HERE, ROOT, Java, run

CASES = re.findall(r"public static void (\w+)\(\)", (HERE / "BindingTest.java").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def verdicts(java: Java, native_toy: Path) -> dict[str, str]:
    """What each test of BindingTest.java ended with."""
    said = java("ai.nowface.BindingTest", native_toy)
    lines = [line.split(" ", 1) for line in said.splitlines() if line.split(" ")[0] in CASES]
    return {line[0]: line[1] for line in lines}


@pytest.mark.parametrize("case", CASES)
def test_binding(verdicts: dict[str, str], case: str) -> None:
    assert verdicts[case] == "ok"


def test_a_retarget_reaches_the_library(java: Java, named_toy: Path) -> None:
    assert java("ai.nowface.RetargetTest", named_toy) == "ok\n"


def test_the_example_of_the_page_gives_every_frame_of_a_long_clip(java: Java, named_toy: Path) -> None:
    """Longer than the sound that may wait, and than the frames that a worker lets wait."""
    channels, *frames = java("SpeakTest", named_toy, 25).splitlines()
    assert channels == "[a, b, c, d, e, f, g, h]"
    assert [int(line.split()[0]) for line in frames] == list(range(25 * 30))


def test_statuses_are_those_of_all_languages(java: Java) -> None:
    table = json.loads((ROOT / "runtime_bindings" / "statuses.json").read_text(encoding="utf-8"))["statuses"]
    said = java("Statuses").splitlines()
    assert said == [f"{row['code']} {row['name']} {str(row['error']).lower()}" for row in table]


@pytest.fixture(scope="session")
def trace(java: Java, native_toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trace") / "java.safetensors"
    assert java("ai.nowface.replay.Replay", native_toy, path).endswith("60 frames\n")
    return path


def assert_equal_traces(expected_path: Path, got_path: Path) -> None:
    with safe_open(expected_path, "np") as expected, safe_open(got_path, "np") as got:
        assert got.keys() == expected.keys()
        for name in set(expected.keys()) - {"seconds"}:
            wanted, value = expected.get_tensor(name), got.get_tensor(name)
            assert value.dtype == wanted.dtype
            assert value.shape == wanted.shape
            assert value.tobytes() == wanted.tobytes(), name
        assert (got.get_tensor("seconds") > 0).all()
        differ = {key for key, text in expected.metadata().items() if got.metadata().get(key) != text}
    assert differ <= {"library", "os"}


def test_a_trace_is_that_of_the_native_tool(trace: Path, native_build: Path, native_toy: Path, tmp_path: Path) -> None:
    run(native_build / "nowface-replay", native_toy, "-o", tmp_path / "native.safetensors")
    assert_equal_traces(tmp_path / "native.safetensors", trace)


def test_16_bits_of_another_rate_and_late_signals_too(
    java: Java, native_build: Path, native_toy: Path, tmp_path: Path
) -> None:
    bundle = shutil.copytree(native_toy, tmp_path / "bundle")
    path = bundle / "vectors.safetensors"
    tensors = load_file(path)
    with safe_open(path, "np") as file:
        metadata = file.metadata() | {"sample_rate": "22050", "seed": str(2**64 - 1)}
    tensors["pcm"] = (tensors["pcm"] * 32767).astype(np.int16)
    tensors["seen_from.tracker"] = tensors["signal.tracker"] * 30 // 16_000 + 5
    save_file(tensors, path, metadata)
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    record = next(file for file in manifest["files"] if file["path"] == path.name)
    record |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (bundle / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    run(native_build / "nowface-replay", bundle, "-o", tmp_path / "native.safetensors")
    java("ai.nowface.replay.Replay", bundle, tmp_path / "java.safetensors", "fp32")
    assert_equal_traces(tmp_path / "native.safetensors", tmp_path / "java.safetensors")


def test_a_wrong_bundle_ends_the_replay_with_one_line(java: Java, tmp_path: Path) -> None:
    command = java.command("ai.nowface.replay.Replay", tmp_path, tmp_path / "trace")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"[^\n]+: [^\n]+; [^\n]+\n", done.stderr)


def verdict_of_the_gate(bundle: Path, trace: Path) -> str:
    done = CliRunner().invoke(main, ["parity", str(bundle), "--device", str(trace)])
    return done.output.splitlines()[-1]


def test_the_gate_takes_a_trace(trace: Path, native_toy: Path) -> None:
    assert verdict_of_the_gate(native_toy, trace) == "parity holds: 1 passed, 0 failed"


def test_the_gate_refuses_a_trace_that_is_a_frame_late(trace: Path, native_toy: Path, tmp_path: Path) -> None:
    tensors = load_file(trace)
    tensors["output.face.vertices"] = np.roll(tensors["output.face.vertices"], 1, axis=0)
    with safe_open(trace, "np") as file:
        save_file(tensors, tmp_path / "late.safetensors", file.metadata())
    assert verdict_of_the_gate(native_toy, tmp_path / "late.safetensors") == "parity FAILS: 0 passed, 1 failed"


JSON = {
    "{}": "{}",
    ' {"a" : [1, -2.5e1, true, null, {"b": []}]} ': "{a=[1, -25.0, true, null, {b=[]}]}",
    '{"b": "\\u00e4\\n\\"\\\\", "a": ""}': '{b=ä\n"\\, a=}',
    '{"whole": 999999999999999999, "large": 9999999999999999999}': "{whole=999999999999999999, large=1.0E19}",
}
NOT_JSON = (
    "",
    "[]",
    "{",
    '{"a"}',
    '{"a": 1,}',
    '{"a": 01}',
    '{"a": 1}}',
    '{"a": "\n"}',
    '{"a": "\\u12g4"}',
    '{"a": tru}',
)
NOT_JSON += (
    '{"a": 1, "a": 2}',
    '{"a": ' + "[" * 40 + "]" * 40 + "}",
    '{"a": "',
    '{"a": "\\x"}',
    "{'a': 1}",
    '{"a": +1}',
)


def test_json(java: Java, tmp_path: Path) -> None:
    files = []
    for number, text in enumerate([*JSON, *NOT_JSON]):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(text, encoding="utf-8")
    said = java("ai.nowface.replay.JsonTest", *files).splitlines()
    assert [json.loads(line) for line in said[: len(JSON)]] == list(JSON.values())
    assert said[len(JSON) :] == ["refused"] * len(NOT_JSON)
