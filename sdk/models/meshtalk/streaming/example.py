"""A tracked face for test vectors: seen, then its last region hidden, then all of it lost, again and again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdk.audio.clock import SampleClock
from sdk.models.meshtalk.streaming.config import HOP, StreamingConfig
from sdk.models.registry import SignalExample
from sdk.spec import SAMPLE_RATE

SECONDS = 10
PHASE_SECONDS = 0.5
"""How long the face is seen, then seen in part, then lost."""
SWING = 0.02
"""Half the motion's range as a fraction of the face's own."""


def tracked_example(config: StreamingConfig, template: NDArray[np.float32]) -> SignalExample:
    """One tracked face for each frame of `SECONDS`.

    Args:
        config: with tracking.
        template: of `config.face_shape`.
    """
    assert config.tracking is not None
    clock = SampleClock(config.frame_rate, HOP, config.lookahead_samples)
    due = np.array([clock.due(frame) for frame in range(clock.frames_ready(SECONDS * SAMPLE_RATE))], np.int64)
    seconds = due / SAMPLE_RATE
    speed = 1 + np.arange(template.size) % 16 / 8
    wave = np.cos(2 * np.pi * np.outer(seconds, speed)).reshape(len(due), *template.shape)
    face = 0.25 - 0.25 * wave if config.bounded else template + SWING * float(np.ptp(template)) * wave
    phase = (seconds / PHASE_SECONDS).astype(np.int64) % 3
    confidence = np.ones((len(due), 1, len(config.tracking.regions)))
    confidence[phase == 1, :, -1] = 0
    confidence[phase == 2] = 0
    return SignalExample(due, {"expression": face.astype(np.float32), "confidence": confidence.astype(np.float32)})
