"""Training losses of a rig: of its weights, of the mouth in millimetres, of closures, and of how all of it moves.

Every loss is a sum over the valid frames divided by their number. The masks of closures and silence are within that
sum, so that parts of a batch weigh as they should when they are averaged over processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from sdk.rigs.measure import lip_gap_basis

SQUARED = 2.0
"""Weight of the squared error next to the absolute one: errors above a quarter count more than proportionally."""
CLOSED_GAP = 0.5
"""Millimetres: a lip gap below this is closed; the scores ask for 1 mm, and half of it is margin."""
NEAR_FRAMES = 3
"""A closure counts if any of these frames around it is closed: at 30 a second, 33 ms early or late. A model that hears
nothing of the future knows of most closures only when they are there. Asked to close at once or never, it would leave
the short ones out; so late is better than never, within the 40 to 50 ms that `sdk.training.scores` allows as well."""
OPEN_GAP, OPEN_SHARE = 3.0, 0.5
"""A frame whose target gap is above 3 mm is open, and must be open at least half as wide as the target."""

ROLL = ARKIT_52.index("mouthRollLower")
ROLLED, ROLL_SHARE = 0.2, 0.6
"""A frame whose target rolls the lower lip in by more than 0.2 is an f or v, and must roll it in 0.6 times as far: the
scores ask for half, and a tenth is margin."""
SHAPES = tuple(ARKIT_52.index(name) for name in ("mouthRollLower", "mouthPucker", "mouthFunnel"))
"""Places of channels that move seldom. The value of least absolute error is the median, which for them is rest: as long
as a model is not sure they stay there, and then nothing teaches it to become sure. The value of least squared error is
the mean, which is not rest for any sound at which they may move."""


LOSSES = ("weights", "gap", "velocity", "jerk", "closure", "open", "shape", "teeth", "rest", "still")
"""Names of what `RigLosses` gives."""


class Frames(Protocol):
    """What the losses read of a batch; each (B, T) or (B, T, 52)."""

    @property
    def targets(self) -> Tensor:
        """Weights in [0, 1]."""
        ...

    @property
    def closures(self) -> Tensor:
        """1 where the lips are closed."""
        ...

    @property
    def silence(self) -> Tensor:
        """1 where nobody speaks."""
        ...

    @property
    def valid(self) -> Tensor:
        """1 for frames of the clip."""
        ...


class Segments(Frames, Protocol):
    """A batch as the trainer gives it: what the losses read, and features (B, hops, 160)."""

    @property
    def features(self) -> Tensor:
        """Rows of the front end, see `sdk.audio.whole_clip.log_mel_clip`."""
        ...

    @property
    def phones(self) -> Tensor:
        """(B, T) class of the phone at each frame; see `sdk.models.naming`."""
        ...


def channel_importance() -> Tensor:
    """(52,) of mean 1: what an error in a channel costs.

    Mouth and jaw 3, eyelids 2, all else 1, before scaling. Lips and eyelids are where people look; MeshTalk (Richard et
    al., ICCV 2021, section 4) therefore gives both losses of their own.
    """
    importance = torch.ones(len(ARKIT_52))
    for index, name in enumerate(ARKIT_52):
        if name.startswith(("mouth", "jaw", "tongue")):
            importance[index] = 3
        if name.startswith("eyeBlink"):
            importance[index] = 2
    return importance / importance.mean()


@dataclass(frozen=True)
class _Masked:
    """Means over valid frames; `pairs` and `triples` are valid where two and three frames in a row are."""

    valid: Tensor

    def mean(self, values: Tensor) -> Tensor:
        """Of values (B, T), or (B, T - 1) and (B, T - 2) of differences."""
        missing = self.valid.shape[1] - values.shape[1]
        mask = self.valid
        for _ in range(missing):
            mask = mask[:, 1:] * mask[:, :-1]
        return (values * mask).sum() / self.valid.sum().clamp(min=1)


class RigLosses(nn.Module):
    """Names and meanings of the losses:

    ========== =========================================================================================================
    weights    ``|e| + 2 e^2`` of each channel's error e, channels weighed by `channel_importance`
    gap        absolute error of the lip gap in mm
    velocity   absolute error of the weights' first difference, channels weighed
    jerk       absolute error of the gap's second difference in mm: trembling that the target does not have
    closure    mm by which the least gap within a frame of each frame where p, b, m are closed exceeds 0.5 mm
    open       mm by which the gap falls short of half the target's where that is wider than 3 mm: no false closures
    rest       absolute error of the weights in silence, channels weighed: the face settles
    still      squared error of the gap in mm^2 in segments in which nobody speaks: a mouth that opens by 3 mm in one
               frame of 300 costs next to nothing in any other
    shape      squared error of `SHAPES`: f and v at the teeth, rounded lips
    teeth      how far the largest roll of the lower lip within a frame of each f and v falls short of 0.6 times its own
    ========== =========================================================================================================
    """

    importance: Tensor
    gap_basis: Tensor

    def __init__(self) -> None:
        super().__init__()
        rest, per_channel = lip_gap_basis(default_head())
        self.rest_gap = rest
        self.register_buffer("importance", channel_importance(), persistent=False)
        self.register_buffer("gap_basis", torch.from_numpy(per_channel.copy()), persistent=False)

    def gap(self, weights: Tensor) -> Tensor:
        """Lip gap in mm (B, T) of weights (B, T, 52)."""
        return self.rest_gap + weights @ self.gap_basis

    def forward(self, predicted: Tensor, frames: Frames) -> dict[str, Tensor]:
        """Losses by name of predicted weights (B, T, 52)."""
        masked = _Masked(frames.valid)
        error = predicted - frames.targets
        size = error.abs()
        gap, target_gap = self.gap(predicted), self.gap(frames.targets)
        gap_error = gap - target_gap
        open_ = (target_gap > OPEN_GAP).to(gap)
        roll, target_roll = predicted[..., ROLL], frames.targets[..., ROLL]
        rolled = (target_roll > ROLLED).to(gap)
        speech = ((1 - frames.silence) * frames.valid).sum(1, keepdim=True)
        return {
            "weights": masked.mean(((size + SQUARED * size.square()) * self.importance).mean(-1)),
            "gap": masked.mean(gap_error.abs()),
            "velocity": masked.mean((error.diff(dim=1).abs() * self.importance).mean(-1)),
            "jerk": masked.mean(gap_error.diff(n=2, dim=1).abs()),
            "closure": masked.mean(frames.closures * (_least_nearby(gap) - CLOSED_GAP).clamp(min=0)),
            "open": masked.mean(open_ * (OPEN_SHARE * target_gap - gap).clamp(min=0)),
            "shape": masked.mean(error[..., SHAPES].square().mean(-1)),
            "teeth": masked.mean(rolled * (ROLL_SHARE * target_roll + _least_nearby(-roll)).clamp(min=0)),
            "rest": masked.mean(frames.silence * (size * self.importance).mean(-1)),
            "still": masked.mean((speech == 0) * gap_error.square()),
        }


def _least_nearby(gap: Tensor) -> Tensor:
    """The least of `NEAR_FRAMES` gaps around each of (B, T)."""
    nearby: Tensor = -F.max_pool1d(-gap, NEAR_FRAMES, stride=1, padding=NEAR_FRAMES // 2)
    return nearby
