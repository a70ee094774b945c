"""Sizes of a VATT: the published ones as literal numbers, and the records that hold them.

Akbari et al. 2021, "VATT: Transformers for Multimodal Self-Supervised Learning from Raw Video, Audio and Text", and the
configurations of its published code, google-research/vatt.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from sdk.spec import Record

AUDIO_RATE = 48_000
"""Samples a second of the sound that the published weights were trained on."""

TEMPERATURE = 0.07
"""Divides every cosine similarity in the losses (section 3.5 of the paper)."""

DROP_RATE = 0.5
"""Share of the places for tokens that DropToken keeps in the published pre-training."""

Share = Annotated[float, Field(ge=0, lt=1)]


class TransformerConfig(Record):
    """Sizes of one transformer.

    Attributes:
        layers: number of layers.
        width: d, of tokens.
        heads: of the attention.
        head_width: of a query; heads * head_width need not be the width.
        ffn: hidden width of the feed-forward part.
        dropout: in training only, also on attention weights.
    """

    layers: PositiveInt
    width: PositiveInt
    heads: PositiveInt
    head_width: PositiveInt = 64
    ffn: PositiveInt
    dropout: Share = 0.1


SMALL = TransformerConfig(layers=6, width=512, heads=8, ffn=2048)
BASE = TransformerConfig(layers=12, width=768, heads=12, ffn=3072)
MEDIUM = TransformerConfig(layers=12, width=1024, heads=16, ffn=4096)
LARGE = TransformerConfig(layers=24, width=1024, heads=16, ffn=4096)

Size = Literal["small", "base", "medium", "large"]

SIZES: dict[Size, TransformerConfig] = {"small": SMALL, "base": BASE, "medium": MEDIUM, "large": LARGE}
"""The published sizes. Small is the text encoder's; sound, video and the shared transformer come in the other three."""


class AudioConfig(Record):
    """Waveform encoder.

    Attributes:
        transformer: its sizes.
        patch: samples of a token.
        buckets: rows of the position table: tokens of the 3.2 s at 48 kHz that the published weights heard.
        position_dropout: 0.1 in the published code whatever its other dropouts are.
    """

    transformer: TransformerConfig
    patch: PositiveInt = 128
    buckets: PositiveInt = 1200
    position_dropout: Share = 0.1


class VideoConfig(Record):
    """Video encoder.

    Attributes:
        transformer: its sizes.
        patch: frames, rows and columns of a token.
        buckets: rows of the tables of time, height and width: tokens of 32 frames of 224 x 224.
        channels: colours.
        position_dropout: as `AudioConfig`.
    """

    transformer: TransformerConfig
    patch: tuple[PositiveInt, PositiveInt, PositiveInt] = (4, 16, 16)
    buckets: tuple[PositiveInt, PositiveInt, PositiveInt] = (8, 14, 14)
    channels: PositiveInt = 3
    position_dropout: Share = 0.1


class MotionConfig(Record):
    """Encoder of face motion, which takes the place of video.

    Attributes:
        transformer: its sizes.
        numbers: of a frame: channels of a rig, or three for each vertex.
        patch: frames of a token.
        buckets: rows of the position table: tokens of the clips of training.
        position_dropout: as `AudioConfig`.
    """

    transformer: TransformerConfig
    numbers: PositiveInt
    patch: PositiveInt = 1
    buckets: PositiveInt = 96
    position_dropout: Share = 0.1


class TextConfig(Record):
    """Text encoder of the modality-specific model, after T5 (Raffel et al. 2020).

    Attributes:
        transformer: its sizes.
        words: rows of the word table; word 0 is padding.
        word_width: of a row.
        distance_buckets: of the relative positions, both directions together.
        distance: in words from which on all are one bucket.
    """

    transformer: TransformerConfig
    words: PositiveInt = 65_536
    word_width: PositiveInt = 300
    distance_buckets: PositiveInt = 32
    distance: PositiveInt = 64


class HeadConfig(Record):
    """Projections into the common spaces.

    Attributes:
        kind: ``fac`` for the hierarchy, fine (video with audio) to coarse (both with text); ``joint`` for one space.
        fine: width of the space of video and audio.
        coarse: width of the space of video, audio and text; for ``joint`` not used.
    """

    kind: Literal["fac", "joint"] = "fac"
    fine: PositiveInt = 512
    coarse: PositiveInt = 256


class VattConfig(Record):
    """A modality-specific VATT: three encoders and the head."""

    audio: AudioConfig
    video: VideoConfig
    text: TextConfig
    head: HeadConfig = HeadConfig()


class UnifiedConfig(Record):
    """A modality-agnostic VATT: one transformer for all three, one way in and out for each.

    Attributes:
        transformer: the shared one.
        audio_patch, audio_buckets: as `AudioConfig`.
        video_patch, video_buckets, video_channels: as `VideoConfig`; height and width share one number of buckets.
        words, word_width: as `TextConfig`.
        text_buckets: rows of the table of word positions.
        out_width: after each modality's last projection.
        head: as `VattConfig`.
    """

    transformer: TransformerConfig
    audio_patch: PositiveInt = 128
    audio_buckets: PositiveInt = 1200
    video_patch: tuple[PositiveInt, PositiveInt, PositiveInt] = (4, 16, 16)
    video_buckets: tuple[PositiveInt, PositiveInt, PositiveInt] = (8, 14, 14)
    video_channels: PositiveInt = 3
    words: PositiveInt = 65_536
    word_width: PositiveInt = 300
    text_buckets: PositiveInt = 16
    out_width: PositiveInt = 1024
    position_dropout: Share = 0.1
    head: HeadConfig = HeadConfig()


def vatt_bbs() -> VattConfig:
    """Video Base, audio Base, text Small: the published ``tx_fac_bbs``."""
    return _specific(BASE)


def vatt_mbs() -> VattConfig:
    """Video Medium, audio Base, text Small: the published ``tx_fac_mbs``."""
    return _specific(MEDIUM)


def vatt_lbs() -> VattConfig:
    """Video Large, audio Base, text Small: the published ``tx_fac_lbs``."""
    return _specific(LARGE)


def vatt_unified(size: Size = "medium") -> UnifiedConfig:
    """One transformer for all; the published ``ut_fac_medium`` is Medium."""
    return UnifiedConfig(transformer=SIZES[size])


def _specific(video: TransformerConfig) -> VattConfig:
    return VattConfig(
        audio=AudioConfig(transformer=BASE), video=VideoConfig(transformer=video), text=TextConfig(transformer=SMALL)
    )
