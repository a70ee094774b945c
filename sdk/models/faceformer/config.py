"""Sizes and dataset variant of a FaceFormer (Fan et al. 2022, "FaceFormer", and its published code)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from sdk.models.layers.wav2vec2 import Wav2Vec2Config
from sdk.spec import Record

Dataset = Literal["vocaset", "biwi"]

PERIODS: dict[int, Dataset] = {30: "vocaset", 25: "biwi"}
"""The published period of the positional encoding, which is the dataset's frames a second."""

POSITIONS = 600
"""Longest sequence of the published code: it only sets how often the positional table is tiled."""


class FaceFormerConfig(Record):
    """Sizes of one FaceFormer; the defaults are the published ``vocaset.pth``.

    Attributes:
        dataset: how audio meets frames. ``vocaset``: 30 frames a second, features stretched to the frames, one encoder
            vector a frame. ``biwi``: 25 frames a second, features at 50 Hz, two encoder vectors a frame.
        feature_dim: width d of the decoder.
        vertice_dim: V * 3.
        period: frames after which the positional encoding repeats.
        subjects: training subjects S, the width of a style vector.
        heads: attention heads of the decoder; the published code has 4.
        encoder: sizes of the audio encoder.
    """

    dataset: Dataset = "vocaset"
    feature_dim: PositiveInt = 64
    vertice_dim: PositiveInt = 15069
    period: PositiveInt = 30
    subjects: PositiveInt = 8
    heads: PositiveInt = 4
    encoder: Wav2Vec2Config = Field(default_factory=Wav2Vec2Config)

    @model_validator(mode="after")
    def _sizes_fit(self) -> FaceFormerConfig:
        if self.feature_dim % self.heads or self.feature_dim % 2:
            raise ValueError("feature_dim must be even and a multiple of heads")
        return self

    @property
    def frame_rate(self) -> int:
        """Frames a second: 30 for vocaset, 25 for biwi, whatever the period."""
        return 30 if self.dataset == "vocaset" else 25

    @property
    def vectors_per_frame(self) -> int:
        """Encoder vectors that one frame attends to."""
        return 1 if self.dataset == "vocaset" else 2

    def frame_count(self, features: int) -> int:
        """Frames that `features` features at 50 Hz give, by the published expression.

        In floating point: for vocaset it is one less than ``3 * features // 5`` at some lengths (205, 410, 820, ...).
        """
        return int(features / 50.0 * 30) if self.dataset == "vocaset" else features // 2
