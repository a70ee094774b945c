"""Products in 8 bits on an x86 processor with AVX2 and without VNNI, in qemu: the results of this processor.

Such a processor adds products in 16 bits, two by two. Weights and inputs here are those that make these sums largest.
Needs qemu-user and an x86-64 system.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor

from export.precision import StagePlan
from export.targets.base import LoweringOptions, find_target
from export.targets.onnx_weights import channels_8
from tests.export.lowering import Tensors
from tests.export.wide_layer import WideLayer

pytestmark = pytest.mark.slow

RUN = """
import sys
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
numpy.save(sys.argv[3], session.run(["y"], {"x": numpy.load(sys.argv[2])})[0])
"""
OLDER = ["qemu-x86_64-static", "-cpu", "Haswell", str(Path(sys.executable).resolve())]


def heavy_layer(weights: str) -> WideLayer:
    stage = WideLayer()
    drawn = torch.rand(stage.layer.weight.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        stage.layer.weight.copy_(
            {"positive": 0.5 + drawn / 2, "negative": -0.5 - drawn / 2, "both": drawn - 0.5}[weights]
        )
    return stage


def lowered(stage: WideLayer, form: str, x: Tensor, path: Path) -> onnx.ModelProto:
    plan = StagePlan("fp16", {"layer": form}, ({"x": x.numpy()},) if form == "int8-static" else ())
    find_target("onnx").lower(stage, plan, path, LoweringOptions())
    return onnx.load(path)


def results(path: Path, x: Tensor, folder: Path) -> dict[str, np.ndarray]:
    """Of the graph on this processor and on the older one."""
    np.save(folder / "x.npy", x.numpy())
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    found = {}
    for name, interpreter in {"this": [sys.executable], "older": OLDER}.items():
        arguments = ["-c", RUN, str(path), str(folder / "x.npy"), str(folder / f"{name}.npy")]
        subprocess.run([*interpreter, *arguments], check=True, capture_output=True, env=environment)
        found[name] = np.load(folder / f"{name}.npy")
    return found


def large_inputs() -> Tensor:
    return 0.9 + 0.1 * torch.rand(1, 96, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("weights", ["positive", "negative", "both"])
@pytest.mark.parametrize("form", ["int8", "int8-static"])
def test_an_older_processor_computes_the_same(form: str, weights: str, tmp_path: Path) -> None:
    x = large_inputs()
    lowered(heavy_layer(weights), form, x, tmp_path / "layer.onnx")
    found = results(tmp_path / "layer.onnx", x, tmp_path)
    np.testing.assert_allclose(found["older"], found["this"], rtol=1e-6)


def test_codes_that_are_not_bounded_in_pairs_would_saturate(tmp_path: Path) -> None:
    """The test above can fail: with the codes of a scale for each weight alone the processor errs, and says nothing."""
    x, stage, path = large_inputs(), heavy_layer("positive"), tmp_path / "layer.onnx"
    model = lowered(stage, "int8", x, path)
    plain = channels_8(stage.layer.weight.numpy())
    constants: Tensors = {"layer.codes": plain.codes.T.copy(), "layer.scale": plain.scale}
    for held in model.graph.initializer:
        if held.name in constants:
            held.CopyFrom(numpy_helper.from_array(constants[held.name], held.name))
    onnx.save(model, path)
    found = results(path, x, tmp_path)
    (wanted,) = stage(x)
    np.testing.assert_allclose(found["this"], wanted.numpy(), rtol=0.02)
    assert (found["older"] < 0.9 * wanted.numpy()).all()
