"""Tables of numbers that are no layer's: halves, or rows of 8 bits where they are only read by row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn

from export.precision import FP16, StagePlan
from export.targets.base import LoweringOptions, find_target
from export.targets.onnx_tables import LEAST_ROWS
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage
from tests.export.lowering import Tensors, random_inputs, run_eager, zero_state
from tests.export.test_onnx_precisions import executor, relative

ROWS, WIDTH = 300, 256


class Looking(Stage):
    """Looks up the rows of three numbers, twice in one table, and passes the sum through a layer."""

    name, clock = "looking", "frame"
    inputs = (InputSpec(name="x", shape=(3, ROWS), source="parameter.x"),)
    outputs = (TensorSpec(name="y", shape=(3, 8)), TensorSpec(name="rows", shape=(3, WIDTH)))
    table: Tensor

    def __init__(self, *, summed: bool) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        spread = torch.logspace(-2, 1, ROWS)[:, None]
        self.register_buffer("table", torch.randn(ROWS, WIDTH, generator=generator) * spread)
        self.out = nn.Linear(WIDTH, 8)
        self.summed = summed

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        first, second = inputs["x"].argmax(1), inputs["x"].argmin(1)
        rows = F.embedding(first, self.table) + F.embedding(second, self.table)
        if self.summed:
            rows = rows + (inputs["x"][:, :1] * self.table[0]).sum() * (inputs["x"][:, :1, None] * self.table).sum(1)
        return {"y": self.out(rows), "rows": rows}, ()


def lowered(stage: Stage, plan: StagePlan, path: Path) -> dict[str, np.ndarray]:
    find_target("onnx").lower(stage, plan, path, LoweringOptions())
    model = onnx.load(path)
    return {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}


def answers(stage: Stage, path: Path) -> list[tuple[Tensors, Tensors]]:
    runner = executor(stage, path)
    steps = [{**random_inputs(stage.spec, seed), **zero_state(stage.spec)} for seed in range(5)]
    return [(runner.run(stage.name, step), run_eager(stage, step)) for step in steps]


@pytest.mark.parametrize("form", ["int8", "int4"])
def test_rows_have_a_scale_each(form, tmp_path):
    assert ROWS * WIDTH > LEAST_ROWS
    stage, path = Looking(summed=False).eval(), tmp_path / "stage.onnx"
    held = lowered(stage, StagePlan("fp16", {"out": form}), path)
    assert held["table.codes"].dtype == np.int8
    assert held["table.scale"].shape == (ROWS, 1)
    for got, wanted in answers(stage, path):
        # Half a step of 1/127 of a row's largest value, which is some 3 times its RMS.
        assert all(relative(*pair) < 9e-3 for pair in zip(got["rows"], wanted["rows"], strict=True))


def test_a_table_that_is_also_summed_has_halves(tmp_path):
    stage, path = Looking(summed=True).eval(), tmp_path / "stage.onnx"
    held = lowered(stage, StagePlan("fp16", {"out": "int8"}), path)
    assert "table.codes" not in held
    assert held["table.half"].dtype == np.float16
    for got, wanted in answers(stage, path):
        assert relative(got["rows"], wanted["rows"]) < 2e-3


def test_without_quantised_layers_rows_have_halves(tmp_path):
    held = lowered(Looking(summed=False).eval(), FP16, tmp_path / "stage.onnx")
    assert held["table.half"].dtype == np.float16


def test_in_an_fp32_base_tables_stay(tmp_path):
    stage = Looking(summed=False).eval()
    held = lowered(stage, StagePlan("fp32", {"out": "int8"}), tmp_path / "stage.onnx")
    np.testing.assert_array_equal(held["table"], stage.table.numpy())


class Turning(Stage):
    """A product with a table, which the exporter stores turned and under a name of its own."""

    name, clock = "turning", "frame"
    inputs = (InputSpec(name="x", shape=(1, 30), source="parameter.x"),)
    outputs = (TensorSpec(name="y", shape=(1, 128)),)
    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.randn(128, 30, generator=torch.Generator().manual_seed(0)))
        self.exact = Exact()

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        return {"y": F.linear(inputs["x"], self.table) + self.exact(inputs["x"])}, ()


class Exact(nn.Module):
    """The same in full precision."""

    full_precision = True
    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.randn(128, 30, generator=torch.Generator().manual_seed(1)))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.table)


def test_a_turned_table_has_halves_and_one_in_full_precision_stays(tmp_path):
    stage, path = Turning().eval(), tmp_path / "stage.onnx"
    held = lowered(stage, FP16, path)
    assert sorted((each.dtype.name, each.shape) for each in held.values() if each.size > 1) == [
        ("float16", (30, 128)),
        ("float32", (30, 128)),
    ]
    for got, wanted in answers(stage, path):
        assert 0 < relative(got["y"], wanted["y"]) < 1e-3
