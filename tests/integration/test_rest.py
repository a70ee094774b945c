"""The default face comes to rest when nobody speaks."""

from __future__ import annotations

import pytest

from sdk.parity.rest.check import check_rest
from sdk.parity.rest.contract import HELD


@pytest.mark.parametrize("seed", [0, 1])
def test_the_default_face_keeps_the_rest_contract(bundle, seed):
    report = check_rest(bundle, "onnx", seconds=4, seed=seed, streams=HELD)
    assert report.passed, [problem.message for case in report.cases for problem in case.problems]
    assert all(case.judged for case in report.cases)
