"""How well a face fits a voice while both run: the cosine of their embeddings at each offset, averaged over seconds.

The measure of Chung and Zisserman 2016, "Out of time: automated lip sync in the wild" (section 4), on VATT's space;
`sdk.runtime.sync` reads offset and confidence off the scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from sdk.models.vatt.streaming.config import SyncConfig
from sdk.models.vatt.streaming.motion_stage import SIGNAL
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage

LEAST = 1e-6
"""Added to the weights of the averages before they divide: before any motion, scores are 0."""


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
        return {"scores": sums / (weights + LEAST)}, after

    def whole(self, audio: Tensor, motion: Tensor) -> Tensor:
        """The scores (2 K + 1,) after the last frame of whole clips (T, E), motion seen in each: as by `step`."""
        cosines = motion @ audio.T
        scores = []
        for lag in range(-self.reach, self.reach + 1):
            # The newest motion that is compared is that of K frames before the end.
            pairs = cosines.diagonal(lag)[: max(0, len(audio) - self.reach + min(lag, 0))]
            ages = torch.arange(len(pairs) - 1, -1, -1, device=pairs.device)
            weights = self.rate * (1 - self.rate) ** ages
            scores.append((weights * pairs).sum() / (weights.sum() + LEAST))
        return torch.stack(scores)
