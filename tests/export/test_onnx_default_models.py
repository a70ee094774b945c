"""The models that ship, quantised for ONNX: right on speech, bounded in a loop, and as small as promised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from export.plan import Job, calibration_speech
from export.planner import Planner
from export.sensitivity.budget import Budget
from export.targets.base import LoweringOptions, find_target
from runtime_bindings.python.onnx_executor import OnnxExecutor
from sdk.models.registry import BuildOptions, find_model
from sdk.runtime.executor import ExecutorSource
from tests.export.lowering import run_eager, state_of
from tests.export.test_onnx_precisions import relative

TARGET = find_target("onnx")
WORST = {"fp16": 2e-3, "int8": 2e-2, "int8-static": 3e-2, "int4": 1e-1}
"""Relative RMS error of what a stage gives, after up to eighteen layers."""
WORST_OF = {
    ("expression_encoder", "int4"): 1.2e-1,
    ("audio_encoder", "int4"): 1.2e-1,
    ("audio_encoder", "int8"): 2.5e-2,
    ("audio_encoder", "int8-static"): 4e-2,
}
"""MeshTalk's expression encoder is off by 0.105, and its gate refuses to export it; FaceFormer's audio encoder by
0.101, 0.021 and 0.034. The last is the fixed scales' doing: with codes of weights that no pair bounds it is 0.030."""
IN_A_LOOP = {("audio_encoder", "int8-static"): 5}
"""How many times `WORST` a loop may be off where twice is too little: FaceFormer's encoder, whose eight blocks each
hold what the one before has made of the last columns, is off by 0.137."""
SHARE = {"fp16": 0.53, "int8": 0.28, "int8-static": 0.36, "int4": 0.20}
"""Of the fp32 files in all. What keeps it above a quarter are the transform of the sound, which stays in fp32, and
layers too small to gain."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["faceformer", "meshtalk_tracking"])
def planner(request: pytest.FixtureRequest) -> Planner:
    staged = find_model(request.param).build(BuildOptions())
    return Planner(staged, calibration_speech(None)[:48_000], Budget())


def lowered(planner: Planner, precision: str, folder: Path) -> tuple[OnnxExecutor, Mapping[str, Path]]:
    plan = planner.plan(Job(TARGET, precision), lambda _: None)
    files = {stage.name: folder / f"{stage.name}.{precision}.onnx" for stage in plan.staged.stages}
    for stage in plan.staged.stages:
        TARGET.lower(stage, plan.stages[stage.name], files[stage.name], LoweringOptions())
    return OnnxExecutor(ExecutorSource("onnx", precision, plan.staged.pipeline, files)), files


def total(files: Mapping[str, Path]) -> int:
    return sum(path.stat().st_size for path in files.values())


@pytest.mark.parametrize("precision", list(WORST))
def test_stages_are_right_on_speech_and_small(planner, precision, tmp_path):
    runner, files = lowered(planner, precision, tmp_path)
    assert total(files) < SHARE[precision] * total(lowered(planner, "fp32", tmp_path)[1])
    staged = planner.plan(Job(TARGET, precision), lambda _: None).staged
    for stage in staged.stages:
        choices = {tensor.name for tensor in stage.spec.outputs if tensor.unit in {"label", "one-hot"}}
        steps = planner.recording[stage.name]
        pairs = [(runner.run(stage.name, step), run_eager(stage, step)) for step in steps]
        for tensor in stage.spec.outputs:
            got, wanted = (np.stack([each[side][tensor.name] for each in pairs]) for side in (0, 1))
            if tensor.name in choices:
                assert np.mean(got == wanted) > 0.9, tensor.name
            else:
                worst = WORST_OF.get((stage.name, precision), WORST[precision])
                assert relative(got, wanted) < worst, (stage.name, tensor.name)


@pytest.mark.parametrize("precision", list(WORST))
def test_a_loop_on_one_input_stays_where_the_reference_goes(planner, precision, tmp_path):
    """A hundred steps of every stage with state, each on its own state; choices may part and are left out."""
    runner, _ = lowered(planner, precision, tmp_path)
    for stage in planner.plan(Job(TARGET, precision), lambda _: None).staged.stages:
        if not stage.spec.state or any(tensor.unit == "label" for tensor in stage.spec.outputs):
            continue
        steps, pairs = planner.recording[stage.name], []
        ours = theirs = state_of(stage.spec, {name: np.zeros_like(value) for name, value in steps[0].items()})
        for index in range(100):
            inputs = steps[index % len(steps)]
            wanted = run_eager(stage, {**inputs, **ours})
            got = runner.run(stage.name, {**inputs, **theirs})
            ours, theirs = state_of(stage.spec, wanted), state_of(stage.spec, got)
            name = stage.spec.outputs[0].name
            pairs.append((got[name], wanted[name]))
        # In blocks: a face at rest is all zeros, and nothing is an error relative to that.
        first, last = (relative(*map(np.stack, zip(*part, strict=True))) for part in (pairs[:20], pairs[-20:]))
        assert last < IN_A_LOOP.get((stage.name, precision), 2) * WORST[precision], stage.name
        assert last < max(3 * first, 1e-3), stage.name
