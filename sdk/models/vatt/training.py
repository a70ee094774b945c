"""The streaming VATT as a task for the trainer: sound and motion of the same moment close in the common space.

The published pre-training pairs whole clips (Akbari et al. 2021, section 3.4). A meter needs to know not only whether a
face belongs to a voice but when, so a pair is a moment here: the negatives of a moment are all others of the batch, of
other clips and of the same one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat, PositiveInt
from torch import Tensor, nn

from sdk.audio.clock import SampleClock
from sdk.audio.whole_clip import level_clip
from sdk.models.recipe_table import table_errors
from sdk.models.rig_losses import Segments
from sdk.models.vatt.config import TEMPERATURE
from sdk.models.vatt.filterbank import gabor_filters
from sdk.models.vatt.losses import nce
from sdk.models.vatt.streaming.checkpoint import save_streaming
from sdk.models.vatt.streaming.config import CausalSizes, StreamingConfig, SyncConfig
from sdk.models.vatt.streaming.motion_stage import MotionEncoderStage
from sdk.models.vatt.streaming.pipeline import build_stages
from sdk.models.vatt.streaming.stages import AudioEncoderStage, AudioHeadStage
from sdk.models.vatt.streaming.sync_meter import SyncMeterStage
from sdk.rigs.arkit import ARKIT_52
from sdk.spec import FrameRate, Record

HOP = 320
MEETING_HOPS, MEETING_FRAMES = 5, 3
RATE = FrameRate(num=30)
HEARD = ("mouth", "jaw", "tongue")
"""Beginnings of the names of the channels that can be heard. Lids, gaze and brows say nothing of a voice: they are
scaled by 0."""
TYPICAL_MEAN, TYPICAL_DEVIATION = 0.07, 0.12
"""Of a heard channel in the corpus."""

Part = Annotated[FiniteFloat, Field(ge=0, le=1)]


class ModelTable(Record):
    """The recipe's ``[model]`` table.

    Attributes:
        audio, motion: sizes.
        space: width of the common space.
        stride: frames between two moments of a clip that are compared.
        late: largest number of frames by which either encoder begins later in a segment than it could. Without it both
            would learn to tell moments by how long they have been running, which fits any voice to any face.
        first: frames after the later beginning from which on moments are compared: both have to know something.
        temperature: see `nce`.
        gain: largest factor, either way, by which a clip's motion is exaggerated or understated.
        tremble: largest deviation of noise on the channels.
        lost: share of clips of whose channels some are missing, as on a rig without them.
    """

    audio: CausalSizes = CausalSizes(layers=3, width=128, heads=4, ffn=512, window=32)
    motion: CausalSizes = CausalSizes(layers=2, width=64, heads=2, ffn=256, window=16)
    space: PositiveInt = 64
    stride: PositiveInt = 3
    late: Annotated[int, Field(ge=0)] = 24
    first: Annotated[int, Field(ge=0)] = 12
    temperature: Annotated[FiniteFloat, Field(gt=0)] = TEMPERATURE
    gain: Annotated[FiniteFloat, Field(ge=1)] = 1.6
    tremble: Part = 0.02
    lost: Part = 0.3

    def sizes(self) -> StreamingConfig:
        """Of the streaming form, over the channels of ARKit."""
        sync = SyncConfig(motion=self.motion.causal(1), numbers=len(ARKIT_52))
        return StreamingConfig(audio=self.audio.causal(HOP), space=self.space, sync=sync, frame_rate=RATE)


class SyncTask:
    """Trains the very stages that stream: both encoders and their heads.

    Args:
        model: the recipe's ``[model]`` table, see `ModelTable`.

    Raises:
        UsageError: the table has unknown keys or impossible values.
    """

    def __init__(self, model: Mapping[str, Any]) -> None:
        with table_errors():
            self.table = ModelTable.model_validate(dict(model))
            self.config = self.table.sizes()
        audio, head, motion, meter = build_stages(self.config)
        assert isinstance(audio, AudioEncoderStage)
        assert isinstance(head, AudioHeadStage)
        assert isinstance(motion, MotionEncoderStage)
        assert isinstance(meter, SyncMeterStage)
        self.audio, self.head, self.motion, self._meter = audio, head, motion, meter
        heard = torch.tensor([float(name.startswith(HEARD)) for name in ARKIT_52])
        with torch.no_grad():
            audio.wave_to_patch.weight.copy_(gabor_filters(self.table.audio.width, HOP))
            motion.mean.fill_(TYPICAL_MEAN)
            motion.scale.copy_(heard[None] / TYPICAL_DEVIATION)
        self.module: nn.Module = nn.ModuleDict({stage.name: stage for stage in self._stages()}).requires_grad_(True)
        self._clock = SampleClock(RATE, HOP)

    def front_end(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Levelled samples (N // 320, 320) of a whole clip (N,)."""
        return level_clip(pcm, HOP).reshape(-1, HOP)

    def losses(self, batch: Segments, progress: float, generator: torch.Generator) -> dict[str, Tensor]:
        """``nce`` of moments in which somebody speaks, in nats.

        The negatives are those of `batch`: several processes, each with its share, have fewer than one with all.
        """
        frames = batch.targets.shape[1]
        # Whole pieces of 0.1 s, where the clocks of hops and frames meet.
        late = [self._draw(self.table.late // MEETING_FRAMES + 1, generator) for _ in range(2)]
        heard = self._embed_sound(batch.features[:, late[0] * MEETING_HOPS :], frames - late[0] * MEETING_FRAMES)
        seen = self.motion.encode(self._disturbed(batch.targets[:, late[1] * MEETING_FRAMES :], generator))
        start = max(late) * MEETING_FRAMES
        heard, seen = heard[:, start - late[0] * MEETING_FRAMES :], seen[:, start - late[1] * MEETING_FRAMES :]
        moments = slice(self.table.first + self._draw(self.table.stride, generator), None, self.table.stride)
        spoken = (batch.valid * (1 - batch.silence))[:, start:][:, moments] > 0
        # A silent moment is like any other: it is neither to be told from others nor they from it.
        seen, heard = (embeddings[:, moments][spoken].float() for embeddings in (seen, heard))
        # In full precision: a cosine in bfloat16 over the temperature would be off by 0.06.
        with torch.autocast(seen.device.type, enabled=False):
            return {"nce": nce(seen, heard, temperature=self.table.temperature) if len(seen) else seen.sum()}

    @torch.no_grad()
    def meter(self, features: NDArray[np.float32], motion: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the sync meter shows at the end of a clip.

        Args:
            features: (hops, 320), as `front_end` gives them.
            motion: (T, 52) channels, ``T = hops * 3 // 5``.

        Returns:
            (2 K + 1,) scores, see `SyncMeterStage`.
        """
        heard = self._embed_sound(torch.from_numpy(np.array(features, np.float32))[None], len(motion))
        seen = self.motion.encode(torch.from_numpy(np.array(motion, np.float32))[None])
        scores: NDArray[np.float32] = self._meter.whole(heard[0], seen[0]).numpy()
        return scores

    def save(self, folder: Path) -> None:
        """Write ``model.safetensors`` and ``config.json``, which ``--checkpoint`` of the export reads."""
        save_streaming(folder, self.config, self._stages())

    def _embed_sound(self, hops: Tensor, frames: int) -> Tensor:
        """Levelled hops (B, T, 320) to the embeddings (B, frames, space) of frames from the first."""
        features = self.audio.encode(hops)
        newest = [min(self._clock.newest_hop(frame), hops.shape[1] - 1) for frame in range(frames)]
        return self.head.embed(features[:, torch.tensor(newest, device=features.device)])

    def _disturbed(self, targets: Tensor, generator: torch.Generator) -> Tensor:
        """Motion as other rigs, speakers and trackers show it: more or less of it, channels missing, trembling."""

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator, device=targets.device)

        clips, _, channels = targets.shape
        clip_gain = self.table.gain ** (2 * uniform(clips, 1, 1) - 1)
        channel_gain = self.table.gain ** (uniform(clips, 1, channels) - 0.5)
        losing = (uniform(clips, 1, 1) < self.table.lost).float()
        kept = 1 - losing * (uniform(clips, 1, channels) < 0.5 * uniform(clips, 1, 1)).float()
        tremble = self.table.tremble * uniform(clips, 1, 1)
        noise = torch.randn(targets.shape, generator=generator, device=targets.device)
        return targets * clip_gain * channel_gain * kept + tremble * noise

    @staticmethod
    def _draw(count: int, generator: torch.Generator) -> int:
        return int(torch.randint(count, (1,), generator=generator, device=generator.device))

    def _stages(self) -> Sequence[AudioEncoderStage | AudioHeadStage | MotionEncoderStage]:
        return self.audio, self.head, self.motion
