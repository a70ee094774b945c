"""What the ExecuTorch target writes and reports."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from export.precision import FP32
from export.targets.base import LoweringOptions, find_target
from runtime_bindings.python.executorch_executor import tensor_names
from sdk.errors import MissingDependencyError
from tests.export.zoo import Call, OneOperator
from tests.toy import ToyDecoder, toy_stages

TARGET = find_target("executorch")
OPTIONS = LoweringOptions()


def test_operators_the_delegate_cannot_take_are_reported(tmp_path: Path) -> None:
    stage = OneOperator(Call(lambda x: torch.cumsum(torch.cumsum(x * 2.0, -1), -1).abs()))
    report = TARGET.lower(stage, FP32, tmp_path / "one.pte", OPTIONS)
    assert report.undelegated == ("aten.cumsum.default x2",)


def test_lowering_twice_gives_the_same_file(tmp_path: Path) -> None:
    stage = OneOperator(nn.Sequential(nn.Linear(8, 8), nn.ReLU()))
    for name in ("first", "second"):
        TARGET.lower(stage, FP32, tmp_path / name, OPTIONS)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_names_tell_stage_inputs_and_outputs() -> None:
    assert tensor_names(toy_stages()[2].spec) == (
        "motion_decoder: features phase style_embedding rest previous history"
        " -> coefficients vertices next_previous next_history"
    )


def test_a_missing_tool_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "executorch.exir", None)
    with pytest.raises(MissingDependencyError, match=r"nowface\[executorch\]"):
        TARGET.lower(ToyDecoder(), FP32, tmp_path / "toy.pte", OPTIONS)


def test_the_row_names_its_tools_and_systems() -> None:
    assert set(TARGET.versions()) == {"torch", "executorch"}
    assert all(re.fullmatch(r"\d+(\.\d+)+.*", text) for text in TARGET.versions().values())
    assert {"Android", "iOS"} <= set(TARGET.minimum_os(OPTIONS))
