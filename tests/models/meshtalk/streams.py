"""A small streaming MeshTalk beside the whole one it was made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from sdk.audio.clock import SampleClock
from sdk.models.meshtalk import MeshTalk
from sdk.models.meshtalk.streaming.audio_encoder import AudioEncoderStage
from sdk.models.meshtalk.streaming.config import HOP, MelConfig, StreamingConfig, TrackingConfig
from sdk.models.meshtalk.streaming.pipeline import build_pipeline, stages_of
from sdk.runtime import EagerExecutor, Frame, Session
from sdk.runtime.noise import uniforms
from sdk.spec import FrameRate, PipelineSpec
from sdk.stage import Stage
from tests.models.meshtalk.small import small_meshtalk

OFFSET = -2.5
MEL = MelConfig(window=400, n_fft=512, floor=1e-3)
RATE = FrameRate(num=30)


def speechlike(samples: int, seed: int = 0) -> NDArray[np.float32]:
    """Noise that swells and fades, (N,)."""
    noise = np.random.default_rng(seed).standard_normal(samples)
    return (0.1 * noise * (1 + np.sin(np.arange(samples) / 900)) / 2).astype(np.float32)


@dataclass
class Streaming:
    """Both forms of one small model."""

    heads: int = 8
    classes: int = 5
    tracking: TrackingConfig | None = None
    lookahead: int = 0

    @cached_property
    def model(self) -> MeshTalk:
        return small_meshtalk(self.heads, self.classes)

    @cached_property
    def config(self) -> StreamingConfig:
        return StreamingConfig(
            model=self.model.config,
            mel=MEL,
            tracking=self.tracking,
            frame_rate=RATE,
            lookahead_samples=self.lookahead,
        )

    @cached_property
    def stages(self) -> list[Stage]:
        regions = len(self.tracking.regions) if self.tracking else 1
        belongs = F.one_hot(torch.arange(self.model.config.numbers) % regions, regions).float()
        return stages_of(self.model, self.config, OFFSET, belongs)

    @cached_property
    def pipeline(self) -> PipelineSpec:
        return build_pipeline(self.config, self.stages)

    @cached_property
    def template(self) -> NDArray[np.float32]:
        rest = self.model.vertex_unet.mean[0, 0]
        return (rest + torch.randn(rest.shape, generator=torch.Generator().manual_seed(5))).numpy()

    def session(self, seed: int | None = None) -> Session:
        return Session(self.pipeline, EagerExecutor(self.stages), {"template": self.template}, seed=seed)

    def stream(self, pcm: NDArray[np.float32], seed: int | None = None) -> list[Frame]:
        with self.session(seed) as session:
            session.push(pcm)
            return list(session.poll())

    def audio_codes(self, pcm: NDArray[np.float32], frames: int) -> Tensor:
        """(1, T, 128) by the whole encoder, each frame from its own second of columns with silence before the clip."""
        encoder = self.stages[0]
        assert isinstance(encoder, AudioEncoderStage)
        whole = torch.from_numpy(pcm[: len(pcm) // HOP * HOP]).reshape(1, -1)
        columns = encoder.mel(encoder.level(whole))
        silence = torch.full((1, 100, columns.shape[2]), float(np.log(np.float32(MEL.floor))))
        padded = torch.cat([silence, columns], 1) + OFFSET
        clock = SampleClock(RATE, HOP, self.lookahead)
        newest = [clock.newest_hop(frame) for frame in range(frames)]
        with torch.no_grad():
            seconds = torch.cat([padded[:, hop : hop + 101] for hop in newest])
            return self.model.encoder.audio_encoder.encode_columns(seconds.mT)[None]

    def uniforms(self, seed: int, frames: int) -> Tensor:
        """(T, H, C) that a session with `seed` draws by."""
        shape = (self.heads, self.classes)
        return torch.from_numpy(np.stack([uniforms(seed, 0, frame, shape) for frame in range(frames)]))


def labels_of(frames: list[Frame]) -> Tensor:
    """(1, T, H)."""
    return torch.from_numpy(np.stack([frame.outputs["context_model.labels"][0] for frame in frames]))[None].long()


def geometry_of(frames: list[Frame]) -> Tensor:
    """(1, T, V, 3)."""
    return torch.from_numpy(np.stack([frame.values for frame in frames]))[None]
