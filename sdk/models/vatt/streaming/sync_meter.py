"""How well a face fits a voice while both run: the cosine of their embeddings at each offset, averaged over seconds.

The measure of Chung and Zisserman 2016, "Out of time: automated lip sync in the wild" (section 4), on VATT's space: the
offset is where the embeddings agree best, the confidence how far the best stands out from the middle of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdk.models.vatt.streaming.config import SyncConfig
from sdk.models.vatt.streaming.motion_stage import SIGNAL
from sdk.spec import FrameRate, InputSpec, TensorSpec
from sdk.stage import Stage


@dataclass(frozen=True)
class SyncMeterState:
    """The newest embeddings, newest last, and the averages. K is the reach, E the width of the space."""

    audio: Tensor  # (2 K + 1, E)
    heard: Tensor  # (1, 2 K + 1), 1 where there is sound
    motion: Tensor  # (K + 1, E)
    seen: Tensor  # (1, K + 1), 1 where there is motion
    sums: Tensor  # (1, 2 K + 1), biased averages of cosines
    weights: Tensor  # (1, 2 K + 1), what they are biased by


class SyncMeterStage(Stage):
    """Compares the motion of K frames ago with the sound of up to K frames before and after it.

    Score number i is for sound that comes i - K frames after its motion: below K the sound is early, above it is late.
    """

    name, clock = "sync_meter", "frame"
    one: Tensor  # (1, 1) constant

    def __init__(self, config: SyncConfig, space: int) -> None:
        super().__init__()
        self.reach, self.space, self.rate = config.reach, space, 1 / config.memory_frames
        self.inputs = (
            InputSpec(name="audio_embedding", shape=(1, space), source="audio_head.embedding"),
            InputSpec(name="motion_embedding", shape=(1, space), source="motion_encoder.embedding"),
            InputSpec(name="motion_seen", shape=(1, 1), source=f"{SIGNAL}.seen"),
        )
        self.outputs = (TensorSpec(name="scores", shape=(1, 2 * self.reach + 1)),)
        self.register_buffer("one", torch.ones(1, 1), persistent=False)

    def init_state(self) -> SyncMeterState:
        """Nothing heard or seen; all scores 0."""
        lags = 2 * self.reach + 1
        return SyncMeterState(
            audio=torch.zeros(lags, self.space),
            heard=torch.zeros(1, lags),
            motion=torch.zeros(self.reach + 1, self.space),
            seen=torch.zeros(1, self.reach + 1),
            sums=torch.zeros(1, lags),
            weights=torch.zeros(1, lags),
        )

    def step(self, inputs: Mapping[str, Tensor], state: SyncMeterState) -> tuple[dict[str, Tensor], SyncMeterState]:
        """Embeddings of a frame (1, E) to the scores (1, 2 K + 1), cosines."""
        audio = torch.cat([state.audio[1:], inputs["audio_embedding"]], 0)
        heard = torch.cat([state.heard[:, 1:], self.one], 1)
        motion = torch.cat([state.motion[1:], inputs["motion_embedding"]], 0)
        seen = torch.cat([state.seen[:, 1:], inputs["motion_seen"]], 1)
        cosines = torch.matmul(motion[:1], audio.transpose(0, 1))
        rate = self.rate * heard * seen[:, :1]
        sums = state.sums + rate * (cosines - state.sums)
        weights = state.weights + rate * (1.0 - state.weights)
        after = SyncMeterState(audio, heard, motion, seen, sums, weights)
        return {"scores": sums / (weights + 1e-6)}, after


@dataclass(frozen=True)
class SyncReading:
    """What the scores say.

    Attributes:
        offset_ms: how much later the sound comes than the motion that it belongs to; below zero it comes earlier.
        confidence: how far the best score stands above the median of all, 0 to 2.
    """

    offset_ms: float
    confidence: float


def read_scores(scores: NDArray[np.float32], frame_rate: FrameRate) -> SyncReading:
    """The offset at which sound and motion agree best, to a part of a frame: the top of the parabola through three.

    Args:
        scores: (2 K + 1,) of the meter; K at least 1.
        frame_rate: of the stream.
    """
    values = scores.reshape(-1).astype(np.float64)
    reach, best = len(values) // 2, int(values.argmax())
    part = 0.0
    if 0 < best < len(values) - 1:
        before, top, after = values[best - 1 : best + 2]
        bend = before - 2 * top + after
        part = 0.5 * (before - after) / bend if bend < 0 else 0.0
    frame_ms = 1000 / float(frame_rate.fraction)
    return SyncReading((best - reach + part) * frame_ms, float(values[best] - np.median(values)))
