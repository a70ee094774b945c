"""The variables of a published checkpoint as tables of parameters by our names.

Below each part the paths are those of our parameters with ``/`` for ``.`` and other last words (`LAST`). What belongs
to the optimiser is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sdk.errors import CheckpointError
from sdk.models.tensor_bundle import TensorBundle

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
"""End of a variable's name."""

OPTIMISER = "/.OPTIMIZER_SLOT/"
"""In the name of what the optimiser keeps for a variable."""

PARTS = {"aud_backbone": "audio", "vid_backbone": "video", "txt_backbone": "text", "unified_backbone": "encoder"}
"""Word of the path that begins a part -> our part."""

WRAPPERS = ("_base", "unified_transformer")
"""Words between the beginning of a part and its own paths."""

HEADS = "_bridge_heads"
"""Word of the path that begins the heads; the number of a head follows."""

LAST = {
    "kernel": "weight",
    "embeddings": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""Keras's last word of a path -> ours; others stay."""

KERNEL_AXES = {2: (1, 0), 3: (2, 1, 0), 5: (4, 3, 0, 1, 2)}
"""Axes of a kernel of that rank as PyTorch has them: outputs and inputs come first."""

MEND = "give a checkpoint as the published VATT saves it"

Table = dict[str, Tensor]


def read_backbone(bundle: TensorBundle, word: str, tokeniser: str) -> Table:
    """Of the pre-training, or else of a fine-tuned model, which is a `_base` beside its classifier."""
    if any(word in name.split("/") for name in bundle):
        return read_part(bundle, word)
    table = _read(bundle, {name: tail for name in _variables(bundle) if (tail := _after(name, WRAPPERS[0]))})
    if f"{tokeniser}.weight" not in table:
        raise CheckpointError(bundle.prefix, f"has no {tokeniser}", MEND)
    return table


def read_part(bundle: TensorBundle, word: str) -> Table:
    """Parameters of a part by our names; none if there is no such part."""
    paths = {}
    for name in _variables(bundle):
        if tail := _after(name, word):
            first, _, rest = tail.partition("/")
            paths[name] = rest if first in WRAPPERS else tail
    if not paths:
        raise CheckpointError(bundle.prefix, f"has no {word}", MEND)
    return _read(bundle, paths)


def read_head(bundle: TensorBundle) -> Table:
    """Parameters of the one head."""
    tails = {name: tail.partition("/") for name in _variables(bundle) if (tail := _after(name, HEADS))}
    if len({number for number, _, _ in tails.values()}) != 1:
        raise CheckpointError(bundle.prefix, f"has {len(tails)} variables of heads, not those of one", MEND)
    return _read(bundle, {name: rest for name, (_, _, rest) in tails.items()})


def _variables(bundle: TensorBundle) -> list[str]:
    return [name for name in bundle if name.endswith(VALUE) and OPTIMISER not in name]


def _after(name: str, word: str) -> str:
    """The path after the first `word` in it, without the name's end; empty if it is not in it."""
    return f"/{name.removesuffix(VALUE)}".partition(f"/{word}/")[2]


def _read(bundle: TensorBundle, paths: Mapping[str, str]) -> Table:
    table: Table = {}
    for name, path in paths.items():
        *above, last = path.split("/")
        value = torch.from_numpy(bundle.read(name))
        if not value.is_floating_point():
            raise CheckpointError(bundle.prefix, f"{name} holds no floating-point numbers", MEND)
        if last == "kernel":
            if value.ndim not in KERNEL_AXES:
                raise CheckpointError(bundle.prefix, f"{name} has {value.ndim} axes", MEND)
            value = value.permute(KERNEL_AXES[value.ndim])
        table[".".join([*above, LAST.get(last, last)])] = value.float().contiguous()
    return table
