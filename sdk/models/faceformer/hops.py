"""What both encoders share: the hop and its input."""

from __future__ import annotations

from sdk.spec import InputSpec

HOP = 320
"""Samples a step: the total stride of wav2vec 2.0's convolutions, 20 ms."""


def pcm_input() -> InputSpec:
    """The hop's samples, float32 in [-1, 1]."""
    return InputSpec(name="pcm", shape=(1, HOP), unit="full scale", source="audio.pcm")
