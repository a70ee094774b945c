"""Parity: proof that an artefact computes what its model does, tensor by tensor and frame by frame.

Importing this package is cheap, so that the pytest plugin costs nothing to those who do not use it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Case": "sdk.parity.cases",
    "Comparison": "sdk.parity.findings",
    "Gate": "sdk.parity.gate",
    "ParityReport": "sdk.parity.cases",
    "TensorError": "sdk.parity.metrics",
    "check_bundle": "sdk.parity.gate",
    "compare": "sdk.parity.comparison",
}
__all__ = ["Case", "Comparison", "Gate", "ParityReport", "TensorError", "check_bundle", "compare"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
