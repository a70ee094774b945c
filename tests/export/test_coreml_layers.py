"""Layers of Core ML programs in few bits: what is stored, how large and how wrong it is, what stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.precision import Form, StagePlan, plan_stage, quantisable
from export.targets import executorch_coreml
from export.targets.base import LoweringOptions, Target
from export.targets.coreml_layers import FORMS
from export.targets.coreml_program import TARGET
from runtime_bindings.python.coreml_tools import coremltools
from runtime_bindings.python.mil.loader import load_program
from sdk.errors import TargetError, UsageError
from sdk.models.registry import BuildOptions, find_model, model_names
from sdk.runtime.executor import ExecutorSource
from sdk.spec import TensorSpec
from sdk.stage import Stage
from tests.export.coreml_loops import OPEN, EagerStream, ExecutorStream, lower_and_open, noise, pipeline_of
from tests.export.coreml_zoo import Plain, Spectral, one, seeded

WIDE, ODD = 128, 40


@dataclass(frozen=True)
class HeldState:
    held: Tensor  # (1, WIDE)


class Wide(Stage):
    """Layers large enough to be worth compressing: one square, one whose inputs are no multiple of 32, one small."""

    name, clock = "wide", "hop"
    inputs = (one((1, WIDE)),)
    outputs = (TensorSpec(name="y", shape=(1, 96)),)

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(WIDE, WIDE)
        self.parts = nn.ModuleDict({"narrow": nn.Linear(WIDE, ODD, bias=False), "back": nn.Linear(ODD, 96)})
        self.small = nn.Linear(96, 4)
        self.unread = nn.Linear(WIDE, WIDE)

    def init_state(self) -> HeldState:
        return HeldState(held=torch.zeros(1, WIDE))

    def step(self, inputs: Mapping[str, Tensor], state: HeldState) -> tuple[dict[str, Tensor], HeldState]:
        held = torch.tanh(self.enter(inputs["x"]) + 0.5 * state.held)
        y = self.parts["back"](F.relu(self.parts["narrow"](held)))
        return {"y": y + self.small(y).mean()}, HeldState(held=held)


def relative_error(stage: Stage, executor: Any, steps: int = 30) -> float:
    """Error of the outputs in a closed loop by their size, both root mean square."""
    eager, other = EagerStream(stage), ExecutorStream(executor, stage)
    wrong = right = 0.0
    for inputs in noise(stage, steps):
        wanted, found = eager.step(inputs), other.step(inputs)
        wrong += sum(float(np.square(found[name] - wanted[name]).sum()) for name in wanted)
        right += sum(float(np.square(wanted[name]).sum()) for name in wanted)
    return float(np.sqrt(wrong / right))


def open_plan(target: Target, plan: StagePlan, stage: Stage, path: Path, system: str = "iOS18") -> Any:
    target.lower(stage, plan, path, LoweringOptions(min_deployment_target=system))
    return OPEN[target.name](ExecutorSource(target.name, "mixed", pipeline_of(stage), {stage.name: path}))


def weight_bytes(folder: Path) -> int:
    return next(folder.rglob("weight.bin")).stat().st_size


BOUNDS: dict[Form, tuple[float, float]] = {
    "int8": (5e-4, 1.2e-2),
    "int4": (2e-2, 0.2),
    "palette6": (2e-3, 4e-2),
    "palette4": (2e-2, 0.15),
}
"""Form -> least and largest relative error on weights drawn evenly, the worst case of all forms but a palette."""

BITS = {"int8": 8.0, "int4": 4.5, "palette6": 6.0, "palette4": 4.0}
"""Form -> bits a weight, a scale in fp16 shared by 32 included."""


@pytest.mark.parametrize("form", FORMS)
def test_size_and_error(form: Form, tmp_path: Path) -> None:
    stage = seeded(Wide)
    plan = plan_stage(stage, "fp16", form, TARGET.forms)
    executor = open_plan(TARGET, plan, stage, tmp_path / "wide.mlpackage")
    low, high = BOUNDS[form]
    assert low < relative_error(stage, executor) < high
    layers = quantisable(stage)
    bits = {name: BITS[plan.layers[name]] if name in plan.layers else 16 for name in layers if name != "unread"}
    weights = sum(layers[name].weight.numel() * each / 8 for name, each in bits.items())
    # Biases, scales and tables, and for each array a header and padding to 64 bytes.
    beside = 2 * (WIDE + 96 + 4) + 2 * (WIDE + ODD + 96) + 3 * 128
    assert weights < weight_bytes(tmp_path) < weights + beside + 20 * 128


def test_layers_of_one_stage_differ(tmp_path: Path) -> None:
    stage = seeded(Wide)
    plan = StagePlan("fp16", {"enter": "int4", "parts.narrow": "palette6", "unread": "int8"})
    open_plan(TARGET, plan, stage, tmp_path / "wide.mlpackage")
    program = load_program(tmp_path / "wide.mlpackage", "wide")
    enter, narrow, back, small = (i.tensors["weight"] for i in program.instructions if i.operation == "linear")
    assert len(np.unique(narrow)) <= 64 < ODD * WIDE
    blocks = np.abs(stage.enter.weight.detach().numpy().reshape(WIDE, -1, 32)).max(2, keepdims=True) / 7  # type: ignore[union-attr,operator]
    levels = np.asarray(enter).reshape(WIDE, -1, 32) / blocks
    np.testing.assert_allclose(levels, np.round(levels), atol=2e-2)
    for found, layer in ((back, stage.parts["back"]), (small, stage.small)):  # type: ignore[index]
        assert torch.equal(torch.as_tensor(found), layer.weight.detach().half().float())


def test_int8_is_one_scale_a_channel(tmp_path: Path) -> None:
    stage = seeded(Wide)
    open_plan(TARGET, StagePlan("fp16", {"enter": "int8"}), stage, tmp_path / "wide.mlpackage")
    program = load_program(tmp_path / "wide.mlpackage", "wide")
    restored = next(i.tensors["weight"] for i in program.instructions if i.operation == "linear")
    original = stage.enter.weight.detach()  # type: ignore[union-attr]
    step = original.abs().amax(1, keepdim=True) / 127  # type: ignore[operator]
    assert isinstance(restored, Tensor)
    # Half a step, and what fp16 rounds off the weight, its scale and their product.
    assert bool(((restored - original).abs() <= 0.5 * step + 2**-10 * original.abs()).all())  # type: ignore[operator]


def test_constants_of_the_front_end_stay(tmp_path: Path) -> None:
    stage = seeded(Spectral, full_precision=True)
    forms = {form: replace(support, least_weights=0) for form, support in TARGET.forms.items()}
    plan = plan_stage(stage, "fp16", "palette4", forms)
    assert set(plan.layers) == {"leave"}
    weights = []
    for name, each in (("plain", StagePlan("fp16")), ("small", plan)):
        open_plan(TARGET, each, stage, tmp_path / f"{name}.mlpackage")
        program = load_program(tmp_path / f"{name}.mlpackage", "spectral")
        weights.append([np.asarray(i.tensors["weight"]) for i in program.instructions if i.operation == "linear"])
    pairs = list(zip(*weights, strict=True))
    assert len(pairs) > 2
    assert [plain.shape for plain, small in pairs if not np.array_equal(plain, small)] == [(16, 80)]


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    stage = seeded(Wide)
    plan = StagePlan("fp16", {"enter": "palette6", "parts.narrow": "int8"})
    for name in ("one", "two"):
        open_plan(TARGET, plan, stage, tmp_path / name / "wide.mlpackage")
    one_file, two_file = (next((tmp_path / name).rglob("weight.bin")).read_bytes() for name in ("one", "two"))
    assert one_file == two_file


def spoil(folder: Path, before: bytes, after: bytes) -> None:
    """Replace bytes of the weight file that lie there once."""
    path = next(folder.rglob("weight.bin"))
    content = path.read_bytes()
    assert content.count(before) == 1
    path.write_bytes(content.replace(before, after))


@pytest.mark.parametrize("fault", ["a scale turned", "a scale off by half", "a weight transposed"])
def test_a_wrong_package_shows(fault: str, tmp_path: Path) -> None:
    stage = seeded(Wide)
    path = tmp_path / "wide.mlpackage"
    open_plan(TARGET, StagePlan("fp16", {"enter": "int8"}), stage, path)
    original = stage.enter.weight.detach().numpy().astype(np.float16)  # type: ignore[union-attr,operator]
    with coremltools() as ct:
        from coremltools.converters.mil.frontend.milproto.load import load

        spec = ct.utils.load_spec(str(path))
        function = load(spec, spec.specificationVersion, str(path / "Data/com.apple.CoreML/weights")).functions["main"]
        stored = next(op for op in function.operations if op.op_type == "constexpr_blockwise_shift_scale")
        data, scale = stored.data.val.astype(np.int8), stored.scale.val
    assert data.shape == original.shape
    wrong = scale.copy()
    wrong[17] *= {"a scale turned": -1, "a scale off by half": 1.5}.get(fault, 1)
    spoil(tmp_path, scale.tobytes(), wrong.tobytes())
    if fault == "a weight transposed":
        spoil(tmp_path, data.tobytes(), np.ascontiguousarray(data.T).tobytes())
    source = ExecutorSource("coreml", "int8", pipeline_of(stage), {stage.name: path})
    assert relative_error(stage, OPEN["coreml"](source)) > BOUNDS["int8"][1]


def test_a_layer_that_is_not_there_is_named(tmp_path: Path) -> None:
    layer = nn.Linear(64, 64, bias=False)
    stage = Plain(lambda x: (F.linear(x, layer.weight * 2),), "y", shape=(1, 64))
    stage.layer = layer
    with pytest.raises(TargetError, match="layer layer of stage plain: its weights are not in the program"):
        open_plan(TARGET, StagePlan("fp16", {"layer": "int8"}), stage, tmp_path / "plain.mlpackage")


@pytest.mark.parametrize(("form", "system", "oldest"), [("int4", "iOS17", "iOS18"), ("palette6", "iOS15", "iOS16")])
def test_older_systems_are_refused(form: Form, system: str, oldest: str, tmp_path: Path) -> None:
    options = LoweringOptions(min_deployment_target=system)
    with pytest.raises(TargetError, match=f"--min-deployment-target {system}.*{form} came with {oldest}"):
        TARGET.lower(seeded(Wide), StagePlan("fp16", {"enter": form}), tmp_path / "wide.mlpackage", options)
    assert form not in TARGET.forms_on(options)
    assert form in TARGET.forms_on(LoweringOptions(min_deployment_target=oldest))


def test_a_system_that_does_not_exist_has_no_forms() -> None:
    with pytest.raises(UsageError, match="iOSnine"):
        TARGET.forms_on(LoweringOptions(min_deployment_target="iOSnine"))


@pytest.mark.parametrize("form", ["int8", "palette4"])
def test_the_oldest_system_of_a_form(form: Form, tmp_path: Path) -> None:
    """Where the operations are those of iOS 16, which pack bits in another way."""
    stage = seeded(Wide)
    plan = StagePlan("fp16", {"enter": form, "parts.back": form})
    executor = open_plan(TARGET, plan, stage, tmp_path / "wide.mlpackage", "iOS16")
    assert relative_error(stage, executor) < BOUNDS[form][1]


def test_what_cannot_be_done_names_the_nearest() -> None:
    assert set(TARGET.precisions) == {"fp16", "fp32", "mixed", *FORMS}
    for target in (TARGET, executorch_coreml.TARGET):
        with pytest.raises(TargetError, match="fixed on a Mac only; use int8"):
            target.check("int8-static")
    with pytest.raises(TargetError, match="tables of weights; use int4"):
        executorch_coreml.TARGET.check("palette4")


@pytest.mark.parametrize("form", ["int8", "int4"])
def test_executorch(form: Form, tmp_path: Path) -> None:
    stage = seeded(Wide)
    plan = StagePlan("fp16", {"enter": form, "parts.narrow": form})
    sizes = {}
    for name, each in (("plain", StagePlan("fp16")), (form, plan)):
        executor = open_plan(executorch_coreml.TARGET, each, stage, tmp_path / f"{name}.pte")
        sizes[name] = (tmp_path / f"{name}.pte").stat().st_size
    assert BOUNDS[form][0] < relative_error(stage, executor) < BOUNDS[form][1]
    saved = WIDE * (WIDE + ODD) * (16 - BITS[form]) / 8
    assert 0.85 * saved < sizes["plain"] - sizes[form] <= saved
    assert all(type(layer.weight) is nn.Parameter for layer in quantisable(stage).values()), "the stage was changed"
    with pytest.raises(TargetError, match="came with iOS18"):
        open_plan(executorch_coreml.TARGET, plan, stage, tmp_path / "old.pte", "iOS17")


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("model", model_names())
def test_default_models(model: str, form: Form, tmp_path: Path) -> None:
    """On noise as input, to which no stage was trained: a wider bound. A stage that draws needs probabilities for that,
    and its choices have no size: the gate of an export judges it."""
    for stage in find_model(model).build(BuildOptions()).stages:
        if any(tensor.unit == "label" for tensor in stage.spec.outputs):
            continue
        executor = lower_and_open(TARGET, form, stage, tmp_path)
        # A meter says nothing before it has heard half a second, and divides small numbers by each other.
        steps, wider = (30, 4) if stage.name == "sync_meter" else (8, 3)
        assert relative_error(stage, executor, steps) < wider * BOUNDS[form][1]
