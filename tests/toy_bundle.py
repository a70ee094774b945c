"""The toy as a bundle, for tests of whatever opens one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdk.bundle.recorder import TraceRecorder
from sdk.bundle.writer import BundleWriter
from sdk.models.registry import BuildOptions
from tests.toy import ENTRY


def speech_like(samples: int, seed: int = 0) -> np.ndarray:
    """Noise in bursts, float32 in [-1, 1], (samples,)."""
    generator = np.random.default_rng(seed)
    envelope = 0.5 * (1 + np.sin(np.arange(samples) / 900))
    return (0.2 * envelope * generator.standard_normal(samples)).clip(-1, 1).astype(np.float32)


def build_toy_bundle(folder: Path, options: BuildOptions | None = None, vectors: bool = True) -> Path:
    """Write the toy's bundle with the eager target and one second of test vectors; gives `folder`."""
    from sdk.runtime import Session
    from sdk.runtime.eager import EagerExecutor

    staged = ENTRY.build(options or BuildOptions())
    with BundleWriter(folder, staged) as writer:
        if vectors:
            recorder = TraceRecorder(staged.pipeline, {"target": "eager", "precision": "fp32", "model": "toy"})
            with Session(
                staged.pipeline, EagerExecutor(staged.stages), staged.parameters, observer=recorder
            ) as session:
                for chunk in np.array_split(speech_like(16_000), 7):
                    session.push(chunk)
                    list(session.poll())
                session.flush()
                list(session.poll())
            writer.write_vectors(recorder.trace)
        writer.write_card("# Toy\n\nUntrained.\n")
        writer.finish()
    return folder
