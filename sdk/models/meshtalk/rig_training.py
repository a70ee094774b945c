"""The small MeshTalk of a rig as a task for the trainer: latent face and context model in one run.

The published training has two runs, the latent space and then the context model on its categories. Here the second
follows the first within one schedule. Four things are not in the paper. Three, for a small latent space collapses
without them (every head one class, the face its mean):

* the codes begin soft and without noise, then become one-hot with noise that grows to `MOST_NOISE`;
* the classes of a head are rewarded for being used alike over a batch;
* the last layer of the fusion starts large, so that the classes differ from the start.

And one for the face that sound alone gives: in the second part the losses are also those of the face that the context
model's likeliest classes make, after categories of its own choice, and all parts learn from it. The likelihood of the
categories alone does not see that a class which closes the lips is seldom the likeliest, nor what an error leads to in
the frames after it; and what the sound's code leaves out, a context model cannot bring back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sdk.audio.clock import SampleClock
from sdk.audio.logmel import BANDS, LogMel
from sdk.audio.whole_clip import log_mel_clip
from sdk.models.meshtalk.blinking import with_blinks
from sdk.models.meshtalk.config import CODE
from sdk.models.meshtalk.crossing import crossing_losses
from sdk.models.meshtalk.losses import context_error
from sdk.models.meshtalk.model import MeshTalk
from sdk.models.meshtalk.occlusion import draw_seen, hide
from sdk.models.meshtalk.quantise import choose, one_hot, straight_through
from sdk.models.meshtalk.rig_checkpoint import save_rig
from sdk.models.meshtalk.rig_table import ModelTable
from sdk.models.meshtalk.sequence import encode_running
from sdk.models.meshtalk.streaming.config import HOP
from sdk.models.meshtalk.streaming.default import MEL, REST, region_weights
from sdk.models.naming import Naming
from sdk.models.recipe_table import table_errors
from sdk.models.rig_losses import LOSSES, RigLosses, Segments
from sdk.rigs.arkit import ARKIT_52
from sdk.spec import FrameRate

SOFT, LATENT = 0.2, 0.6
"""Parts of the run after which codes are one-hot, and after which the face of sound alone counts as well."""
MOST_NOISE = 0.5
"""Of the Gumbel noise on the codes: at full strength a small latent space drowns in it."""
OWN_HISTORY, OWN_PASSES = 0.75, 4
"""Share of the segments in which the context model goes on from its own categories, and for how many frames."""
FUSION_STRENGTH = 3.0
DEVIATION = 0.2
"""Of a channel, about: what the network takes for one unit."""
RATE = FrameRate(num=30)
SILENCE = math.log(MEL.floor)
"""Value of a log-mel column of digital silence."""


@dataclass(frozen=True)
class Face:
    """What the losses compare with: a batch whose targets blink."""

    targets: Tensor
    closures: Tensor
    silence: Tensor
    valid: Tensor


class MeshTalkTask:
    """Trains encoder, fusion, geometry decoder and context model on the channels of a rig.

    Args:
        model: the recipe's ``[model]`` table, see `ModelTable`.

    Raises:
        UsageError: the table has unknown keys or impossible values.
    """

    def __init__(self, model: Mapping[str, Any]) -> None:
        with table_errors():
            self.table = ModelTable.model_validate(dict(model))
        self.model = MeshTalk(self.table.sizes())
        with torch.no_grad():
            self.model.encoder.fusion_model.get_parameter("mlp.4.weight").mul_(FUSION_STRENGTH)
            for part in (self.model.encoder.expression_encoder, self.model.vertex_unet):
                part.get_buffer("stddev").fill_(DEVIATION)
        self.naming = Naming(CODE) if self.table.naming else None
        self.module: nn.Module = self.model
        if self.naming is not None:
            self.module = nn.ModuleDict({"model": self.model, "naming": self.naming})
        self._losses, self._regions = RigLosses(), region_weights()
        self._clock = SampleClock(RATE, HOP, self.table.lookahead_samples)

    def front_end(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-mel rows (N // 320, 160) of a whole clip (N,), two columns a row, as the audio encoder streams them."""
        return log_mel_clip(pcm, LogMel(HOP, MEL.window, MEL.n_fft, MEL.floor))

    def losses(self, batch: Segments, progress: float, generator: torch.Generator) -> dict[str, Tensor]:
        """Those of `RigLosses` and `crossing_losses`, and ``usage`` and ``context`` in nats; if asked for, ``naming``.

        These are of the face that the fused categories make. ``spoken_`` and a name of `RigLosses` is the same of the
        face of sound alone; nothing until `LATENT`. ``naming`` is of the audio encoder's codes.
        """
        chance = _on_cpu(generator)
        face = Face(with_blinks(batch.targets, chance), batch.closures, batch.silence, batch.valid)
        latent = progress < LATENT
        sound = self._sound(batch.features, face.targets.shape[1])
        logprobs = self._fused(self._hidden(face, chance), sound)
        found = self._latent_losses(face, sound, logprobs, progress, chance)
        if self.naming is not None:
            found["naming"] = self.naming(sound, batch.phones, batch.valid)
        if latent:
            sound = sound.detach()  # the context model learns from the latent space, which does not yet learn for it
        labels = choose(logprobs.detach())
        history = self._disturbed(labels, chance)
        context = self.model.context_model(one_hot(history, self.table.classes), sound)
        valid = batch.valid > 0
        found["context"] = context_error(context[valid][None], labels[valid][None])
        if latent:
            nothing = context.sum() * 0
            return found | {f"spoken_{name}": nothing for name in LOSSES}
        spoken = self._decoded(self._spoken_codes(history, context.detach(), sound, chance))
        losses = self._losses.to(spoken.device)
        return found | {f"spoken_{name}": value for name, value in losses(spoken, batch).items()}

    def _decoded(self, codes: Tensor) -> Tensor:
        """Weights (B, T, 52) of codes (B, T, H, C)."""
        template = torch.zeros(len(codes), len(ARKIT_52), 1, device=codes.device)
        decoded: Tensor = self.model.vertex_unet(template, codes)[..., 0]
        return decoded

    def _latent_losses(
        self, face: Face, sound: Tensor, logprobs: Tensor, progress: float, chance: torch.Generator
    ) -> dict[str, Tensor]:
        shift = int(torch.randint(1, max(2, len(sound)), (1,), generator=chance))
        other = face.targets.roll(shift, 0)
        both = torch.cat([logprobs, self._fused(other, sound)])
        own, crossed = self._decoded(self._codes(both, progress, chance)).chunk(2)
        losses = self._losses.to(own.device)
        found: dict[str, Tensor] = losses(own, face)
        found |= crossing_losses(losses, crossed, face, other, self._regions.to(own.device))
        mean = logprobs.exp().mean((0, 1))
        entropy = -(mean * (mean + 1e-8).log()).sum(-1).mean()
        found["usage"] = math.log(self.table.classes) - entropy
        return found

    def _spoken_codes(self, history: Tensor, guessed: Tensor, sound: Tensor, chance: torch.Generator) -> Tensor:
        """The context model's likeliest categories (B, T, H, C), whose gradient is that of its probabilities.

        The categories before a frame are in most segments the model's own: those that it `guessed` after `history`,
        then those after these, and so on. Each pass is one frame more that it has gone on alone.
        """
        own = (torch.rand(len(history), 1, 1, generator=chance) < OWN_HISTORY).to(history.device)
        before = torch.where(own, choose(guessed), history)
        with torch.no_grad():
            for _ in range(OWN_PASSES - 1):
                guessed = self.model.context_model(one_hot(before, self.table.classes), sound)
                before = torch.where(own, choose(guessed), history)
        logprobs = self.model.context_model(one_hot(before, self.table.classes), sound)
        return straight_through(logprobs, torch.full_like(logprobs, 0.5), strength=0.0)

    def _hidden(self, face: Face, chance: torch.Generator) -> Tensor:
        """The face (B, T, 52) as a tracker sees it that loses regions at times."""
        batch, frames, _ = face.targets.shape
        seen = draw_seen((batch, frames, self._regions.shape[1]), self.table.hidden, chance).to(face.targets)
        mean = self.model.encoder.expression_encoder.mean.reshape(-1)
        return hide(face.targets, mean, seen, self._regions.to(mean.device))

    def _fused(self, tracked: Tensor, sound: Tensor) -> Tensor:
        """Log-probabilities (B, T, H, C) of a tracked face (B, T, 52) and sound (B, T, 128)."""
        expression = self.model.encoder.expression_encoder(tracked[..., None])
        fused: Tensor = self.model.encoder.fusion_model(expression, sound)
        # Noise is drawn in their precision: in bfloat16 the largest uniforms are 1, and their noise is infinite.
        return fused.float()

    def _codes(self, logprobs: Tensor, progress: float, chance: torch.Generator) -> Tensor:
        """Soft codes at first, then one-hot ones whose gradient is that of the soft."""
        if progress < SOFT:
            return logprobs.exp()
        strength = MOST_NOISE * min(1.0, (progress - SOFT) / SOFT)
        uniforms = torch.rand(logprobs.shape, generator=chance).to(logprobs)
        return straight_through(logprobs, uniforms, strength)

    def _disturbed(self, labels: Tensor, chance: torch.Generator) -> Tensor:
        """Labels (B, T, H) of which a share is replaced by others, see `ModelTable`."""
        share = self.table.history_noise * torch.rand(len(labels), 1, 1, generator=chance)
        others = torch.randint(0, self.table.classes, labels.shape, generator=chance)
        return torch.where(
            (torch.rand(labels.shape, generator=chance) < share).to(labels.device), others.to(labels), labels
        )

    def _sound(self, features: Tensor, frames: int) -> Tensor:
        """Audio codes (B, frames, 128) of the newest column of each frame.

        Frames whose lookahead lies behind the last column see the last one.
        """
        columns = features.reshape(len(features), -1, BANDS)
        codes = encode_running(self.model.encoder.audio_encoder, columns, SILENCE)
        newest = [min(self._clock.newest_hop(frame), columns.shape[1] - 1) for frame in range(frames)]
        return codes[:, torch.tensor(newest, device=codes.device)]

    @torch.no_grad()
    def animate(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The likeliest motion from sound alone, as a stream without tracking gives it.

        Args:
            features: (hops, 160).

        Returns:
            (T, 52), ``T = hops * 3 // 5``: the frames due within the clip.
        """
        frames = SampleClock(RATE, HOP).frames_ready(len(features) * 2 * HOP)
        if not frames:
            return np.zeros((0, len(ARKIT_52)), np.float32)
        was_training = self.model.training
        self.model.eval()
        sound = self._sound(torch.from_numpy(np.array(features, np.float32))[None], frames)
        labels = self.model.sample(sound)
        rest = torch.from_numpy(REST).reshape(1, -1, 1)
        weights: NDArray[np.float32] = self.model.decode(rest, labels)[0, ..., 0].clamp(0, 1).numpy()
        self.model.train(was_training)
        return weights

    def save(self, folder: Path) -> None:
        """Write ``model.safetensors`` and ``config.json``, which ``--checkpoint`` of the export reads."""
        save_rig(folder, self.model, self.table.lookahead_samples)


def _on_cpu(generator: torch.Generator) -> torch.Generator:
    """`generator`, or one on the CPU that it seeds: small draws are made there on every device."""
    if generator.device.type == "cpu":
        return generator
    seed = torch.randint(0, 2**62, (1,), generator=generator, device=generator.device)
    return torch.Generator().manual_seed(int(seed))
