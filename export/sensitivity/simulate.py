"""Quantised layers in PyTorch: the rounding that a form brings, so that its cost is known before anything is lowered.

Weights take only the values that the form can store. Where a target multiplies integers the inputs do so too, with a
scale for each row found at every step, or with one that was fixed beforehand. In 8 bits a simulated layer errs as one
of a target does, nearly number by number. In the coarser forms targets differ in where their grids lie, so it errs
about as much, by other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from export.precision import GROUP, Base, Form, quantisable
from export.targets.onnx_static import Range
from export.targets.onnx_weights import CODES_8, SAFE_CODES
from sdk.stage import Stage

BITS = {"int8": 8, "int8-static": 8, "int4": 4, "palette6": 6, "palette4": 4}
"""Of one weight."""
BASE_BYTES: Mapping[Base, int] = {"fp32": 4, "fp16": 2}
"""Of one weight that is not quantised."""
CODES: Mapping[Form, int] = {"int8": CODES_8, "int8-static": SAFE_CODES}
"""Steps of 8-bit weights on either side of zero."""
SCALE_BYTES = 4
PALETTE_ROUNDS = 12
"""Of Lloyd's algorithm; the values of a trained layer move by less than a thousandth of their spread after ten."""


def layer_bytes(layer: nn.Linear, form: Form | None, base: Base) -> int:
    """Of the weights and scales of a layer; a form of None leaves them in `base`."""
    count = layer.weight.numel()
    if form is None:
        return BASE_BYTES[base] * count
    groups = layer.out_features * -(-layer.in_features // GROUP)
    tables = {"int4": groups, "palette6": 2**6, "palette4": 2**4}.get(form, layer.out_features)
    return count * BITS[form] // 8 + SCALE_BYTES * tables


def rounded_weight(weight: Tensor, form: Form) -> Tensor:
    """The nearest weight (out, in) that `form` can store."""
    if form in CODES:
        return _to_grid(weight, CODES[form])
    if form == "int4":
        # The last group of a layer whose inputs are no multiple of it is filled up with zeros.
        groups = F.pad(weight, (0, -weight.shape[1] % GROUP)).reshape(len(weight), -1, GROUP)
        return _to_grid(groups, 7).reshape(len(weight), -1)[:, : weight.shape[1]]
    return _to_palette(weight, 2 ** BITS[form])


def rounded_input(x: Tensor) -> Tensor:
    """Each row on a grid of 256 values that reaches from its least to its largest value and holds zero."""
    low, high = x.amin(-1, keepdim=True).clamp(max=0), x.amax(-1, keepdim=True).clamp(min=0)
    step = ((high - low) / 255).clamp(min=torch.finfo(x.dtype).tiny)
    zero = (-low / step).round()
    return ((x / step).round().add(zero).clamp(0, 255) - zero) * step


def fixed_input(x: Tensor, scaling: Range) -> Tensor:
    """Every value on one grid of 256, `scaling` its step and the place of zero; what lies beyond is cut off."""
    step, zero = float(scaling[0]), float(scaling[1])
    return ((x / step).round().add(zero).clamp(0, 255) - zero) * step


@contextmanager
def simulated(
    stages: Sequence[Stage],
    layers: Mapping[str, Mapping[str, Form]],
    *,
    integer_inputs: bool,
    ranges: Mapping[str, Mapping[str, Range]] | None = None,
) -> Iterator[None]:
    """Within it the named layers of the stages compute as if they were quantised.

    Args:
        stages: given hooks for the time being.
        layers: stage -> dotted name -> form.
        integer_inputs: whether the target multiplies integers, so that inputs are rounded as well.
        ranges: stage -> layer -> scale and zero point of its input, of layers whose input's scale is fixed; others in
            ``int8-static`` have their weights rounded alone.
    """
    hooks: list[RemovableHandle] = []
    try:
        for stage in stages:
            found = quantisable(stage)
            for name, form in layers.get(stage.name, {}).items():
                weight = rounded_weight(found[name].weight.detach(), form)
                fixed = (ranges or {}).get(stage.name, {}).get(name)
                integers = integer_inputs and form in {"int8", "int4"}
                hooks.append(found[name].register_forward_hook(_instead(weight, integers, fixed)))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _instead(
    weight: Tensor, integers: bool, fixed: Range | None
) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    def hook(layer: nn.Module, given: tuple[Tensor, ...], _: Tensor) -> Tensor:
        (x,) = given
        assert isinstance(layer, nn.Linear)
        if fixed is not None:
            x = fixed_input(x, fixed)
        return F.linear(rounded_input(x) if integers else x, weight, layer.bias)

    return hook


def _to_grid(rows: Tensor, largest: int) -> Tensor:
    """Each last axis on a symmetric grid of ``2 * largest + 1`` values."""
    step = (rows.abs().amax(-1, keepdim=True) / largest).clamp(min=torch.finfo(rows.dtype).tiny)
    return (rows / step).round().clamp(-largest, largest) * step


def _to_palette(weight: Tensor, size: int) -> Tensor:
    """Each weight at the nearest of `size` values, which lie where the weights do (Lloyd 1982, k-means in one
    dimension, from quantiles).
    """
    flat = weight.flatten()
    centres = torch.quantile(flat[:: max(1, len(flat) // 100_000)], torch.linspace(0, 1, size))
    for _ in range(PALETTE_ROUNDS):
        nearest = torch.bucketize(flat, (centres[1:] + centres[:-1]) / 2)
        count = torch.bincount(nearest, minlength=size)
        total = torch.bincount(nearest, weights=flat.double(), minlength=size).float()
        centres = torch.where(count > 0, total / count.clamp(min=1), centres)
    return centres[torch.bucketize(flat, (centres[1:] + centres[:-1]) / 2)].reshape(weight.shape)
