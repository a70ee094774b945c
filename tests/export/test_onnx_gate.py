"""The gate against quantised ONNX files that are wrong in the ways files go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from export.exporter import Export, export_bundle
from export.plan import Job, calibration_speech
from export.planner import JobPlan, Planner
from export.sensitivity.budget import Budget
from export.targets.base import LoweringOptions, find_target
from sdk.errors import ParityError
from sdk.models import registry
from sdk.models.registry import BuildOptions
from tests.export.square_toy import ENTRY, HIDDEN
from tests.plugins import register

TARGET = find_target("onnx")
DECODER, SAMPLES = "motion_decoder", 16_000
LAYERS = {"int8": ("turn", "read"), "int8-static": ("turn", "read"), "int4": ("turn",), "fp16": ()}
"""Quantised ones of the decoder. Groups of 32 are coarse for a toy this narrow."""
Damage = Callable[[onnx.ModelProto], None]


@pytest.fixture(autouse=True)
def square_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("square_toy", "tests.export.square_toy:ENTRY", registry.ENTRY_POINT_GROUP)
    register(monkeypatch, registry.ENTRY_POINT_GROUP, [point], alone=True)


class OnlyLayers(Planner):
    """Quantises `LAYERS` and no other."""

    def plan(self, job: Job, advance: Callable[[str], None]) -> JobPlan:
        plan = super().plan(job, advance)
        kept = {
            stage: replace(each, layers={n: form for n, form in each.layers.items() if n in LAYERS[job.precision]})
            for stage, each in plan.stages.items()
        }
        return replace(plan, stages=kept)


def exported(precision: str, folder: Path, damage: Damage | None = None) -> Export:
    """The toy's bundle with `LAYERS` quantised, and its file damaged on its way."""

    def lower(stage, plan, path, options):
        result = TARGET.lower(stage, plan, path, options)
        if damage and stage.name == DECODER:
            model = onnx.load(path)
            damage(model)
            onnx.checker.check_model(model, full_check=True)
            onnx.save(model, path)
        return result

    forms = {form: replace(support, least_weights=0) for form, support in TARGET.forms.items()}
    job = Job(replace(TARGET, forms=forms, lower=lower), precision)
    staged, speech = ENTRY.build(BuildOptions()), calibration_speech(None)[:SAMPLES]
    planner = OnlyLayers(staged, speech, Budget())
    return export_bundle(staged, [job], folder, options=LoweringOptions(), speech=speech, planner=planner)


def change(model: onnx.ModelProto, name: str, changed: Callable[[np.ndarray], np.ndarray]) -> None:
    (held,) = (each for each in model.graph.initializer if each.name == name)
    before = numpy_helper.to_array(held)
    after = np.asarray(changed(before)).astype(before.dtype)
    assert after.shape == before.shape
    assert not np.array_equal(after, before)
    held.CopyFrom(numpy_helper.from_array(after.copy(order="C"), name))


def scaled(layer: str, factor: float) -> Damage:
    def damage(model: onnx.ModelProto) -> None:
        change(model, f"{layer}.scale", lambda scale: scale * factor)

    damage.__name__ = f"{layer}_scaled_by_{factor}"
    return damage


def transposed_square(model: onnx.ModelProto) -> None:
    change(model, "turn.codes", lambda codes: codes.T)


def transposed_square_in_groups(model: onnx.ModelProto) -> None:
    def turn(codes: np.ndarray) -> np.ndarray:
        whole = np.stack([codes & 15, codes >> 4], -1).reshape(HIDDEN, HIDDEN).T.reshape(HIDDEN, -1, 32)
        return whole[..., 0::2] | whole[..., 1::2] << 4

    change(model, "turn.codes", turn)


def moved_zero(name: str) -> Damage:
    def damage(model: onnx.ModelProto) -> None:
        change(model, name, lambda zero: zero + 1)

    damage.__name__ = f"{name}_off_by_one"
    return damage


def lowered_codes(model: onnx.ModelProto) -> None:
    """What a zero point of the weights that is off by one would be."""
    change(model, "read.codes", lambda codes: np.clip(codes.astype(int) - 1, -128, 127))


def dropped_state(model: onnx.ModelProto) -> None:
    """What comes out as the next state is the last one."""
    for node in model.graph.node:
        for place, name in enumerate(node.output):
            if name == "next_previous":
                node.output[place] = "forgotten"
        for place, name in enumerate(node.input):
            if name == "next_previous":
                node.input[place] = "forgotten"
    model.graph.node.append(onnx.helper.make_node("Identity", ["previous"], ["next_previous"]))


@pytest.mark.parametrize("precision", ["fp16", "int8", "int8-static", "int4"])
def test_a_right_file_passes(precision, tmp_path):
    assert exported(precision, tmp_path / "toy").parity.passed


@pytest.mark.parametrize(
    ("precision", "damage"),
    [
        ("int8", scaled("read", 1.02)),
        ("int8", scaled("read", 0.98)),
        ("int8", lowered_codes),
        ("int8", transposed_square),
        ("int8", dropped_state),
        ("int8-static", scaled("read", 1.025)),
        ("int8-static", moved_zero(f"int8.zeros.{HIDDEN}")),
        ("int8-static", transposed_square),
        ("int8-static", dropped_state),
        ("int4", scaled("turn", 1.3)),
        ("int4", transposed_square_in_groups),
        ("int4", dropped_state),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_wrong_file_stops_the_export(precision, damage, tmp_path):
    with pytest.raises(ParityError, match=rf"not written: onnx {precision} \w+: {DECODER}"):
        exported(precision, tmp_path / "toy", damage)
    assert list(tmp_path.iterdir()) == []
