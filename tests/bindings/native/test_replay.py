"""nowface-replay on a bundle's vectors, judged by the parity gate; and the library's own tests."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sdk.bundle import Bundle
from sdk.bundle.trace import Trace
from sdk.parity.gate import check_bundle

PARTS = ["bundle_parts", "own_executor", "stream_parts", "vectors", "header", "static"]
"""What the library's own tests are of."""


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def trace(native_build: Path, native_toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    path = tmp_path_factory.mktemp("replay") / "trace.safetensors"
    done = run(native_build / "nowface-replay", native_toy, "-o", path, "--device", "a desk")
    assert done.returncode == 0, done.stderr  # the runtime writes of processors it does not know, too
    return Trace.load(path)


def test_the_trace_holds_what_the_reference_s_does(native_toy: Path, trace: Trace) -> None:
    with Bundle.open(native_toy) as bundle:
        vectors = bundle.vectors()
    assert trace.outputs.keys() == vectors.outputs.keys()
    assert trace.digest_names == vectors.digest_names
    np.testing.assert_array_equal(trace.index, vectors.index)
    np.testing.assert_array_equal(trace.due_sample, vectors.due_sample)
    np.testing.assert_allclose(trace.digests, vectors.digests, rtol=1e-3, atol=1e-4)
    assert trace.signals.keys() == vectors.signals.keys()
    assert trace.metadata["device"] == "a desk"
    assert trace.metadata["precision"] == "fp32"
    assert trace.metadata["runtime"].startswith("executorch 1.")


def test_the_gate_passes_it(native_toy: Path, trace: Trace) -> None:
    with Bundle.open(native_toy) as bundle:
        assert check_bundle(bundle, device_trace=trace).passed


def test_the_gate_fails_a_frame_that_is_wrong(native_toy: Path, trace: Trace) -> None:
    with Bundle.open(native_toy) as bundle:
        name = bundle.pipeline.values
        wrong = trace.outputs[name].copy()
        wrong[20] += 0.01 * np.ptp(wrong)
        assert not check_bundle(bundle, device_trace=replace(trace, outputs={**trace.outputs, name: wrong})).passed


def test_mistakes_are_told_in_one_line(native_build: Path, native_toy: Path, tmp_path: Path) -> None:
    tool = native_build / "nowface-replay"
    for arguments, word in [
        ([], "usage"),
        (["--nonsense"], "cannot be used here"),
        ([tmp_path / "none"], "does not exist"),
        ([native_toy, "--precision", "int3"], "it has fp32"),
        ([native_toy, "-o", tmp_path / "no" / "folder"], "cannot be written"),
    ]:
        done = run(tool, *arguments)
        assert done.returncode == 2
        assert word in done.stderr
    assert run(tool, "--help").returncode == 0


def test_a_changed_program_never_reaches_the_runtime(native_build: Path, native_toy: Path, tmp_path: Path) -> None:
    import shutil

    copied = tmp_path / "bundle"
    shutil.copytree(native_toy, copied)
    program = next((copied / "executorch").rglob("*.pte"))
    data = bytearray(program.read_bytes())
    data[len(data) // 2] ^= 1
    program.write_bytes(data)
    done = run(native_build / "nowface-replay", copied)
    assert done.returncode == 2
    assert "SHA-256" in done.stderr


@pytest.mark.parametrize("part", PARTS)
def test_the_library_s_own(native_build: Path, part: str) -> None:
    done = run(native_build / f"test_{part}")
    assert done.returncode == 0, done.stderr


def test_only_the_interface_is_exported(native_build: Path) -> None:
    done = run("nm", "-D", "--defined-only", native_build / "libnowface.so")
    names = {line.split()[-1] for line in done.stdout.splitlines()}
    assert names
    assert all(name.startswith("nowface_") for name in names)
