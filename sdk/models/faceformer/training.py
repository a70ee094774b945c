"""FaceFormer's rig form as a task for the trainer: batched, parallel over time, and free-running when it animates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Discriminator, Field, Tag
from torch import Tensor, nn

from sdk.audio.clock import SampleClock
from sdk.audio.logmel import LogMel
from sdk.audio.whole_clip import level_clip, log_mel_clip
from sdk.models.faceformer.feedback import Corruption, FeedbackDrops, run_passes
from sdk.models.faceformer.hops import HOP
from sdk.models.faceformer.logmel_encoder import LogMelEncoder
from sdk.models.faceformer.rig import build_rig_stages
from sdk.models.faceformer.rig_checkpoint import save_rig
from sdk.models.faceformer.rig_decoder import RigDecoder, Speaker
from sdk.models.faceformer.streaming_config import LogMelEncoderConfig, StreamingConfig, WaveformEncoderConfig
from sdk.models.naming import Naming
from sdk.models.recipe_table import table_errors
from sdk.models.rig_losses import RigLosses, Segments
from sdk.models.vatt.streaming.stages import AudioEncoderStage
from sdk.rigs.arkit import ARKIT_52
from sdk.spec import FrameRate, Record

Part = Annotated[float, Field(ge=0, le=1)]


def _kind(encoder: object) -> str:
    """Of an encoder's table or sizes; a table that does not say is the log-mel encoder's."""
    if isinstance(encoder, Mapping):
        return str(encoder.get("kind", "logmel"))
    return str(getattr(encoder, "kind", "logmel"))


Encoder = Annotated[
    Annotated[LogMelEncoderConfig, Tag("logmel")] | Annotated[WaveformEncoderConfig, Tag("waveform")],
    Discriminator(_kind),
]


class ModelTable(Record):
    """The recipe's ``[model]`` table: sizes of the network (1.3 million parameters as they stand), and its feedback.

    Attributes:
        encoder: sizes of the log-mel encoder, or with ``kind = "waveform"`` of the encoder of raw samples.
        feature_dim, heads, period, window: see `StreamingConfig`.
        lookahead_samples: of the future that a frame may hear, at 16 kHz.
        naming: whether the encoder learns to name the phones as well, the loss ``naming``; see `Naming`.
        passes: of the feedback at the end of training; see `passes_at`.
        drop_sequences, drop_frames, feedback_noise: see `FeedbackDrops`.
    """

    encoder: Encoder = LogMelEncoderConfig()
    feature_dim: Annotated[int, Field(ge=2)] = 128
    heads: Annotated[int, Field(ge=1)] = 4
    period: Annotated[int, Field(ge=2)] = 30
    window: Annotated[int, Field(ge=2)] = 64
    lookahead_samples: Annotated[int, Field(ge=0, le=16_000)] = 0
    naming: bool = False
    passes: Annotated[int, Field(ge=1, le=8)] = 3
    drop_sequences: Part = 0.5
    drop_frames: Part = 0.3
    feedback_noise: Annotated[float, Field(ge=0, le=1)] = 0.08

    def sizes(self) -> StreamingConfig:
        """Of the streaming form, on the default head and with one subject, as the teacher is one speaker."""
        return StreamingConfig(
            encoder=self.encoder,
            memory="stack",
            feature_dim=self.feature_dim,
            heads=self.heads,
            channels=ARKIT_52,
            subjects=1,
            period=self.period,
            window=self.window,
            frame_rate=FrameRate(num=30),
            lookahead_samples=self.lookahead_samples,
        )

    def drops(self) -> FeedbackDrops:
        """Of the feedback."""
        return FeedbackDrops(self.drop_sequences, self.drop_frames, self.feedback_noise)


class FaceFormerTask:
    """Trains the very stages that stream: encoder, speaker and decoder, in their batched forms.

    Args:
        model: the recipe's ``[model]`` table, see `ModelTable`.

    Raises:
        UsageError: the table has unknown keys or impossible values.
    """

    def __init__(self, model: Mapping[str, Any]) -> None:
        with table_errors():
            self.table = ModelTable.model_validate(dict(model))
            self.config = self.table.sizes()
        encoder, speaker, decoder = build_rig_stages(self.config)
        assert isinstance(encoder, LogMelEncoder | AudioEncoderStage)
        assert isinstance(speaker, Speaker)
        assert isinstance(decoder, RigDecoder)
        self.encoder, self.speaker, self.decoder = encoder, speaker, decoder
        self.module = nn.ModuleDict({stage.name: stage for stage in (encoder, speaker, decoder)})
        self.naming = Naming(2 * self.config.feature_dim + 1) if self.table.naming else None
        if self.naming is not None:
            self.module["naming"] = self.naming
        self._losses = RigLosses()
        self._clock = SampleClock(self.config.frame_rate, HOP, self.config.lookahead_samples)

    def front_end(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the encoder makes a feature of, for a whole clip (N,) as it streams: log-mel rows (N // 320, 160), or
        levelled samples (N // 320, 320).
        """
        if isinstance(self.encoder, AudioEncoderStage):
            return level_clip(pcm, HOP).reshape(-1, HOP)
        return log_mel_clip(pcm, LogMel())

    def losses(self, batch: Segments, progress: float, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of `RigLosses`, of free-running motion in as many passes as `passes_at` says, and ``naming``."""
        memory = self._memory(batch.features, batch.targets.shape[1])
        drops = Corruption(self.table.drops(), batch.targets, generator)
        weights = run_passes(self.decoder, self._style(), memory, self.passes_at(progress), drops)
        losses: dict[str, Tensor] = self._losses.to(weights.device)(weights, batch)
        if self.naming is not None:
            losses["naming"] = self.naming(memory, batch.phones, batch.valid)
        return losses

    def passes_at(self, progress: float) -> int:
        """Passes of the feedback after part `progress` of the training: one more with each third, to the table's.

        At first the motion is no better than none, and hearing it would teach nothing.
        """
        return min(self.table.passes, 1 + int(progress * 3))

    @torch.no_grad()
    def animate(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Free-running motion of a clip, frame by frame through the step that is lowered for devices.

        Args:
            features: (hops, n), as `front_end` gives them.

        Returns:
            (T, 52), ``T = hops * 3 // 5``: the frames due within the clip.
        """
        frames = SampleClock(self.config.frame_rate, HOP).frames_ready(len(features) * HOP)
        device = self.decoder.leave.weight.device
        rows = torch.from_numpy(np.array(features, np.float32)).to(device)[None]
        encoded, newest, phase = self._aligned(rows, frames)
        style, state, made = self._style(), self.decoder.init_state(), []
        for frame in range(frames):
            inputs = {
                "features": encoded[0, newest[frame] + 1 : newest[frame] + 3],
                "phase": phase[frame].reshape(1, 1),
                "style_embedding": style,
            }
            out, state = self.decoder.step(inputs, state)
            made.append(out["weights"])
        weights: NDArray[np.float32] = torch.stack(made).cpu().numpy() if made else np.zeros((0, 52), np.float32)
        return weights

    def save(self, folder: Path) -> None:
        """Write ``model.safetensors`` and ``config.json``, which ``--checkpoint`` of the export reads."""
        save_rig(folder, self.config, (self.encoder, self.speaker, self.decoder))

    def _memory(self, features: Tensor, frames: int) -> Tensor:
        """What the decoder sees at each frame, (B, frames, 2 d + 1)."""
        encoded, newest, phase = self._aligned(features, frames)
        places = torch.tensor(newest, device=encoded.device)
        phases = phase.reshape(1, -1, 1).expand(len(encoded), -1, -1)
        return torch.cat([encoded[:, places + 1], encoded[:, places + 2], phases], -1)

    def _aligned(self, features: Tensor, frames: int) -> tuple[Tensor, list[int], Tensor]:
        """Encoded hops (B, 2 + hops, d) after two rows of zeros, and each frame's newest hop and phase (frames,).

        Frames whose lookahead lies behind the last hop see the last one.
        """
        encoded = self.encoder.encode(features)
        before = encoded.new_zeros(len(encoded), 2, encoded.shape[2])
        newest = [min(self._clock.newest_hop(frame), features.shape[1] - 1) for frame in range(frames)]
        phase = torch.tensor([self._clock.phase(frame) for frame in range(frames)], device=encoded.device)
        return torch.cat([before, encoded], 1), newest, phase

    def _style(self) -> Tensor:
        """The first subject's embedding (1, d)."""
        return self.speaker.embed.weight[:, :1].T
