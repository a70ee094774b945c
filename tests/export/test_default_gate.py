"""Artefacts of the default that ships, each wrong in one way in one stage: the export's gate meets every one.

A fault in one stage can cost the lips less than the bound lets them lose. What it cannot do is err as little as its
precision does.
"""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from export.exporter import export_bundle
from export.fidelity import expected_errors, misfit
from export.plan import Job, calibration_speech, plan_jobs
from export.planner import JobPlan, Planner
from export.sensitivity.budget import Budget
from export.targets.base import LoweringOptions, find_target
from sdk.audio.files import load_speech
from sdk.bundle import Bundle
from sdk.errors import ParityError
from sdk.models.registry import BuildOptions, find_model
from sdk.parity.gate import check_bundle
from sdk.pretrained import SPEECH

ENCODER, DECODER = "audio_encoder", "motion_decoder"
PIECE = slice(80_000, 112_000)
"""Samples of the speech that ships, in which right artefacts in 8 bits pass."""
PRECISIONS = ("int8", "int8-static")
Damage = Callable[[onnx.ModelProto], None]


@dataclass(frozen=True)
class Exported:
    """The default on ONNX Runtime in 8 bits, not yet proved, and what each precision costs."""

    folder: Path
    jobs: dict[str, tuple[Job, JobPlan]]
    expected: dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("default") / "faceformer"
    staged = find_model("faceformer").build(BuildOptions())
    planner = Planner(staged, calibration_speech(None), Budget())
    jobs = plan_jobs(["onnx"], PRECISIONS)
    speech = load_speech(SPEECH)[PIECE]
    export_bundle(staged, jobs, folder, options=LoweringOptions(), speech=speech, planner=planner, parity=False)
    plans = {job.precision: (job, planner.plan(job, lambda _: None)) for job in jobs}
    with Bundle.open(folder) as bundle:
        expected = {name: expected_errors(bundle, job, plan) for name, (job, plan) in plans.items()}
    return Exported(folder, plans, expected)


def judged(exported: Exported, precision: str, folder: Path, stage: str, damage: Damage) -> str | None:
    """What the gate finds wrong with the artefact of one stage after `damage`."""
    shutil.copytree(exported.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (record,) = (each for each in manifest["targets"] if each["precision"] == precision)
    path = record["artefacts"][stage]
    model = onnx.load(folder / path)
    damage(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, folder / path)
    (held,) = (each for each in manifest["files"] if each["path"] == path)
    content = (folder / path).read_bytes()
    held |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with Bundle.open(folder) as bundle:
        report = check_bundle(bundle, targets=["onnx"], precision=precision)
    job, plan = exported.jobs[precision]
    return report.first_failure or misfit(report, job, plan, exported.expected[precision])


def change(model: onnx.ModelProto, wanted: Callable[[str], bool], changed: Callable[[np.ndarray], np.ndarray]) -> None:
    found = [each for each in model.graph.initializer if wanted(each.name)]
    assert found
    for held in found:
        before = numpy_helper.to_array(held)
        wide = before.astype(np.int64) if np.issubdtype(before.dtype, np.integer) else before
        after = np.asarray(changed(wide)).astype(before.dtype)
        assert after.shape == before.shape
        assert not np.array_equal(after, before)
        held.CopyFrom(numpy_helper.from_array(after.copy(order="C"), held.name))


def scales_by(factor: float) -> Damage:
    """Of all layers' weights."""

    def damage(model: onnx.ModelProto) -> None:
        names = {each.name for each in model.graph.initializer}
        change(
            model,
            lambda name: name.endswith(".scale") and f"{name.removesuffix('.scale')}.codes" in names,
            lambda scale: scale * factor,
        )

    damage.__name__ = f"scales_by_{factor}"
    return damage


def weight_zeros_by(off: int) -> Damage:
    """Of all layers, as far as the file names them: `int8` has none, there the codes stand as much lower."""

    def damage(model: onnx.ModelProto) -> None:
        if any(each.name.startswith("int8.zeros.") for each in model.graph.initializer):
            change(model, lambda name: name.startswith("int8.zeros."), lambda zero: zero + off)
        else:
            change(model, lambda name: name.endswith(".codes"), lambda codes: np.clip(codes - off, -128, 127))

    damage.__name__ = f"weight_zeros_by_{off}"
    return damage


def is_zero(name: str) -> bool:
    return name.endswith(".input_zero")


def input_zeros_by(off: int) -> Damage:
    """Codes are written with one zero point and read with another; a zero point of 0 or 255 may have no neighbour."""

    def damage(model: onnx.ModelProto) -> None:
        right = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer if is_zero(each.name)}
        change(model, is_zero, lambda zero: zero + (off if 0 <= int(zero) + off <= 255 else -off))
        for name, value in right.items():
            model.graph.initializer.append(numpy_helper.from_array(value, f"{name}.right"))
        for node in model.graph.node:
            if node.op_type == "QuantizeLinear" and node.input[2] in right:
                node.input[2] = f"{node.input[2]}.right"

    damage.__name__ = f"input_zeros_by_{off}"
    return damage


def transposed(model: onnx.ModelProto) -> None:
    """The first square layer."""
    square = [each for each in model.graph.initializer if each.name.endswith(".codes") and len(set(each.dims)) == 1]
    change(model, lambda name: name == square[0].name, lambda codes: codes.T)


def dropped_state(model: onnx.ModelProto) -> None:
    """The first state comes out as it went in."""
    name = next(each.name for each in model.graph.output if each.name.startswith("next_"))
    for node in model.graph.node:
        for place, output in enumerate(node.output):
            if output == name:
                node.output[place] = "forgotten"
        for place, given in enumerate(node.input):
            if given == name:
                node.input[place] = "forgotten"
    model.graph.node.append(onnx.helper.make_node("Identity", [name.removeprefix("next_")], [name]))


def untouched(model: onnx.ModelProto) -> None:
    pass


@pytest.mark.parametrize("precision", PRECISIONS)
def test_what_is_right_passes(exported, precision, tmp_path):
    assert judged(exported, precision, tmp_path / "copy", DECODER, untouched) is None


BOTH = [(stage, precision) for stage in (ENCODER, DECODER) for precision in PRECISIONS]
FAULTS = [(*pair, scales_by(factor)) for pair in BOTH for factor in (0.98, 1.02)]
FAULTS += [(*pair, weight_zeros_by(off)) for pair in BOTH for off in (-1, 1)]
FAULTS += [(stage, "int8-static", input_zeros_by(off)) for stage in (ENCODER, DECODER) for off in (-1, 1)]
FAULTS += [(DECODER, "int8", transposed)]
FAULTS += [(*pair, dropped_state) for pair in BOTH]


@pytest.mark.parametrize(
    ("stage", "precision", "damage"), FAULTS, ids=lambda value: value if isinstance(value, str) else value.__name__
)
def test_what_is_wrong_is_met(exported, stage, precision, damage, tmp_path):
    assert judged(exported, precision, tmp_path / "copy", stage, damage)


def weights_by(factor: float) -> Callable[[nn.Linear], Tensor]:
    return lambda layer: layer.weight * factor


def turned(layer: nn.Linear) -> Tensor:
    return layer.weight.T.contiguous() if layer.in_features == layer.out_features else layer.weight


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changed"), [("executorch", weights_by(1.02)), ("coreml", weights_by(1.02)), ("coreml", turned)]
)
def test_what_is_wrong_stops_the_export_for_other_targets(name, changed, tmp_path):
    """Their files cannot be changed by hand: here the decoder's layers are, behind the exporter's back."""
    target = find_target(name)

    def lower(stage, plan, path, options):
        if stage.name == DECODER:
            stage = copy.deepcopy(stage)
            with torch.no_grad():
                for layer in plan.layers:
                    module = stage.get_submodule(layer)
                    module.weight.copy_(changed(module))
        return target.lower(stage, plan, path, options)

    staged = find_model("faceformer").build(BuildOptions())
    jobs, speech = [Job(replace(target, lower=lower), "int8")], load_speech(SPEECH)[PIECE]
    with pytest.raises(ParityError, match=rf"not written: {name} int8 \w+: {DECODER}"):
        export_bundle(staged, jobs, tmp_path / "faceformer", options=LoweringOptions(), speech=speech)
    assert list(tmp_path.iterdir()) == []
