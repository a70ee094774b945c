"""A task of a few hundred parameters, registered for tests through a folder of package metadata.

The features are four band energies; the module is one causal layer over the last hops; made-up phones are bursts of
noise in the band that belongs to their face, so that there is something to learn.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.audio.clock import SampleClock
from sdk.errors import UsageError
from sdk.training.labels import frames_of
from sdk.training.phones import TimedPhone
from sdk.training.task import CHANNELS, CLOCK, HOP, Batch

BANDS = ((100, 500), (500, 1500), (1500, 3500), (3500, 8000))
REACH = 3
"""Hops that a frame sees."""
RATE = 16_000
VOICES = {"aa": 0, "iy": 1, "s": 2, "m": None}
"""Phone -> band of its noise; None is silent."""


class ToyModule(nn.Module):
    """A linear layer over the last hops of features, through a sigmoid; with dropout, to test the random state."""

    def __init__(self, width: int, dropout: float, lookahead_samples: int) -> None:
        super().__init__()
        self.clock = SampleClock(CLOCK.frame_rate, HOP, lookahead_samples)
        self.dropout = nn.Dropout(dropout)
        self.inner = nn.Linear(REACH * len(BANDS), width)
        self.out = nn.Linear(width, CHANNELS)
        self.spare = nn.Linear(2, 2)  # in no loss, as parts that a task trains only later

    def forward(self, features: Tensor) -> Tensor:
        """(B, hops, 4) to (B, T, 52)."""
        frames = frames_of(features.shape[1])
        newest = torch.tensor([min(self.clock.newest_hop(t), features.shape[1] - 1) for t in range(frames)])
        padded = F.pad(features, (0, 0, REACH - 1, 0))
        seen = torch.cat([padded[:, newest + back] for back in range(REACH)], -1)
        return torch.sigmoid(self.out(self.dropout(torch.tanh(self.inner(seen)))))


class ToyTask:
    """See the module."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        unknown = set(model) - {"width", "dropout", "noise", "lookahead_samples"}
        if unknown:
            raise UsageError("model", f"unknown key {min(unknown)}", "leave it out")
        self.config = {"width": 16, "dropout": 0.0, "noise": 0.0, "lookahead_samples": 0} | dict(model)
        self.module: nn.Module = ToyModule(
            self.config["width"], self.config["dropout"], self.config["lookahead_samples"]
        )

    def front_end(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log energy in four bands of each hop."""
        hops = pcm[: len(pcm) // HOP * HOP].reshape(-1, HOP)
        power = np.abs(np.fft.rfft(hops)) ** 2
        hertz = np.fft.rfftfreq(HOP, 1 / RATE)
        bands = [power[:, (hertz >= low) & (hertz < high)].mean(1) for low, high in BANDS]
        return np.log(np.stack(bands, 1) + 1e-3).astype(np.float32) / 5

    def losses(self, batch: Batch, progress: float, generator: torch.Generator) -> dict[str, Tensor]:
        """Mean absolute error of the weights; on features with noise, if the table asks for it."""
        assert 0 <= progress <= 1
        noise = torch.randn(batch.features.shape, generator=generator) * self.config["noise"]
        error = (self.module(batch.features + noise) - batch.targets).abs().mean(-1)
        return {"weights": (error * batch.valid).sum() / batch.valid.sum().clamp(min=1)}

    def animate(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(hops, 4) to (T, 52)."""
        with torch.no_grad():
            weights: NDArray[np.float32] = self.module(torch.from_numpy(np.array(features))[None])[0].numpy()
        return weights

    def save(self, folder: Path) -> None:
        """Weights and the model table."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.module.state_dict(), folder / "toy.safetensors")
        (folder / "config.json").write_text(json.dumps(self.config))


@dataclass(frozen=True)
class ToyCurve:
    """Jaw open for aa, smile for iy, closed lips for m: no coarticulation."""

    phones: Sequence[TimedPhone]

    @property
    def closures(self) -> Sequence[tuple[float, float]]:
        return [(phone.start, phone.end) for phone in self.phones if phone.name == "m"]

    def weights(self, times: NDArray[np.floating]) -> NDArray[np.float32]:
        out = np.zeros((len(times), CHANNELS), np.float32)
        for phone in self.phones:
            inside = (times >= phone.start) & (times < phone.end)
            out[inside, {"aa": 24, "iy": 27, "s": 30, "m": 40}.get(phone.name, 51)] = 0.8
        return out


def toy_teacher(phones: Sequence[TimedPhone], pcm: NDArray[np.float32], seed: int) -> ToyCurve:
    """A picklable teacher."""
    return ToyCurve(phones)


@dataclass(frozen=True)
class ToyUtterance:
    """As the corpus gives it."""

    id: str
    pcm: NDArray[np.float32]
    phones: tuple[TimedPhone, ...]
    voice: str = "one"


class ToyCorpus:
    """Seconds of noise-burst speech in each split."""

    def __init__(self, clips: Mapping[str, int] | None = None) -> None:
        self.clips = {"train": 6, "validation": 2} if clips is None else clips

    def utterances(self, split: str) -> Iterator[ToyUtterance]:
        for number in range(self.clips.get(split, 0)):
            yield toy_utterance(f"{split}-{number}")


def toy_utterance(name: str, seconds: float = 2.5) -> ToyUtterance:
    """Random phones of 0.1 to 0.3 s and the noise that belongs to each."""
    generator = np.random.default_rng(list(name.encode()))
    pcm = 0.001 * generator.standard_normal(round(seconds * RATE))
    phones, at = [], 0.2
    while at < seconds - 0.5:
        phone, length = str(generator.choice(list(VOICES))), float(generator.uniform(0.1, 0.3))
        phones.append(TimedPhone(phone, at, at + length))
        band = VOICES[phone]
        if band is not None:
            start, stop = round(at * RATE), round((at + length) * RATE)
            spectrum = np.fft.rfft(generator.standard_normal(stop - start))
            hertz = np.fft.rfftfreq(stop - start, 1 / RATE)
            low, high = BANDS[band]
            spectrum[(hertz < low) | (hertz >= high)] = 0
            pcm[start:stop] += 0.3 * np.fft.irfft(spectrum, stop - start)
        at += length
    return ToyUtterance(name, pcm.astype(np.float32), tuple(phones))


def register(folder: Path) -> Path:
    """Write package metadata that registers the task ``toy``; `folder` must be on the path."""
    info = folder / "toy_task-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-task\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nowface.tasks]\ntoy = tests.training.toy_task:ToyTask\n")
    return folder
