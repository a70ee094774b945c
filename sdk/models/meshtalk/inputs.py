"""Checks of what a user hands to MeshTalk: each mistake is one typed error that names the argument."""

from __future__ import annotations

import torch
from torch import Tensor

from sdk.errors import UsageError
from sdk.models.input_checks import check_tensor
from sdk.models.meshtalk.config import CODE, MeshTalkConfig


def check_sequence(name: str, value: Tensor, frame: tuple[int, ...]) -> None:
    """`value` is a finite float32 tensor (1, T, *frame) of at least one frame.

    Raises:
        UsageError: it is not.
    """
    frames = value.shape[1] if isinstance(value, Tensor) and value.ndim > 1 else 0
    check_tensor(name, value, (1, max(frames, 1), *frame))


def check_audio_code(audio_code: Tensor) -> None:
    """Audio codes are (1, T, 128).

    Raises:
        UsageError: they are not.
    """
    check_sequence("audio_code", audio_code, (CODE,))


def check_uniforms(uniforms: Tensor | None, frames: int, config: MeshTalkConfig) -> None:
    """Uniforms are None or (T, H, C) in [0, 1].

    Raises:
        UsageError: they are not.
    """
    if uniforms is None:
        return
    check_tensor("uniforms", uniforms, (frames, config.heads, config.classes))
    if uniforms.min() < 0 or uniforms.max() > 1:
        raise UsageError("uniforms", "has values outside [0, 1]", "draw them with torch.rand")


def check_labels(labels: Tensor, config: MeshTalkConfig) -> None:
    """Labels are integers (1, T, H) from 0 to C - 1.

    Raises:
        UsageError: they are not.
    """
    mend = f"give an integer tensor (1, T, {config.heads}) of values from 0 to {config.classes - 1}"
    integers = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
    if not isinstance(labels, Tensor) or labels.dtype not in integers:
        kind = f"of type {labels.dtype}" if isinstance(labels, Tensor) else f"a {type(labels).__name__}"
        raise UsageError("labels", f"is {kind}", mend)
    if labels.ndim != 3 or labels.shape[0] != 1 or not labels.shape[1] or labels.shape[2] != config.heads:
        raise UsageError("labels", f"has shape {tuple(labels.shape)}", mend)
    if labels.min() < 0 or labels.max() >= config.classes:
        raise UsageError("labels", "has values that are no classes", mend)


def smoothing_masks(masks: Tensor | None, config: MeshTalkConfig) -> list[Tensor]:
    """Masks (V,), or (M, V) to be applied one after another, with values in [0, 1]; none for None.

    Raises:
        UsageError: they are not.
    """
    if masks is None:
        return []
    rows = masks.shape[:1] if isinstance(masks, Tensor) and masks.ndim == 2 else ()
    check_tensor("smooth_mask", masks, (*rows, config.vertices))
    if masks.numel() and (masks.min() < 0 or masks.max() > 1):
        raise UsageError("smooth_mask", "has values outside [0, 1]", "give a share of smoothing for each vertex")
    return list(masks.reshape(-1, config.vertices))
