"""Which operations of an fp16 program stay in fp32.

A layer whose numbers do not fit half precision (powers of a spectrum, averages over seconds) says so::

    class LogMel(nn.Module):
        full_precision = True

All operations of its `forward` and `step` then compute in fp32 in every fp16 Core ML program. On the device they run on
the processor or the graphics unit, since the Neural Engine knows fp16 only: worth it for small layers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.export import ExportedProgram
from torch.fx import traceback

ATTRIBUTE = "full_precision"
MARK = "nowface: full precision"
"""Put in the place of an operation's stack trace, the one note that every tool on the way to Core ML passes on."""

PASS = "nowface::cast_to_half"
"""Our graph pass in coremltools' registry: its fp16 cast, without the marked operations."""


def export_marked(module: nn.Module, example: tuple[torch.Tensor, ...]) -> ExportedProgram:
    """``torch.export`` of `module`, with `MARK` on every operation of its layers that ask for full precision."""
    with _annotated(module), traceback.preserve_node_meta(), torch.no_grad():
        exported = torch.export.export(module, example, strict=False)
    for node in exported.graph.nodes:
        if ATTRIBUTE in node.meta.pop("custom", {}):
            node.meta["stack_trace"] = MARK
    return exported


def asks_full_precision(module: nn.Module) -> bool:
    """Whether `module` or a layer of it has the attribute."""
    return any(getattr(layer, ATTRIBUTE, False) for layer in module.modules())


def computes_in_half(operation: Any) -> bool:
    """Whether an operation of a MIL program is to be cast to fp16: all but the marked ones."""
    from coremltools.converters.mil.mil.scope import ScopeSource

    return MARK not in operation.scopes.get(ScopeSource.EXIR_STACK_TRACE, ())


def half_pass_names(ct: Any) -> list[str]:
    """The default passes of coremltools by name, with `PASS` in the place of its own fp16 cast."""
    _register_pass()
    return [PASS if name == "common::add_fp16_cast" else name for name in ct.PassPipeline.DEFAULT.passes]


@functools.cache
def _register_pass() -> None:
    from coremltools.converters.mil.mil.passes.defs.quantization import FP16ComputePrecision
    from coremltools.converters.mil.mil.passes.pass_registry import register_pass

    def create(self: Any) -> None:
        FP16ComputePrecision.__init__(self, op_selector=computes_in_half)

    namespace, name = PASS.split("::")
    register_pass(namespace=namespace)(type(name, (FP16ComputePrecision,), {"__init__": create}))


@contextmanager
def _annotated(module: nn.Module) -> Iterator[None]:
    """Within it, calls of `forward` and `step` of the layers with the attribute leave a note on what they trace."""
    patched: list[tuple[nn.Module, str]] = []
    for layer in module.modules():
        if not getattr(layer, ATTRIBUTE, False):
            continue
        for method in ("forward", "step"):
            if hasattr(layer, method):
                setattr(layer, method, _noting(getattr(layer, method)))
                patched.append((layer, method))
    try:
        yield
    finally:
        for layer, method in patched:
            delattr(layer, method)


def _noting(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with traceback.annotate({ATTRIBUTE: True}):
            return function(*args, **kwargs)

    return call
