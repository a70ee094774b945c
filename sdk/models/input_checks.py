"""Checks of the tensors that a user hands to a model: each mistake is one typed error that names the argument."""

from __future__ import annotations

import torch
from torch import Tensor

from sdk.errors import AudioError, UsageError
from sdk.spec import SAMPLE_RATE


def check_audio(audio: Tensor, shortest: int) -> None:
    """Audio is (1, N) float32, finite, and has at least `shortest` samples, which is one frame.

    Raises:
        AudioError: it is not.
    """
    mend = f"give a float32 tensor (1, N) of mono audio at {SAMPLE_RATE} Hz"
    if not isinstance(audio, Tensor) or audio.dtype != torch.float32:
        raise AudioError("audio", f"is {_kind(audio)}", mend)
    if audio.ndim != 2 or audio.shape[0] != 1:
        raise AudioError("audio", f"has shape {tuple(audio.shape)}", mend)
    if audio.shape[1] < shortest:
        raise AudioError("audio", f"has {audio.shape[1]} samples, too few for a frame", f"give {shortest} or more")
    if not torch.isfinite(audio).all():
        raise AudioError("audio", "has NaN or infinite samples", "replace them, e.g. by zeros")


def check_tensor(name: str, value: Tensor, shape: tuple[int, ...]) -> None:
    """`value` is a finite float32 tensor of that shape.

    Raises:
        UsageError: it is not.
    """
    mend = f"give a float32 tensor {shape}"
    if not isinstance(value, Tensor) or value.dtype != torch.float32:
        raise UsageError(name, f"is {_kind(value)}", mend)
    if tuple(value.shape) != shape:
        raise UsageError(name, f"has shape {tuple(value.shape)}", mend)
    if not torch.isfinite(value).all():
        raise UsageError(name, "has NaN or infinite values", mend)


def _kind(value: object) -> str:
    return f"of type {value.dtype}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
