"""FaceFormer's published checkpoints: ``torch.save(model.state_dict())`` of the published code.

The format holds no configuration, so every size is read off the shapes, and each key must then be there with the shape
that these sizes ask for, no more and no fewer. Files are read with ``weights_only=True``: nothing in them runs.
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from sdk.errors import CheckpointError
from sdk.models.faceformer.config import Dataset
from sdk.models.faceformer.infer import infer_config
from sdk.models.faceformer.model import FaceFormer

POSITIONAL_CONV = "audio_encoder.encoder.pos_conv_embed.conv."
Naming = Literal["old", "new"]

WEIGHT_NORM: dict[Naming, tuple[str, str]] = {
    "old": ("weight_g", "weight_v"),
    "new": (
        "parametrizations.weight.original0",
        "parametrizations.weight.original1",
    ),
}
"""Names of magnitude and direction of the positional convolution's weight, below `POSITIONAL_CONV`, as PyTorch's
``weight_norm`` and its parametrised successor write them."""

MEND = "give a state dict as the published FaceFormer saves it"
DAMAGED = (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError)
"""What `torch.load` raises on files that are not what it expects, found by feeding it damaged ones."""


def load_checkpoint(
    path: str | Path, *, dataset: Dataset | None = None, encoder_heads: int | None = None
) -> FaceFormer:
    """See `FaceFormer.from_checkpoint`."""
    state = read_state(path)
    config = infer_config(state, str(path), dataset=dataset, encoder_heads=encoder_heads)
    with torch.device("meta"):
        model = FaceFormer(config)
    naming: Naming = "new" if POSITIONAL_CONV + WEIGHT_NORM["new"][0] in state else "old"
    check_keys(state, published_shapes(model, naming), path)
    for key, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(path, f"{key} has NaN or infinite values", "give an undamaged checkpoint")
    magnitude, direction = (POSITIONAL_CONV + name for name in WEIGHT_NORM[naming])
    folded = fold_weight_norm(state.pop(magnitude), state.pop(direction))
    if not torch.isfinite(folded).all():
        raise CheckpointError(path, f"{direction} has a tap of only zeros", "give an undamaged checkpoint")
    model.load_state_dict({**state, POSITIONAL_CONV + "weight": folded}, strict=True, assign=True)
    return model.eval()


def save_checkpoint(model: FaceFormer, path: str | Path, *, naming: Naming = "old") -> None:
    """Write `model` in the published format.

    Args:
        model: any FaceFormer.
        path: file to write.
        naming: of the weight normalisation: ``old`` as the published files have it, ``new`` as PyTorch 2 writes it.
    """
    torch.save(published_state(model, naming=naming), path)


def published_state(model: FaceFormer, *, naming: Naming = "old") -> dict[str, Tensor]:
    """The state dict of `model` as the published code names it; see `save_checkpoint`."""
    state = model.state_dict()
    magnitude, direction = (POSITIONAL_CONV + name for name in WEIGHT_NORM[naming])
    weight = state.pop(POSITIONAL_CONV + "weight")
    norm = weight.norm(dim=(0, 1), keepdim=True)
    # A tap of only zeros has no direction; any will do.
    return {**state, magnitude: norm, direction: torch.where(norm > 0, weight, 1.0)}


def read_state(path: str | Path) -> dict[str, Tensor]:
    """Read a file of named tensors, as contiguous float32 on the CPU, without running any of its code.

    Raises:
        CheckpointError: it is missing, unreadable, unsafe, or holds anything but named floating-point tensors.
    """
    if not Path(path).is_file():
        raise CheckpointError(path, "is not a file", "name a checkpoint, e.g. vocaset.pth")
    try:
        with warnings.catch_warnings():  # about pickle protocols; what matters raises
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror or error})", "check the file") from error
    except DAMAGED as error:
        foreign = re.search(r"unsupported (?:global: )?GLOBAL (\S+)", str(error), re.IGNORECASE)
        if foreign:
            raise CheckpointError(path, f"asks for {foreign[1]}, which is no tensor; nothing was run", MEND) from error
        raise CheckpointError(path, "is damaged or not a PyTorch checkpoint", MEND) from error
    if not isinstance(state, Mapping):
        raise CheckpointError(path, f"holds a {type(state).__name__}, not a dict of tensors", MEND)
    if not state:
        raise CheckpointError(path, "holds an empty dict", MEND)
    for key, tensor in state.items():
        if not isinstance(key, str):
            raise CheckpointError(path, f"holds a key that is a {type(key).__name__}, not text", MEND)
        if not isinstance(tensor, Tensor):
            raise CheckpointError(path, f"{key} holds a {type(tensor).__name__}, not a tensor", MEND)
        if not tensor.is_floating_point() or tensor.layout != torch.strided or tensor.device.type != "cpu":
            raise CheckpointError(path, f"{key} is not a dense floating-point tensor", MEND)
    # DataParallel puts its own name before every key.
    prefix = "module." if all(key.startswith("module.") for key in state) else ""
    return {key.removeprefix(prefix): tensor.float().contiguous() for key, tensor in state.items()}


def published_shapes(model: FaceFormer, naming: Naming) -> dict[str, tuple[int, ...]]:
    """Every key of the published state dict of `model`, in the published order, with its shape."""
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    out, inside, taps = shapes.pop(POSITIONAL_CONV + "weight")
    magnitude, direction = (POSITIONAL_CONV + name for name in WEIGHT_NORM[naming])
    return shapes | {magnitude: (1, 1, taps), direction: (out, inside, taps)}


def check_keys(state: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]], path: str | Path) -> None:
    """`state` has exactly the keys of `shapes`, with these shapes.

    Raises:
        CheckpointError: it has not; names the first key at fault and counts the others.
    """
    for key in shapes:
        if key not in state:
            others = sum(other not in state for other in shapes) - 1
            raise CheckpointError(path, f"lacks {key}{_and(others)}", MEND)
    for key in state:
        if key not in shapes:
            others = sum(other not in shapes for other in state) - 1
            raise CheckpointError(path, f"has the unknown key {key}{_and(others)}", MEND)
    for key, shape in shapes.items():
        if tuple(state[key].shape) != shape:
            raise CheckpointError(path, f"{key} has shape {tuple(state[key].shape)}, not {shape}", MEND)


def fold_weight_norm(magnitude: Tensor, direction: Tensor) -> Tensor:
    """The weight that weight normalisation over all but the tap axis stands for (Salimans and Kingma 2016).

    Args:
        magnitude: (1, 1, taps).
        direction: (out, in, taps).
    """
    norm: Tensor = direction.norm(dim=(0, 1), keepdim=True)
    return direction * (magnitude / norm)


def _and(others: int) -> str:
    return f" and {others} more" if others else ""
