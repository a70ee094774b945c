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
from runtime_bindings.python.mil.loader import load_program, translate
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


def test_constant_cast_is_restored() -> None:
    """fp16 weights of an fp32 program, which older systems store so."""
    weight = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)
    with coremltools() as ct:
        from coremltools.converters.mil import Builder
        from coremltools.converters.mil.mil import Function, types

        with Function({"x": Builder.placeholder((1, 4), types.fp32)}, opset_version=ct.target.iOS16) as function:
            stored = Builder.constexpr_cast(source_val=weight.astype(np.float16), output_dtype="fp32")
            function.set_outputs([Builder.linear(x=function.inputs["x"], weight=stored, name="y")])
    x = torch.linspace(-1, 1, 4).reshape(1, 4)
    found = translate(function, "cast").run({"x": x})["y"]
    torch.testing.assert_close(found, x @ torch.from_numpy(weight).half().float().T)


def test_packed_bits_of_older_systems() -> None:
    """Palettes and masks as iOS 16 stores them: bits packed into bytes. coremltools' own value is the oracle."""
    generator = np.random.default_rng(0)
    with coremltools() as ct:
        from coremltools.converters.mil import Builder
        from coremltools.converters.mil.mil import Function

        for bits in (1, 2, 4, 6, 8):
            with Function({}, opset_version=ct.target.iOS16) as function:
                values = generator.normal(size=2**bits).astype(np.float32)
                packed = generator.integers(0, 256, int(np.ceil(bits * 15 / 8)), np.uint8)
                lut = Builder.constexpr_lut_to_dense(indices=packed, lut=values, shape=np.array([3, 5], np.uint32))
                mask = np.array([0b10110101, 0b0100110], np.uint8)
                data = generator.normal(size=int(np.unpackbits(mask).sum())).astype(np.float32)
                sparse = Builder.constexpr_sparse_to_dense(
                    nonzero_data=data, mask=mask, shape=np.array([3, 5], np.uint32)
                )
                function.set_outputs([Builder.identity(x=lut, name="lut"), Builder.identity(x=sparse, name="sparse")])
            found = translate(function, "packed").run({})
            for name, var in (("lut", lut), ("sparse", sparse)):
                np.testing.assert_array_equal(found[name].numpy(), var.op.materialized_val_inference())
