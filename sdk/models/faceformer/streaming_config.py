"""Sizes of the streaming form. With the reference weights of a bundle they rebuild its stages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sdk.models.faceformer.hops import HOP
from sdk.models.layers.wav2vec2 import Wav2Vec2Config
from sdk.models.vatt.streaming.config import CausalConfig, CausalSizes
from sdk.spec import FrameRate, Record

Positive = Annotated[int, Field(ge=1)]


class LogMelEncoderConfig(Record):
    """The small default encoder: log-mel columns into a stack of dilated causal convolutions at 50 Hz."""

    kind: Literal["logmel"] = "logmel"
    channels: Positive = 176
    kernel: Annotated[int, Field(ge=2)] = 3
    dilations: tuple[Positive, ...] = (1, 2, 4, 8, 1, 2, 4, 8)


class WaveformEncoderConfig(CausalSizes):
    """VATT's causal encoder of raw samples: one token a hop, no spectrum."""

    kind: Literal["waveform"] = "waveform"
    layers: Positive = 4
    width: Positive = 192
    heads: Positive = 3
    ffn: Positive = 768
    window: Annotated[int, Field(ge=2)] = 64

    @property
    def sizes(self) -> CausalConfig:
        """As the encoder takes them; a hop is a token."""
        return self.causal(HOP)


class Wav2Vec2EncoderConfig(Record):
    """wav2vec 2.0 made causal: its convolutions on every hop, its transformer on the clock of `transformer_clock`.

    FaceFormer interpolates the convolutions' features to the frame rate before the transformer on VOCASET
    (``frame``) and keeps them at 50 Hz on BIWI (``hop``).
    """

    kind: Literal["wav2vec2"] = "wav2vec2"
    conv_dim: tuple[Positive, ...]
    kernels: tuple[Positive, ...]
    strides: tuple[Positive, ...]
    hidden: Positive
    layers: Positive
    heads: Positive
    ffn: Positive
    pos_conv_kernel: Positive
    pos_conv_groups: Positive
    transformer_clock: Literal["hop", "frame"]
    window: Annotated[int, Field(ge=2)] = 64

    @model_validator(mode="after")
    def _sizes_fit(self) -> Wav2Vec2EncoderConfig:
        Wav2Vec2Config.model_validate(self.model_dump(exclude={"kind", "transformer_clock", "window"}))
        return self


class StreamingConfig(Record):
    """A streaming FaceFormer.

    Its output is a mesh of `vertices`, as published, or the weights of a rig's `channels`: one of the two is given.
    `memory` says how the decoder reads the audio: ``direct`` takes the one feature that the encoder made for this frame
    (VOCASET), ``pair`` attends to the newest two (BIWI), ``stack`` maps the newest two and the phase of the frame
    within the hop, so that no feature waits to be interpolated. `window` is the decoder's self-attention in frames.
    """

    encoder: Annotated[LogMelEncoderConfig | WaveformEncoderConfig | Wav2Vec2EncoderConfig, Field(discriminator="kind")]
    memory: Literal["direct", "pair", "stack"]
    feature_dim: Positive
    heads: Positive = 4
    vertices: Annotated[int, Field(ge=0)] = 0
    channels: tuple[str, ...] = ()
    subjects: Positive
    period: Annotated[int, Field(ge=2)]
    window: Annotated[int, Field(ge=2)]
    frame_rate: FrameRate
    lookahead_samples: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _one_output(self) -> StreamingConfig:
        if bool(self.vertices) == bool(self.channels):
            raise ValueError("a face is vertices or channels: give one of them")
        return self

    @model_validator(mode="after")
    def _memory_fits_the_encoder(self) -> StreamingConfig:
        per_frame = self.encoder.kind == "wav2vec2" and self.encoder.transformer_clock == "frame"
        if per_frame != (self.memory == "direct"):
            raise ValueError("memory 'direct' goes with an encoder on the frame clock, and only with it")
        return self

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> StreamingConfig:
        if self.feature_dim % self.heads or self.feature_dim % 2:
            raise ValueError("feature_dim must be even and a multiple of heads")
        return self
