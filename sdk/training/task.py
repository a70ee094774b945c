"""What a model gives the trainer: a `Task`, found by name through the entry point group ``nowface.tasks``.

The trainer knows clips, segments and losses by name; how a task is judged depends on what it does (`AnimatingTask`,
`MeteringTask`); everything else is the task's.

Two clocks meet in a segment. Features stand on hops of 320 samples (50 a second); frames on the sample clock of
`sdk.audio.clock` at 30 a second: frame t is due at sample ``ceil((t + 1) * 16000 / 30)`` and sees the hops that end at
or before it. Every 1600 samples both clocks meet: 5 hops, 3 frames. Segments start on such samples, so that inside a
segment frame t sees the hops ``0 .. newest_hop(t)``, as in a clip of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sdk.audio.clock import SampleClock
from sdk.errors import UsageError
from sdk.plugins import load_plugin, plugin_names
from sdk.spec import FrameRate

ENTRY_POINT_GROUP = "nowface.tasks"
HOP = 320
"""Samples of one row of features, at 16 kHz."""
CLOCK = SampleClock(FrameRate(num=30), HOP)
MEETING = 1600
"""Samples after which hops and frames meet again."""
MEETING_HOPS = MEETING // HOP
MEETING_FRAMES = CLOCK.frames_ready(MEETING)
CHANNELS = 52
"""ARKit's blend shapes, in the order of `sdk.rigs.arkit.ARKIT_52`."""


@dataclass(frozen=True)
class Batch:
    """Segments of clips; ``T = hops * 3 / 5``, whole.

    Attributes:
        features: (B, hops, F) of the task's front end.
        targets: (B, T, 52) weights of the face in [0, 1] at the frames' due times.
        closures: (B, T) 1 where the lips are closed for p, b or m, else 0.
        silence: (B, T) 1 where nobody speaks, else 0.
        valid: (B, T) 1 for a frame of the clip, 0 for padding behind its end.
        phones: (B, T) int64, what sounds when the frame is due; see `sdk.training.labels.phone_classes`.
    """

    features: Tensor
    targets: Tensor
    closures: Tensor
    silence: Tensor
    valid: Tensor
    phones: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same segments on another device."""
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))


class Task(Protocol):
    """One model in training. Made by its entry point from the recipe's ``[model]`` table.

    Attributes:
        module: holds every trainable parameter; the trainer moves it between devices and copies its state.
    """

    module: nn.Module

    def front_end(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fixed features of a whole clip, without any trainable part; computed once and kept.

        Args:
            pcm: (N,) at 16 kHz in [-1, 1].

        Returns:
            (hops, F), ``hops = N // 320``; row k depends on no sample from ``(k + 1) * 320`` on.
        """
        ...

    def losses(self, batch: Batch, progress: float, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses by name, scalars; the recipe weighs and sums them.

        Each is a mean over the frames where ``batch.valid`` is 1: several processes then weigh their gradients by their
        valid frames, and the result is that of one process on all segments.

        Args:
            batch: the segments, on the module's device.
            progress: part of the training that is done, 0 to 1, for schedules.
            generator: the only source of chance; seeded anew for every step.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors) and the configuration that the model's loader reads."""
        ...


@runtime_checkable
class AnimatingTask(Task, Protocol):
    """A model that moves a face."""

    def animate(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The motion that a device would stream, free-running from the initial state.

        Args:
            features: (hops, F) of a whole clip.

        Returns:
            (T, 52) weights, ``T = hops * 3 // 5``.
        """
        ...


@runtime_checkable
class MeteringTask(Task, Protocol):
    """A model that tells how well a face fits a voice."""

    def meter(self, features: NDArray[np.float32], motion: NDArray[np.float32]) -> NDArray[np.float32]:
        """What a sync meter shows after the last frame of a clip.

        Args:
            features: (hops, F) of a whole clip.
            motion: (T, 52) weights, ``T = hops * 3 // 5``.

        Returns:
            (2 K + 1,) scores of the sound K frames before its motion to K frames after it, see `sdk.runtime.sync`.
        """
        ...


class TaskFactory(Protocol):
    """What the entry point names: usually the task's class."""

    def __call__(self, model: Mapping[str, Any]) -> Task:
        """Build the task.

        Raises:
            UsageError: the table has unknown keys or impossible values.
        """
        ...


def task_names() -> list[str]:
    """Names of all registered tasks."""
    return plugin_names(ENTRY_POINT_GROUP)


def make_task(name: str, model: Mapping[str, Any]) -> Task:
    """The task registered under `name`, built from a recipe's ``[model]`` table.

    Raises:
        UsageError: there is no such task, or it refuses the table.
    """
    factory: TaskFactory | None = load_plugin(ENTRY_POINT_GROUP, name)
    if factory is None:
        raise UsageError(name, "no such task", f"use one of {', '.join(task_names()) or 'those a package registers'}")
    return factory(model)
