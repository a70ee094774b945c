"""The core on 64-bit Arm, in qemu: the default model's traces pass the gate. Needs the cross compiler and qemu-user.

The processor is always named: qemu 7.2 computes int8 products of its default one, which has SME, wrongly.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime_bindings.python.native import build
from sdk.bundle import Bundle
from sdk.bundle.trace import Trace
from sdk.parity.gate import check_bundle
from tests.bindings.retarget_vectors import assert_same_bits

pytestmark = pytest.mark.slow

LOADER = {**os.environ, "QEMU_LD_PREFIX": "/usr/aarch64-linux-gnu"}


@pytest.fixture(scope="module")
def arm_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("arm")
    runtime = build.fetched_wheels(folder, "aarch64")
    return build.build(runtime, folder / "build", tests=True, settings=build.ARM64).parent


@pytest.fixture(scope="module")
def default_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("default")
    options = ["--target", "executorch", "--precision", "fp32,int8", "--output-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "export", *options], check=True, capture_output=True)
    return next(folder.iterdir())


@pytest.mark.parametrize("processor", ["cortex-a53", "neoverse-n1"])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_arm_computes_what_the_model_does(
    arm_build: Path, default_bundle: Path, tmp_path: Path, precision: str, processor: str
) -> None:
    path = tmp_path / "trace.safetensors"
    command = ["qemu-aarch64-static", "-cpu", processor, str(arm_build / "nowface-replay"), str(default_bundle)]
    options = ["--precision", precision, "--device", f"qemu {processor}", "-o", str(path)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, env=LOADER)
    assert done.returncode == 0, done.stderr
    trace = Trace.load(path)
    assert trace.metadata["os"].endswith("aarch64")
    with Bundle.open(default_bundle) as bundle:
        assert check_bundle(bundle, device_trace=trace).passed


def test_arm_retargets_to_the_same_bits(arm_build: Path) -> None:
    """Its compilers fuse products with sums unless they are told not to."""
    loader = ["env", f"QEMU_LD_PREFIX={LOADER['QEMU_LD_PREFIX']}"]
    assert_same_bits([*loader, "qemu-aarch64-static", "-cpu", "cortex-a53", str(arm_build / "retarget_stream")])
