"""Traces made by hand, and ways to spoil them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sdk.bundle.trace import Trace
from sdk.spec import TensorSpec

VERTICES = "decoder.vertices"
CHANNELS = "decoder.channels"
TENSORS = {
    VERTICES: TensorSpec(name="vertices", shape=(7, 3), unit="mm"),
    CHANNELS: TensorSpec(name="channels", shape=(1, 4)),
}


def make_trace(frames: int = 40, seed: int = 0) -> Trace:
    """A face of seven vertices, 200 mm wide, whose motion is about 10 mm, with four channels and two state tensors."""
    noise = np.random.default_rng(seed)
    rest = noise.uniform(-100, 100, (7, 3))
    motion = np.cumsum(noise.normal(0, 1, (frames, 7, 3)), 0)
    due = np.array([-(-(t + 1) * 16000 // 30) for t in range(frames)], np.int64)
    samples = int(due[-1]) if frames else 0
    chunks = np.full(samples // 100 + 1, 100, np.int64)
    chunks[-1] = samples % 100
    return Trace(
        pcm=noise.uniform(-1, 1, samples).astype(np.float32),
        sample_rate=16000,
        chunks=chunks,
        index=np.arange(frames, dtype=np.int64),
        due_sample=due,
        outputs={
            VERTICES: (rest + motion).astype(np.float32),
            CHANNELS: np.cumsum(noise.normal(0, 1, (frames, 1, 4)), 0).astype(np.float32),
        },
        digests=noise.uniform(0.5, 1.0, (frames, 2, 2)).astype(np.float32),
        digest_names=("decoder.history", "encoder.left"),
        seconds=np.full(frames, 0.001, np.float32),
        metadata={"target": "eager", "precision": "fp32"},
    )


def with_output(trace: Trace, name: str, values: Any) -> Trace:
    """The trace with other values of one output."""
    return replace(trace, outputs={**trace.outputs, name: np.asarray(values, np.float32)})


def without_frame(trace: Trace, row: int) -> Trace:
    """The trace as if one frame had never come out."""
    return replace(
        trace,
        index=np.delete(trace.index, row),
        due_sample=np.delete(trace.due_sample, row),
        outputs={name: np.delete(values, row, 0) for name, values in trace.outputs.items()},
        digests=np.delete(trace.digests, row, 0),
        seconds=np.delete(trace.seconds, row),
    )
