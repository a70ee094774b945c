"""Precisions: what the numbers of an artefact are stored and computed in, as a table, and the plan of one stage.

A precision names what becomes of the *layers* of a stage, its ``nn.Linear`` modules: stages are written so that their
weights lie in them, and what convolutions there are is rewritten so (`export.targets.rewrites.convolution`). All else
(the transform of the spectrum, normalisations, attention products, state) stays in the floating-point base.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from torch import nn

from sdk.runtime.executor import Array
from sdk.stage import Stage

Base = Literal["fp32", "fp16"]
"""What is stored and computed in floating point."""

Form = Literal["int8", "int8-static", "int4", "palette6", "palette4"]
"""What one layer becomes:

=========== ==========================================================================================================
int8        weights 8 bits, one scale an output channel; inputs 8 bits with a scale found at every step where the target
            computes in integers (ExecuTorch, ONNX Runtime), floating point where it does not (Core ML)
int8-static the same weights; the inputs' scale is fixed once, on recorded speech
int4        weights 4 bits, one scale for each `GROUP` inputs of an output channel
palette6    weights 6-bit indices into a table of 64 values
palette4    weights 4-bit indices into a table of 16 values
=========== ==========================================================================================================
"""

LEAST_INPUTS = 16
"""A layer of fewer inputs reads samples or flags, not features: there is little to save and much to lose."""

GROUP = 32
"""Inputs that share one scale in ``int4``: XNNPACK and Core ML both take multiples of 32 only."""


@dataclass(frozen=True)
class Precision:
    """One row of the table.

    Attributes:
        name: as on the command line.
        summary: one line for ``python -m export list``.
        form: what the layers become; None when they stay in the base, or when each is chosen by itself.
    """

    name: str
    summary: str
    form: Form | None = None


PRECISIONS = {
    row.name: row
    for row in (
        Precision("fp32", "all in 32-bit floating point: the reference's arithmetic"),
        Precision("fp16", "all in 16-bit floating point, but for layers that ask for 32 bits"),
        Precision("int8", "8-bit layers, their inputs scaled at every step", "int8"),
        Precision("int8-static", "8-bit layers, their inputs' scales fixed on recorded speech", "int8-static"),
        Precision("int4", f"4-bit layers in groups of {GROUP} inputs", "int4"),
        Precision("palette6", "layers of 6-bit indices into a table", "palette6"),
        Precision("palette4", "layers of 4-bit indices into a table", "palette4"),
        Precision("mixed", "each layer in the smallest form that a budget in face units allows"),
    )
}


@dataclass(frozen=True)
class Arithmetic:
    """What a target's quantised layers compute in, as far as their errors depend on it.

    Attributes:
        integer_inputs: they multiply integers, so that their inputs are rounded too.
        row_scales: in ``int8`` each row of an input has a scale of its own; otherwise all rows of an input share one.
        paired_codes: 8-bit codes of neighbouring inputs are bounded together, see
            `export.targets.onnx_weights.paired_8`.
    """

    integer_inputs: bool = True
    row_scales: bool = True
    paired_codes: bool = False


@dataclass(frozen=True)
class FormSupport:
    """How far a target takes a form.

    Attributes:
        least_weights: layers of fewer weights stay in the base, because there the form is slower than it is small.
        multiple: of which a layer's inputs must be a multiple.
        otherwise: form of the layers that `multiple` rules out; None leaves them in the base.
    """

    least_weights: int = 0
    multiple: int = 1
    otherwise: Form | None = None


@dataclass(frozen=True)
class StagePlan:
    """How one stage is lowered.

    Attributes:
        base: of all that `layers` does not name.
        layers: dotted name of an ``nn.Linear`` within the stage -> its form.
        recording: what went into the stage at some steps on speech, input and state name -> array. Forms that fix
            scales beforehand need it; others leave it alone.
    """

    base: Base
    layers: Mapping[str, Form] = field(default_factory=dict)
    recording: Sequence[Mapping[str, Array]] = ()


FP32, FP16 = StagePlan("fp32"), StagePlan("fp16")
"""Plans without a quantised layer."""


def in_base(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """`module` and all below it that may be in the base of a precision, with dotted names: those outside modules that
    ask for full precision.
    """
    if getattr(module, "full_precision", False):
        return
    yield name, module
    for child_name, child in module.named_children():
        yield from in_base(child, f"{name}.{child_name}" if name else child_name)


def quantisable(stage: nn.Module) -> dict[str, nn.Linear]:
    """The layers of a stage that a form may be chosen for, by dotted name.

    A layer below a module that asks for full precision (`export.targets.coreml_precision`) is none of them: those ask
    because powers of a spectrum do not fit 16 bits, let alone 8.
    """
    return {
        name: module
        for name, module in in_base(stage)
        if isinstance(module, nn.Linear) and module.in_features >= LEAST_INPUTS
    }


def fitting_form(layer: nn.Linear, form: Form, forms: Mapping[Form, FormSupport]) -> Form | None:
    """The form that `layer` gets on a target with `forms` when `form` is asked; None leaves it in the base."""
    support = forms[form]
    if layer.in_features % support.multiple:
        return fitting_form(layer, support.otherwise, forms) if support.otherwise else None
    return form if layer.weight.numel() >= support.least_weights else None


def plan_stage(
    stage: Stage,
    base: Base,
    form: Form | None,
    forms: Mapping[Form, FormSupport],
    recording: Sequence[Mapping[str, Array]] = (),
) -> StagePlan:
    """Every layer in `form`, as far as the target takes it; all in `base` without a form."""
    if form is None:
        return StagePlan(base)
    chosen = {name: fitting_form(layer, form, forms) for name, layer in quantisable(stage).items()}
    return StagePlan(base, {name: fitting for name, fitting in chosen.items() if fitting}, recording)
