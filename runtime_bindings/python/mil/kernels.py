"""The table of all kernels."""

from __future__ import annotations

from runtime_bindings.python.mil import arithmetic, layout, neural
from runtime_bindings.python.mil.kernel import Kernel

KERNELS: dict[str, Kernel] = {**layout.KERNELS, **arithmetic.KERNELS, **neural.KERNELS}
"""Operation -> kernel."""
