"""Programs with states, as converted from modules with buffers they change, against the module itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from runtime_bindings.python.coreml_tools import coremltools
from runtime_bindings.python.mil.loader import load_program
from runtime_bindings.python.mil.program import Program, StatefulProgram

WIDTH, WINDOW = 4, 3


class Memory(nn.Module):
    """The mean of the last inputs, and the decaying sum of all."""

    window: Tensor
    total: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.zeros(WINDOW, WIDTH))
        self.register_buffer("total", torch.zeros(1, WIDTH))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.window.copy_(torch.cat([self.window[1:], x]))
        self.total.copy_(self.total * 0.5 + x)
        return self.window.mean(0, keepdim=True), self.total * 3


def convert(folder: Path, precision: str) -> Program:
    module = Memory().eval()
    with coremltools() as ct, torch.no_grad():
        exported = torch.export.export(module, (torch.zeros(1, WIDTH),)).run_decompositions({})
        model = ct.convert(
            exported,
            inputs=[ct.TensorType(name="x", shape=(1, WIDTH))],
            outputs=[ct.TensorType(name="mean"), ct.TensorType(name="sum")],
            minimum_deployment_target=ct.target.iOS18,
            compute_precision=ct.precision.FLOAT16 if precision == "fp16" else ct.precision.FLOAT32,
            skip_model_load=True,
        )
        model.save(str(folder / "memory.mlpackage"))
    return load_program(folder / "memory.mlpackage", "memory")


@pytest.fixture(scope="module", params=["fp32", "fp16"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Program:
    return convert(tmp_path_factory.mktemp("memory"), request.param)


def test_states_are_declared_half(program: Program) -> None:
    """In both precisions: coremltools keeps every state as fp16."""
    assert {(value.shape, value.dtype) for value in program.states} == {
        ((WINDOW, WIDTH), "float16"),
        ((1, WIDTH), "float16"),
    }
    assert [value.name for value in program.inputs] == ["x"]


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 12), rest=st.integers(0, 11))
def test_stream_equals_the_module(program: Program, seed: int, steps: int, rest: int) -> None:
    """Also after a reset in the middle."""
    generator, stream, module = np.random.default_rng(seed), StatefulProgram(program), Memory()
    for step in range(steps):
        if step == rest:
            stream.reset()
            module = Memory()
        x = torch.from_numpy(generator.uniform(-2, 2, (1, WIDTH)).astype(np.float32))
        with torch.no_grad():
            wanted = [value.clone() for value in module(x)]
        given_memory = x.clone()
        found = stream.run({"x": given_memory})
        given_memory.fill_(9)  # the caller's own again
        for value, want in zip(found.values(), wanted, strict=True):
            torch.testing.assert_close(value, want, rtol=0, atol=1e-2)
    assert all(torch.equal(state, state.half().float()) for state in stream.states.values())


def test_streams_of_one_program_are_apart(program: Program) -> None:
    one, two = StatefulProgram(program), StatefulProgram(program)
    one.run({"x": torch.ones(1, WIDTH)})
    assert all(not state.any() for state in two.states.values())
    assert any(state.any() for state in one.states.values())


def test_a_dropped_state_shows(program: Program) -> None:
    """The same input twice gives other results only if the state lasted."""
    x = {"x": torch.ones(1, WIDTH)}
    kept = StatefulProgram(program)
    assert not torch.equal(kept.run(x)["sum"], kept.run(x)["sum"])
    assert torch.equal(program.run(x, program.start())["sum"], program.run(x, program.start())["sum"])


def test_a_state_is_asked_for(program: Program) -> None:
    with pytest.raises(AssertionError, match="its own states"):
        program.run({"x": torch.ones(1, WIDTH)})
