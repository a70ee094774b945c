"""Test vectors: what the eager reference answers to real speech, as a trace."""

from __future__ import annotations

import platform
from dataclasses import replace
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from sdk.bundle.phones import Phones
from sdk.bundle.trace import SignalRows, Trace
from sdk.models.registry import StagedModel
from sdk.parity.beside import Beside
from sdk.parity.replay import record
from sdk.runtime import EagerExecutor
from sdk.spec import SAMPLE_RATE

CHUNKS = (160, 1, 480, 4096, 333, 1024, 2)
"""Sizes of the pushes, repeated: one sample, less and more than a hop, off the hop's grid."""

MAX_BYTES = 6_000_000
"""Recorded outputs stay below this, for they ship with the app; a large face gets a shorter clip."""

MIN_SECONDS = 2.0

SEED = 1
"""Of the noise, where a model draws: the likeliest choices would leave the drawing untested."""


def record_vectors(staged: StagedModel, speech: NDArray[np.float32], phones: Phones | None = None) -> Trace:
    """Stream `speech` (16 kHz) through the eager reference and record it, with its phones where they are known.

    The clip is cut so that the outputs stay below `MAX_BYTES`, but not below `MIN_SECONDS`.
    """
    frame_bytes = 4 * sum(t.size for s in staged.pipeline.stages if s.clock == "frame" for t in s.outputs)
    seconds = max(MIN_SECONDS, MAX_BYTES / frame_bytes / float(staged.pipeline.frame_rate.fraction))
    pcm = speech[: int(seconds * SAMPLE_RATE)]
    executor = EagerExecutor(staged.stages)
    trace = record(
        staged.pipeline, executor, staged.parameters, pcm, chunk_plan(len(pcm)), beside=example_beside(staged, len(pcm))
    )
    metadata = {**trace.metadata, "model": staged.name, "machine": platform.machine()}
    return replace(trace, phones=phones and phones.within(len(pcm)), metadata=metadata)


def example_beside(staged: StagedModel, samples: int) -> Beside:
    """The model's example signals within the clip, and a seed if it draws."""
    signals = {
        name: SignalRows(
            example.sample[example.sample <= samples],
            {key: values[example.sample <= samples] for key, values in example.tensors.items()},
        )
        for name, example in staged.signals.items()
    }
    return Beside(signals, SEED if staged.pipeline.noise else None)


def chunk_plan(samples: int) -> list[int]:
    """Lengths of pushes that sum to `samples`: `CHUNKS` in turn, the last cut short."""
    plan: list[int] = []
    left = samples
    for size in cycle(CHUNKS):
        if left <= 0:
            return plan
        plan.append(min(size, left))
        left -= size
    raise AssertionError("cycle never ends")
