"""Sizes of the streaming form. With the reference weights of a bundle they rebuild its stages."""

from __future__ import annotations

from typing import Annotated, Self

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


class CausalSizes(Record):
    """Of one causal encoder, as recipes and configurations name them; heads share the width.

    Attributes:
        layers, width, heads, ffn: see `TransformerConfig`.
        window: tokens that attention sees.
    """

    layers: PositiveInt
    width: PositiveInt
    heads: PositiveInt
    ffn: PositiveInt
    window: Annotated[int, Field(ge=2)]

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.width % self.heads:
            raise ValueError("width must be a multiple of heads")
        return self

    def causal(self, patch: int) -> CausalConfig:
        """As the encoder takes them; `patch` as in `CausalConfig`."""
        transformer = TransformerConfig(
            layers=self.layers, width=self.width, heads=self.heads, head_width=self.width // self.heads, ffn=self.ffn
        )
        return CausalConfig(transformer=transformer, patch=patch, window=self.window)


class SyncConfig(Record):
    """Motion beside the sound, and the meter that compares them.

    Attributes:
        motion: the motion encoder; one frame is a token.
        numbers: of a frame of motion: channels of a rig, or three for each vertex.
        reach: largest offset that the meter looks for, in frames either way.
        memory_frames: time constant of its averages.
        hold_samples: how long motion stands for the frames after it, at 16 kHz.
    """

    motion: CausalConfig
    numbers: PositiveInt
    reach: PositiveInt = 15
    memory_frames: PositiveInt = 90
    hold_samples: Annotated[int, Field(ge=0, le=10 * SAMPLE_RATE)] = SAMPLE_RATE // 10

    @model_validator(mode="after")
    def _a_token_is_a_frame(self) -> SyncConfig:
        if self.motion.patch != 1:
            raise ValueError("motion streams a frame a token: its patch is 1")
        return self


class StreamingConfig(Record):
    """A streaming VATT.

    Attributes:
        audio: the sound encoder; its patch is the hop.
        space: width of the common space.
        sync: None for the sound's embedding alone.
        frame_rate: embeddings a second.
    """

    audio: CausalConfig
    space: PositiveInt = 128
    sync: SyncConfig | None = None
    frame_rate: FrameRate = FrameRate(num=30)
