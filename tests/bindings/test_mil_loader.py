"""Loading of ML Programs: compressed weights, settings without a kernel. The oracle is PyTorch on the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from export.precision import FP32
from export.targets.base import LoweringOptions
from export.targets.coreml_program import TARGET
from runtime_bindings.python.coreml_tools import coremltools
from runtime_bindings.python.mil.kernel import Kernel, register
from runtime_bindings.python.mil.kernels import KERNELS
from runtime_bindings.python.mil.loader import load_program
from sdk.errors import TargetError
from tests.toy import toy_stages


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("encoder") / "encoder.mlpackage"
    TARGET.lower(toy_stages()[0], FP32, path, LoweringOptions())
    return path


def test_compressed_weights_are_restored(package: Path, tmp_path: Path) -> None:
    """8-bit weights of one scale a row: no value is further from the original than half a step."""
    stage = toy_stages()[0]
    with coremltools() as ct:
        from coremltools.optimize.coreml import OpLinearQuantizerConfig, OptimizationConfig, linear_quantize_weights

        config = OptimizationConfig(OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=1))
        model = linear_quantize_weights(ct.models.MLModel(str(package), skip_model_load=True), config)
        model.save(str(tmp_path / "small.mlpackage"))
    program = load_program(tmp_path / "small.mlpackage", stage.name)
    (weight,) = [i.tensors["weight"] for i in program.instructions if i.operation == "linear"]
    original = stage.project.weight.detach()  # type: ignore[union-attr]
    assert isinstance(weight, torch.Tensor)
    step = original.abs().amax(1, keepdim=True) / 127
    assert float((weight - original).abs().max()) > 0
    assert bool(((weight - original).abs() <= step * 0.51).all())


def test_unknown_parameter_is_refused(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table: dict[str, Kernel] = {}
    register(table, computes=True)("linear")(lambda x: x)
    monkeypatch.setitem(KERNELS, "linear", table["linear"])
    with pytest.raises(TargetError, match=r"stage audio_encoder: linear .* no kernel for parameter"):
        load_program(package, "audio_encoder")


def test_kernel_that_fails_is_found_at_loading(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("this setting")

    table: dict[str, Kernel] = {}
    register(table, computes=True)("tanh")(refuse)
    monkeypatch.setitem(KERNELS, "tanh", table["tanh"])
    with pytest.raises(TargetError, match=r"tanh .* cannot run it: this setting"):
        load_program(package, "audio_encoder")


def test_program_is_pure(package: Path) -> None:
    program = load_program(package, "audio_encoder")
    inputs = {"pcm": torch.ones(1, 320), "left": torch.zeros(1, 80)}
    first = {name: value.clone() for name, value in program.run(inputs).items()}
    program.run({"pcm": -torch.ones(1, 320), "left": torch.ones(1, 80)})
    for name, value in program.run(inputs).items():
        np.testing.assert_array_equal(value.numpy(), first[name].numpy())
