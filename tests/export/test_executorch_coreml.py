"""ExecuTorch programs with the Core ML delegate against eager PyTorch, the oracle, through the interpreter."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from export.precision import FP16, FP32
from export.targets.base import LoweringOptions, find_target
from export.targets.executorch_coreml import TARGET
from runtime_bindings.python.coreml_executor import CoreMLExecutor, open_executorch_coreml
from sdk.errors import MissingDependencyError, TargetError, UsageError
from sdk.runtime.executor import ExecutorSource
from tests.export.coreml_loops import largest_error, lower_and_open, pipeline_of
from tests.export.coreml_zoo import Cached, Dilated, Plain, Spectral, seeded
from tests.toy import toy_stages

TOLERANCE = {"fp32": 1e-6, "fp16": 5e-3}


@pytest.mark.parametrize(("index", "precision"), [(0, "fp32"), (2, "fp16")])
def test_toy_closed_loop_equals_eager_and_is_silent(
    index: int, precision: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stage = toy_stages()[index]
    executor = lower_and_open(TARGET, precision, stage, tmp_path)
    assert capfd.readouterr() == ("", "")
    assert isinstance(executor, CoreMLExecutor)
    assert executor.engine == "interpreter"
    assert largest_error(stage, executor, steps=200) <= TOLERANCE[precision]


@pytest.mark.parametrize("kind", [Dilated, Cached])
def test_usual_stages_closed_loop(kind: type[Any], tmp_path: Path) -> None:
    stage = seeded(kind)
    lowered = TARGET.lower(stage, FP16, tmp_path / "a.pte", LoweringOptions("iOS16"))
    assert lowered.undelegated == ()
    executor = open_executorch_coreml(
        ExecutorSource("executorch-coreml", "fp16", pipeline_of(stage), {stage.name: tmp_path / "a.pte"})
    )
    assert largest_error(stage, executor, steps=60) <= TOLERANCE["fp16"]


def test_full_precision_layers_stay_fp32(tmp_path: Path) -> None:
    stage = seeded(Spectral, full_precision=True)
    executor = lower_and_open(TARGET, "fp16", stage, tmp_path)
    loud = np.full((1, 320), 60, np.float32) * np.sign(np.sin(np.arange(320, dtype=np.float32)))
    left = np.zeros((1, 240), np.float32)
    with torch.no_grad():
        wanted = stage(torch.from_numpy(loud), torch.from_numpy(left))[0].numpy()
    found = executor.run(stage.name, {"x": loud, "left": left})
    np.testing.assert_allclose(found["y"], wanted, atol=2e-3)
    np.testing.assert_array_equal(found["left"], loud[:, 80:])


def test_work_outside_core_ml_is_reported_and_refused(tmp_path: Path) -> None:
    stage = Plain(lambda x: (torch.asinh(x) + 1,), "y", shape=(1, 4))
    lowered = TARGET.lower(stage, FP32, tmp_path / "a.pte", LoweringOptions())
    assert lowered.undelegated == ("aten.asinh.default x1",)
    source = ExecutorSource("executorch-coreml", "fp32", pipeline_of(stage), {"plain": tmp_path / "a.pte"})
    with pytest.raises(TargetError, match="operator aten::asinh is not done by Core ML"):
        open_executorch_coreml(source)


def test_row() -> None:
    assert find_target("executorch-coreml") is TARGET
    assert TARGET.precisions == ("fp16", "fp32", "int8", "int4", "mixed")
    assert set(TARGET.versions()) == {"coremltools", "executorch", "torch"}


def test_bad_arguments(tmp_path: Path) -> None:
    stage = toy_stages()[0]
    with pytest.raises(UsageError, match="iOS15, iOS16"):
        TARGET.lower(stage, FP16, tmp_path / "a.pte", LoweringOptions("visionOS"))


def test_other_stages_and_damaged_programs_are_refused(tmp_path: Path) -> None:
    encoder, identity, _ = toy_stages()
    path = tmp_path / "a.pte"
    TARGET.lower(encoder, FP32, path, LoweringOptions())
    with pytest.raises(TargetError, match="holds 'audio_encoder: pcm left -> features next_left'"):
        open_executorch_coreml(
            ExecutorSource("executorch-coreml", "fp32", pipeline_of(identity), {identity.name: path})
        )
    path.write_bytes(path.read_bytes()[:200])
    source = ExecutorSource("executorch-coreml", "fp32", pipeline_of(encoder), {encoder.name: path})
    with pytest.raises(TargetError, match="not a readable ExecuTorch program"):
        open_executorch_coreml(source)


def test_executorch_missing_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "executorch.exir", None)
    with pytest.raises(MissingDependencyError, match=r"nowface\[executorch\]"):
        TARGET.lower(toy_stages()[0], FP32, tmp_path / "a.pte", LoweringOptions())
