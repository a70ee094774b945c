"""Sizes of the streaming form. With the reference weights of a bundle they rebuild its stages."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt, model_validator

from sdk.models.vatt.config import TransformerConfig
from sdk.spec import SAMPLE_RATE, FrameRate, Record


class CausalConfig(Record):
    """One causal encoder.

    Attributes:
        transformer: its sizes; heads * head_width is the width.
        patch: what a token is made of: samples at 16 kHz of sound, frames of motion.
        window: tokens that attention sees, the newest among them.
    """

    transformer: TransformerConfig
    patch: Annotated[int, Field(ge=1, le=SAMPLE_RATE)]
    window: Annotated[int, Field(ge=2)] = 64

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> CausalConfig:
        if self.transformer.heads * self.transformer.head_width != self.transformer.width:
            raise ValueError("a causal encoder's heads share its width: heads * head_width must be the width")
        return self


class StreamingConfig(Record):
    """A streaming VATT.

    Attributes:
        audio: the sound encoder; its patch is the hop.
        space: width of the common space.
        frame_rate: embeddings a second.
    """

    audio: CausalConfig
    space: PositiveInt = 128
    frame_rate: FrameRate = FrameRate(num=30)


DEFAULT = StreamingConfig(
    audio=CausalConfig(transformer=TransformerConfig(layers=6, width=256, heads=4, ffn=1024), patch=320)
)
"""Small enough for a headset beside a face: 4.9 million parameters, one token each 20 ms, 1.28 s of past."""
