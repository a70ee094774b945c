"""The table of all kernels."""

from __future__ import annotations

from runtime_bindings.python.mil import (
    activations,
    arithmetic,
    compressed,
    convolution,
    indexing,
    layout,
    neural,
    recurrent,
    reductions,
    resampling,
)
from runtime_bindings.python.mil.kernel import Kernel

_TABLES = (
    activations.KERNELS,
    arithmetic.KERNELS,
    compressed.KERNELS,
    convolution.KERNELS,
    indexing.KERNELS,
    layout.KERNELS,
    neural.KERNELS,
    recurrent.KERNELS,
    reductions.KERNELS,
    resampling.KERNELS,
)

KERNELS: dict[str, Kernel] = {operation: kernel for table in _TABLES for operation, kernel in table.items()}
"""Operation -> kernel."""
