"""Core ML packages against eager PyTorch, the oracle: accuracy, names, state, systems, bad input.

The packages run in the interpreter here (on a Mac, in Core ML).
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from export.precision import FP16, FP32, StagePlan
from export.targets.base import LoweringOptions, find_target
from export.targets.coreml_program import TARGET
from export.targets.coreml_systems import SYSTEMS
from runtime_bindings.python.coreml_executor import CoreMLExecutor, open_executor
from runtime_bindings.python.coreml_tools import coremltools
from sdk.errors import MissingDependencyError, TargetError, UsageError
from sdk.runtime.executor import Executor, ExecutorSource
from tests.export.coreml_loops import ExecutorStream, largest_error, lower_and_open, noise, pipeline_of
from tests.export.coreml_zoo import Cached, Dilated, Plain, Spectral, seeded
from tests.toy import toy_pipeline, toy_stages

TOLERANCE = {"fp32": 1e-6, "fp16": 5e-3}


@pytest.fixture(scope="module", params=["fp32", "fp16"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ExecutorSource:
    """The toy's packages. Shared: copy one before changing a byte."""
    folder, stages = tmp_path_factory.mktemp("toy"), toy_stages()
    files = {stage.name: folder / f"{stage.name}.mlpackage" for stage in stages}
    for stage in stages:
        TARGET.lower(stage, StagePlan(request.param), files[stage.name], LoweringOptions())
    return ExecutorSource("coreml", request.param, toy_pipeline(stages), files)


@pytest.fixture(scope="module")
def toy(source: ExecutorSource) -> Executor:
    return open_executor(source)


@pytest.mark.parametrize("index", range(3))
def test_toy_closed_loop_equals_eager(toy: Executor, index: int) -> None:
    assert largest_error(toy_stages()[index], toy, steps=200) <= TOLERANCE[toy.precision]


def test_two_streams_share_one_executor(toy: Executor) -> None:
    stage = toy_stages()[2]
    alone = [ExecutorStream(toy, stage), ExecutorStream(toy, stage)]
    kept = [[stream.step(inputs) for inputs in noise(stage, 20, seed)] for seed, stream in enumerate(alone)]
    together = [ExecutorStream(toy, stage), ExecutorStream(toy, stage)]
    for step, pair in enumerate(zip(noise(stage, 20, 0), noise(stage, 20, 1), strict=True)):
        for index, inputs in enumerate(pair):
            for name, value in together[index].step(inputs).items():
                np.testing.assert_array_equal(value, kept[index][step][name])


def test_results_are_the_callers_own(toy: Executor) -> None:
    stage = toy_stages()[2]
    inputs = next(noise(stage, 1)) | {t.name: np.zeros(t.shape, np.float32) for t in stage.spec.state}
    before = {name: array.copy() for name, array in inputs.items()}
    first = toy.run(stage.name, inputs)
    for value in first.values():
        value.fill(7)
    second = toy.run(stage.name, inputs)
    assert all(not np.all(value == 7) for value in second.values())
    assert all(np.array_equal(before[name], inputs[name]) for name in inputs)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("kind", [Dilated, Cached, Spectral])
def test_usual_stages_closed_loop(kind: type[Any], precision: str, tmp_path: Path) -> None:
    stage = seeded(kind)
    executor = lower_and_open(TARGET, precision, stage, tmp_path)
    assert largest_error(stage, executor, steps=60) <= TOLERANCE[precision]


def test_package_names_its_tensors_as_the_spec_does(source: ExecutorSource) -> None:
    stage = toy_stages()[2]
    with coremltools() as ct:
        description = ct.utils.load_spec(str(source.files[stage.name])).description
    assert tuple(feature.name for feature in description.input) == tuple(t.name for t in stage.spec.graph_inputs)
    assert tuple(feature.name for feature in description.output) == stage.spec.graph_output_names
    fp32 = 65568  # ArrayFeatureType.FLOAT32
    assert {f.type.multiArrayType.dataType for f in (*description.input, *description.output)} == {fp32}


def test_copies_of_inputs_and_outputs(tmp_path: Path) -> None:
    """An input given back, in three spellings, and one value given twice: the converter alone fails on each."""
    stage = Plain(lambda x: (y := x + 1, x, x[:], x.clone(), y, y.view(2, 4), torch.zeros(3)), *"abcdefg", shape=(2, 4))
    executor = lower_and_open(TARGET, "fp32", stage, tmp_path)
    assert largest_error_of_plain(stage, executor) == 0


def largest_error_of_plain(stage: Plain, executor: Executor) -> float:
    x = next(noise(stage, 1))["x"]
    found = executor.run(stage.name, {"x": x})
    wanted = {t.name: v.numpy() for t, v in zip(stage.outputs, stage.function(torch.from_numpy(x)), strict=True)}
    return max(float(np.abs(found[name] - wanted[name]).max()) for name in wanted)


def test_forms_that_coremltools_converts_wrongly(tmp_path: Path) -> None:
    stage = Plain(lambda x: (1 / (x.abs() + 1e-3), torch.add(x, x * x, alpha=3)), "inverse", "sum", shape=(4, 8))
    path = tmp_path / "plain.mlpackage"
    lowered = TARGET.lower(stage, FP32, path, LoweringOptions())
    assert lowered.rewrites == ("add_form", "reciprocal_form")
    executor = open_executor(ExecutorSource("coreml", "fp32", pipeline_of(stage), {"plain": path}))
    assert largest_error_of_plain(stage, executor) < 1e-5


def test_full_precision_layers_stay_fp32(tmp_path: Path) -> None:
    """Sound so loud that powers overflow in fp16: only the marked front end survives."""
    errors = {}
    for full in (False, True):
        stage = seeded(Spectral, full_precision=full)
        executor = lower_and_open(TARGET, "fp16", stage, tmp_path)
        x = np.full((1, 320), 60, np.float32) * np.sign(np.sin(np.arange(320, dtype=np.float32)))
        left = np.zeros((1, 240), np.float32)
        with torch.no_grad():
            wanted = stage(torch.from_numpy(x), torch.from_numpy(left))[0].numpy()
        errors[full] = float(np.abs(executor.run(stage.name, {"x": x, "left": left})["y"] - wanted).max())
        assert all({"step", "forward"}.isdisjoint(vars(layer)) for layer in stage.modules())
    assert errors[True] < 2e-3
    assert np.isnan(errors[False])


def test_overflow_gives_infinity_not_a_crash(tmp_path: Path) -> None:
    stage = Plain(lambda x: (x * 300, x * 0.5), "big", "small", shape=(1, 4))
    executor = lower_and_open(TARGET, "fp16", stage, tmp_path)
    results = executor.run("plain", {"x": np.array([[1, -400, 400, 7e4]], np.float32)})
    np.testing.assert_array_equal(results["big"], np.array([[300, -np.inf, np.inf, np.inf]], np.float32))
    np.testing.assert_array_equal(results["small"], np.array([[0.5, -200, 200, np.inf]], np.float32))


@pytest.mark.parametrize("system", ["iOS15", "iOS26"])
def test_systems(system: str, tmp_path: Path) -> None:
    stage = seeded(Dilated)
    executor = lower_and_open(TARGET, "fp16", stage, tmp_path, system)
    assert largest_error(stage, executor, steps=3) <= TOLERANCE["fp16"]
    with coremltools() as ct:
        version = ct.utils.load_spec(str(tmp_path / "dilated.mlpackage")).specificationVersion
        assert version == ct.target[system].value


def test_unknown_system_lists_the_known(tmp_path: Path) -> None:
    options = LoweringOptions(min_deployment_target="iOS9")
    with pytest.raises(UsageError, match=r"min-deployment-target.*iOS9.*iOS15, iOS16, iOS17, iOS18, iOS26"):
        TARGET.lower(toy_stages()[0], FP16, tmp_path / "a.mlpackage", options)
    with pytest.raises(UsageError):
        TARGET.minimum_os(options)


def test_engine_says_who_computes(toy: Executor) -> None:
    assert isinstance(toy, CoreMLExecutor)
    assert toy.engine == ("coremltools" if sys.platform == "darwin" else "interpreter")


def test_row() -> None:
    assert find_target("coreml") is TARGET
    assert TARGET.precisions[: TARGET.default_precisions] == ("fp16", "fp32")
    assert set(TARGET.versions()) == {"coremltools", "torch"}
    assert all(TARGET.minimum_os(LoweringOptions(name))["iOS"] == f"{name[3:]}.0" for name in SYSTEMS)


def test_what_cannot_be_converted_names_the_stage(tmp_path: Path) -> None:
    stage = Plain(lambda x: (torch.fft.rfft(x).abs(),), "spectrum", shape=(1, 8))
    with pytest.raises(TargetError, match="stage plain: coremltools cannot convert"):
        TARGET.lower(stage, FP32, tmp_path / "a.mlpackage", LoweringOptions())


def test_other_stages_package_is_refused(source: ExecutorSource) -> None:
    encoder, _, decoder = toy_stages()
    swapped = replace(source, pipeline=pipeline_of(decoder), files={decoder.name: source.files[encoder.name]})
    with pytest.raises(TargetError, match=r"encoder\.mlpackage: has 2 inputs, stage motion_decoder has 6"):
        open_executor(swapped)


def test_missing_and_damaged_packages(source: ExecutorSource, tmp_path: Path) -> None:
    stage, copy = toy_stages()[0], tmp_path / "copy.mlpackage"
    copied = replace(source, pipeline=pipeline_of(stage), files={stage.name: copy})
    with pytest.raises(TargetError, match="no such file"):
        open_executor(copied)
    shutil.copytree(source.files[stage.name], copy)
    (copy / "Data/com.apple.CoreML/model.mlmodel").write_bytes(b"\xff" * 100)
    with pytest.raises(TargetError, match="not a readable ML Program"):
        open_executor(copied)


def test_operation_without_kernel_is_refused_at_loading(tmp_path: Path) -> None:
    stage = Plain(lambda x: (x + torch.randn_like(x),), "y", shape=(1, 4))
    with pytest.raises(TargetError, match="stage plain: random_normal"):
        lower_and_open(TARGET, "fp32", stage, tmp_path)


def test_coremltools_missing_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "coremltools", None)
    with pytest.raises(MissingDependencyError, match=r"nowface\[coreml\]"):
        TARGET.lower(toy_stages()[0], FP32, tmp_path / "a.mlpackage", LoweringOptions())


def test_lowering_is_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    TARGET.lower(toy_stages()[1], FP16, tmp_path / "a.mlpackage", LoweringOptions())
    assert capfd.readouterr() == ("", "")


class FakeModel:
    """Stands for coremltools' MLModel on a Mac: the described tensors, and a prediction of zeros."""

    def __init__(self, path: str) -> None:
        with coremltools() as ct:
            self._spec = ct.utils.load_spec(path)

    def get_spec(self) -> Any:
        return self._spec

    def predict(self, tensors: dict[str, Any]) -> dict[str, Any]:
        assert set(tensors) == {feature.name for feature in self._spec.description.input}
        return {f.name: np.zeros(tuple(f.type.multiArrayType.shape)) for f in self._spec.description.output}


def test_core_ml_itself_runs_on_a_mac(source: ExecutorSource, monkeypatch: pytest.MonkeyPatch) -> None:
    with coremltools() as ct:
        monkeypatch.setattr(ct.models, "MLModel", FakeModel)
    monkeypatch.setattr(sys, "platform", "darwin")
    mac = open_executor(source)
    assert isinstance(mac, CoreMLExecutor)
    assert mac.engine == "coremltools"
    stage = toy_stages()[2]
    inputs = next(noise(stage, 1)) | {t.name: np.ones(t.shape, np.float32) for t in stage.spec.state}
    results = mac.run(stage.name, inputs)
    assert list(results) == [t.name for t in (*stage.spec.outputs, *stage.spec.state)]
    assert all(value.dtype == np.float32 and not value.any() for value in results.values())
