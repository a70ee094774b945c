"""Checkpoint files: named tensors, read without running anything in the file, and checked key by key."""

from __future__ import annotations

import pickle
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from sdk.errors import CheckpointError

DAMAGED = (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError)
"""What `torch.load` raises on files that are not what it expects, found by feeding it damaged ones."""


def read_state(path: str | Path, *, example: str, mend: str) -> dict[str, Tensor]:
    """Read a file of named tensors, as contiguous float32 on the CPU, without running any of its code.

    Args:
        path: file to read.
        example: name of such a file, for the message when there is none.
        mend: what the user can do about a file of another kind, for messages.

    Raises:
        CheckpointError: it is missing, unreadable, unsafe, or holds anything but named floating-point tensors.
    """
    if not Path(path).is_file():
        raise CheckpointError(path, "is not a file", f"name a checkpoint, e.g. {example}")
    try:
        with warnings.catch_warnings():  # about pickle protocols; what matters raises
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror or error})", "check the file") from error
    except DAMAGED as error:
        foreign = re.search(r"unsupported (?:global: )?GLOBAL (\S+)", str(error), re.IGNORECASE)
        if foreign:
            raise CheckpointError(path, f"asks for {foreign[1]}, which is no tensor; nothing was run", mend) from error
        raise CheckpointError(path, "is damaged or not a PyTorch checkpoint", mend) from error
    if not isinstance(state, Mapping):
        raise CheckpointError(path, f"holds a {type(state).__name__}, not a dict of tensors", mend)
    if not state:
        raise CheckpointError(path, "holds an empty dict", mend)
    for key, tensor in state.items():
        if not isinstance(key, str):
            raise CheckpointError(path, f"holds a key that is a {type(key).__name__}, not text", mend)
        if not isinstance(tensor, Tensor):
            raise CheckpointError(path, f"{key} holds a {type(tensor).__name__}, not a tensor", mend)
        if not tensor.is_floating_point() or tensor.layout != torch.strided or tensor.device.type != "cpu":
            raise CheckpointError(path, f"{key} is not a dense floating-point tensor", mend)
    # DataParallel puts its own name before every key.
    prefix = "module." if all(key.startswith("module.") for key in state) else ""
    return {key.removeprefix(prefix): tensor.float().contiguous() for key, tensor in state.items()}


def check_keys(
    state: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]], path: str | Path, *, mend: str
) -> None:
    """`state` has exactly the keys of `shapes`, with these shapes.

    Raises:
        CheckpointError: it has not; names the first key at fault and counts the others.
    """
    for key in shapes:
        if key not in state:
            others = sum(other not in state for other in shapes) - 1
            raise CheckpointError(path, f"lacks {key}{_and(others)}", mend)
    for key in state:
        if key not in shapes:
            others = sum(other not in shapes for other in state) - 1
            raise CheckpointError(path, f"has the unknown key {key}{_and(others)}", mend)
    for key, shape in shapes.items():
        if tuple(state[key].shape) != shape:
            raise CheckpointError(path, f"{key} has shape {tuple(state[key].shape)}, not {shape}", mend)


def check_finite(state: Mapping[str, Tensor], path: str | Path) -> None:
    """No tensor of `state` has NaN or infinite values.

    Raises:
        CheckpointError: one has; names it.
    """
    for key, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(path, f"{key} has NaN or infinite values", "give an undamaged checkpoint")


def told_size(
    state: Mapping[str, Tensor], path: str | Path, axes: Iterable[tuple[str, int]], *usual: int, mend: str
) -> int:
    """The size that most of `axes` (a key and an axis of its tensor) and of the sizes `usual` tell.

    So one misshaped tensor is found out by the others, and not the other way round.

    Raises:
        CheckpointError: none of the keys is there with such an axis.
    """
    axes = list(axes)
    told = [state[key].shape[axis] for key, axis in axes if key in state and state[key].ndim > axis]
    if not told:
        raise CheckpointError(path, f"lacks {axes[0][0]} of the right shape", mend)
    return Counter([*usual, *told]).most_common(1)[0][0]


def _and(others: int) -> str:
    return f" and {others} more" if others else ""
