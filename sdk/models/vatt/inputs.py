"""Checks of what a user hands to VATT: each mistake is one typed error that names the argument."""

from __future__ import annotations

import torch
from torch import Tensor

from sdk.errors import AudioError, UsageError

INTEGERS = (torch.int64, torch.int32, torch.int16, torch.uint8)


def check_waveform(waveform: Tensor, patch: int) -> None:
    """A waveform is (B, N) float32, finite, of at least one token.

    Raises:
        AudioError: it is not.
    """
    mend = "give a float32 tensor (B, N) of mono sound at the rate of training"
    if not isinstance(waveform, Tensor) or waveform.dtype != torch.float32 or waveform.ndim != 2 or not len(waveform):
        raise AudioError("waveform", f"is {_kind(waveform)}", mend)
    if waveform.shape[1] < patch:
        raise AudioError("waveform", f"has {waveform.shape[1]} samples, too few for a token", f"give {patch} or more")
    if not torch.isfinite(waveform).all():
        raise AudioError("waveform", "has NaN or infinite samples", "replace them, e.g. by zeros")


def check_video(video: Tensor, patch: tuple[int, int, int], channels: int) -> None:
    """Video is (B, T, H, W, C) float32, finite, of at least one token along each axis.

    Raises:
        UsageError: it is not.
    """
    mend = f"give a float32 tensor (B, T, H, W, {channels}) of at least {patch[0]} frames of {patch[1]} x {patch[2]}"
    if not isinstance(video, Tensor) or video.dtype != torch.float32 or video.ndim != 5 or not len(video):
        raise UsageError("video", f"is {_kind(video)}", mend)
    if video.shape[4] != channels or any(size < least for size, least in zip(video.shape[1:4], patch, strict=True)):
        raise UsageError("video", f"has shape {tuple(video.shape)}", mend)
    if not torch.isfinite(video).all():
        raise UsageError("video", "has NaN or infinite values", "replace them, e.g. by zeros")


def check_words(words: Tensor, vocabulary: int) -> None:
    """Words are integers (B, n) from 0 to `vocabulary` - 1, at least one a sentence.

    Raises:
        UsageError: they are not.
    """
    mend = f"give an integer tensor (B, n) of values from 0 to {vocabulary - 1}"
    if not isinstance(words, Tensor) or words.dtype not in INTEGERS or words.ndim != 2 or not words.numel():
        raise UsageError("words", f"is {_kind(words)}", mend)
    if words.min() < 0 or words.max() >= vocabulary:
        raise UsageError("words", "has values that are no words", mend)


def check_kept(kept: Tensor | None, tokens: int) -> None:
    """Places of kept tokens are None, or integers (K,) from 0 to `tokens` - 1, none twice.

    Raises:
        UsageError: they are not.
    """
    if kept is None:
        return
    mend = f"give an integer tensor of different places from 0 to {tokens - 1}, see choose_tokens"
    if not isinstance(kept, Tensor) or kept.dtype not in (torch.int64, torch.int32) or kept.ndim != 1:
        raise UsageError("kept", f"is {_kind(kept)}", mend)
    if not len(kept) or kept.min() < 0 or kept.max() >= tokens or len(set(kept.tolist())) != len(kept):
        raise UsageError("kept", f"holds {len(kept)} places, not all different and of this clip", mend)


def _kind(value: object) -> str:
    if isinstance(value, Tensor):
        return f"of type {value.dtype} and shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"
