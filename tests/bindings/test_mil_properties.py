"""Every kernel of the interpreter for many arguments, in fp32 and in fp16."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime_bindings.python.mil.kernels import KERNELS
from runtime_bindings.python.mil.loader import load_program
from tests.bindings import mil_call
from tests.bindings.mil_call import Array, Call, computes, own_value, run
from tests.bindings.mil_properties import PROPERTIES
from tests.bindings.mil_properties.table import Property

ELSEWHERE = {"constexpr_cast", "read_state", "coreml_update_state"}
"""Operations that this table's one-operation programs cannot hold; test_mil_state.py and test_mil_loader.py do."""

ROUNDING = {False: 2.0**-23, True: 2.0**-10}
"""Spacing of numbers about 1 in fp32 and fp16."""


def expected(operation: str, rule: Property, call: Call) -> list[Array]:
    if rule.oracle is None:
        return own_value(operation, call)
    result = rule.oracle(**call.tensors, **call.settings)
    return [np.asarray(item) for item in (result if isinstance(result, tuple) else (result,))]


def check(operation: str, rule: Property, call: Call, half: bool) -> None:
    if half:
        call = call.rounded()
    wanted = expected(operation, rule, call)
    for engine, found in run(operation, call, half).items():
        assert len(found) == len(wanted)
        for have, want in zip(found, wanted, strict=True):
            assert have.shape == want.shape or (engine != "interpreter" and want.shape == ())
            if have.dtype.kind != "f" or not computes(operation):
                np.testing.assert_array_equal(have, want.astype(have.dtype))
                continue
            size = np.abs(want[np.isfinite(want)]).max(initial=1)
            # An fp16 result is the fp32 one rounded once, so one spacing is all it may be off.
            steps = 1 if half else rule.steps
            np.testing.assert_allclose(have, want, rtol=0, atol=steps * ROUNDING[half] * size)


@pytest.mark.parametrize("half", [False, True], ids=["fp32", "fp16"])
@pytest.mark.parametrize("operation", sorted(PROPERTIES))
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_kernel(operation: str, half: bool, data: st.DataObject) -> None:
    rule = PROPERTIES[operation]
    check(operation, rule, data.draw(rule.calls), half)


def test_every_kernel_has_a_property() -> None:
    assert set(KERNELS) - ELSEWHERE == set(PROPERTIES)


class StandIn:
    """Stands for coremltools' MLModel on a Mac: loads the package that it would, and answers with the interpreter."""

    def __init__(self, package: Path) -> None:
        self._program = load_program(package, "stand-in")

    def predict(self, tensors: dict[str, Array]) -> dict[str, Array]:
        results = self._program.run({name: torch.from_numpy(array) for name, array in tensors.items()})
        return {name: value.numpy() for name, value in results.items()}


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("operation", ["greater", "linear", "lstm", "topk", "constexpr_blockwise_shift_scale"])
def test_core_ml_runs_the_same_programs_on_a_mac(operation: str, half: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mil_call, "sys", SimpleNamespace(platform="darwin"))
    opened = []

    def stand_in(package: Path) -> StandIn:
        opened.append(package)
        return StandIn(package)

    monkeypatch.setattr(mil_call, "core_ml", stand_in)

    @settings(deadline=None, max_examples=2, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(call=PROPERTIES[operation].calls)
    def holds(call: Call) -> None:
        check(operation, PROPERTIES[operation], call, half)

    holds()
    assert opened
