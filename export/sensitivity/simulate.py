"""Quantised layers in PyTorch: the rounding that a form brings, so that its cost is known before anything is lowered.

Weights take only the values that the form can store. Where a target multiplies integers the inputs do so too, with a
scale for each row found at every step, or with one that was fixed beforehand. In 8 bits a simulated layer errs as one
of a target does, nearly number by number. In the coarser forms targets differ in where their grids lie, so it errs
about as much, by other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from export.precision import GROUP, Arithmetic, Base, Form, quantisable
from export.targets.onnx_static import Range
from export.targets.onnx_weights import channels_8, paired_8
from sdk.stage import Stage

BITS = {"int8": 8, "int8-static": 8, "int4": 4, "palette6": 6, "palette4": 4}
"""Of one weight."""
BASE_BYTES: Mapping[Base, int] = {"fp32": 4, "fp16": 2}
"""Of one weight that is not quantised."""
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


def rounded_weight(weight: Tensor, form: Form, *, paired: bool = False) -> Tensor:
    """The nearest weight (out, in) that `form` can store; `paired` as in `Arithmetic.paired_codes`."""
    if form in {"int8", "int8-static"}:
        held = (paired_8 if paired else channels_8)(weight.numpy())
        return torch.from_numpy(held.codes * held.scale[:, None])
    if form == "int4":
        # The last group of a layer whose inputs are no multiple of it is filled up with zeros.
        groups = F.pad(weight, (0, -weight.shape[1] % GROUP)).reshape(len(weight), -1, GROUP)
        step = (groups.abs().amax(-1, keepdim=True) / 7).clamp(min=torch.finfo(groups.dtype).tiny)
        rounded = (groups / step).round().clamp(-7, 7) * step
        return rounded.reshape(len(weight), -1)[:, : weight.shape[1]]
    return _to_palette(weight, 2 ** BITS[form])


def rounded_input(x: Tensor, *, row_scales: bool = True) -> Tensor:
    """Each row, or all together, on a grid of 256 values from the least to the largest value, zero among them."""
    along = (-1,) if row_scales else tuple(range(x.dim()))
    low, high = x.amin(along, keepdim=True).clamp(max=0), x.amax(along, keepdim=True).clamp(min=0)
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
    arithmetic: Arithmetic,
    *,
    ranges: Mapping[str, Mapping[str, Range]] | None = None,
) -> Iterator[None]:
    """Within it the named layers of the stages compute as if they were quantised.

    Args:
        stages: given hooks for the time being.
        layers: stage -> dotted name -> form.
        arithmetic: of the target.
        ranges: stage -> layer -> scale and zero point of its input, of layers whose input's scale is fixed; others in
            ``int8-static`` have their weights rounded alone.
    """
    hooks: list[RemovableHandle] = []
    try:
        for stage in stages:
            found = quantisable(stage)
            for name, form in layers.get(stage.name, {}).items():
                weight = rounded_weight(found[name].weight.detach(), form, paired=arithmetic.paired_codes)
                fixed = (ranges or {}).get(stage.name, {}).get(name)
                rounding = _rounding(form, arithmetic, fixed)
                hooks.append(found[name].register_forward_hook(_instead(weight, rounding)))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _rounding(form: Form, arithmetic: Arithmetic, fixed: Range | None) -> Callable[[Tensor], Tensor]:
    """What becomes of a layer's input."""
    if fixed is not None:
        return partial(fixed_input, scaling=fixed)
    if arithmetic.integer_inputs and form in {"int8", "int4"}:
        return partial(rounded_input, row_scales=arithmetic.row_scales or form != "int8")
    return lambda x: x


def _instead(
    weight: Tensor, rounding: Callable[[Tensor], Tensor]
) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    def hook(layer: nn.Module, given: tuple[Tensor, ...], _: Tensor) -> Tensor:
        (x,) = given
        assert isinstance(layer, nn.Linear)
        return F.linear(rounding(x), weight, layer.bias)

    return hook


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
