"""FaceFormer's published checkpoints: ``torch.save(model.state_dict())`` of the published code.

The format holds no configuration, so every size is read off the shapes, and each key must then be there with the shape
that these sizes ask for, no more and no fewer. Files are read with ``weights_only=True``: nothing in them runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from sdk.errors import CheckpointError
from sdk.models.checkpoint_file import check_finite, check_keys, read_state
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


def load_checkpoint(
    path: str | Path, *, dataset: Dataset | None = None, encoder_heads: int | None = None
) -> FaceFormer:
    """See `FaceFormer.from_checkpoint`."""
    state = read_state(path, example="vocaset.pth", mend=MEND)
    config = infer_config(state, str(path), dataset=dataset, encoder_heads=encoder_heads)
    with torch.device("meta"):
        model = FaceFormer(config)
    naming: Naming = "new" if POSITIONAL_CONV + WEIGHT_NORM["new"][0] in state else "old"
    check_keys(state, published_shapes(model, naming), path, mend=MEND)
    check_finite(state, path)
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


def published_shapes(model: FaceFormer, naming: Naming) -> dict[str, tuple[int, ...]]:
    """Every key of the published state dict of `model`, in the published order, with its shape."""
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    out, inside, taps = shapes.pop(POSITIONAL_CONV + "weight")
    magnitude, direction = (POSITIONAL_CONV + name for name in WEIGHT_NORM[naming])
    return shapes | {magnitude: (1, 1, taps), direction: (out, inside, taps)}


def fold_weight_norm(magnitude: Tensor, direction: Tensor) -> Tensor:
    """The weight that weight normalisation over all but the tap axis stands for (Salimans and Kingma 2016).

    Args:
        magnitude: (1, 1, taps).
        direction: (out, in, taps).
    """
    norm: Tensor = direction.norm(dim=(0, 1), keepdim=True)
    return direction * (magnitude / norm)
