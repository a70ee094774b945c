"""The sync meter over whole clips: the embedded weights, hundreds of times faster than frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdk.audio.clock import SampleClock
from sdk.audio.whole_clip import level_clip
from sdk.models.vatt.streaming.checkpoint import load_streaming
from sdk.models.vatt.streaming.config import CausalConfig
from sdk.models.vatt.streaming.motion_stage import MotionEncoderStage
from sdk.models.vatt.streaming.stages import AudioEncoderStage, AudioHeadStage
from sdk.models.vatt.streaming.sync_meter import SyncMeterStage
from sdk.pretrained import VATT_SYNC
from sdk.rigs.arkit import ARKIT_52

CHUNK = 1_000
"""Tokens that are encoded at once, besides those of the past that they see: memory does not grow with the clip."""


class OfflineMeter:
    """Says of a whole clip by how much sound and face are apart.

    Attributes:
        channels: names of the numbers of a frame of motion.
        frame_rate: of the motion.
    """

    channels = ARKIT_52

    def __init__(self) -> None:
        self._config, stages = load_streaming(VATT_SYNC)
        assert self._config.sync is not None
        self.frame_rate = self._config.frame_rate
        audio, head, motion, _ = stages
        assert isinstance(audio, AudioEncoderStage)
        assert isinstance(head, AudioHeadStage)
        assert isinstance(motion, MotionEncoderStage)
        self._audio, self._head, self._motion = audio, head, motion

    @torch.no_grad()
    def scores(self, pcm: NDArray[np.float32], motions: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Likeness at each offset over the whole clip, every moment weighing alike; `sdk.runtime.sync` reads it.

        Args:
            pcm: (N,) finite samples at 16 kHz in [-1, 1].
            motions: faces that are compared with it, each (T, 52) at the frames' due times; T of `frames`.

        Returns:
            For each face (2 K + 1,), see `SyncMeterStage`.
        """
        hop = self._config.audio.patch
        frames = self.frames(len(pcm))
        hops = torch.from_numpy(level_clip(pcm, hop).reshape(-1, hop))
        features = _in_chunks(self._audio, hops, self._config.audio)
        clock = SampleClock(self.frame_rate, hop)
        newest = torch.tensor([clock.newest_hop(frame) for frame in range(frames)])
        assert self._config.sync is not None
        heard = self._head.embed(features[newest])
        # An average that never forgets: the stage's own is for an app, that wants to know of the last seconds.
        patient = self._config.sync.model_copy(update={"memory_frames": 1_000 * max(1, frames)})
        meter = SyncMeterStage(patient, self._config.space)
        scores = []
        for motion in motions:
            assert motion.shape == (frames, len(self.channels)), f"{motion.shape} for {frames} frames"
            seen = _in_chunks(self._motion, torch.from_numpy(np.array(motion, np.float32)), self._config.sync.motion)
            scores.append(meter.whole(heard, seen).numpy())
        return scores

    def frames(self, samples: int) -> int:
        """Frames due within so many samples that a hop is there for."""
        hop = self._config.audio.patch
        return SampleClock(self.frame_rate, hop).frames_ready(samples // hop * hop)


@cache
def offline_meter() -> OfflineMeter:
    """The one meter of this process."""
    return OfflineMeter()


def _in_chunks(stage: AudioEncoderStage | MotionEncoderStage, tokens: Tensor, config: CausalConfig) -> Tensor:
    """What the stage makes of tokens (T, n): each chunk is given all of the past that reaches it through the layers."""
    past = config.transformer.layers * (config.window - 1)
    parts = []
    for start in range(0, len(tokens), CHUNK):
        first = max(0, start - past)
        parts.append(stage.encode(tokens[None, first : start + CHUNK])[0, start - first :])
    return torch.cat(parts) if parts else stage.encode(tokens[None])[0]
