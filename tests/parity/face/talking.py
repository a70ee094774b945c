"""A face that talks for four seconds, closes its lips six times, and then is silent for two."""

from __future__ import annotations

import numpy as np

from sdk.parity.face import View
from sdk.parity.face.face import Face
from sdk.parity.face.figures import FaceFigures
from sdk.parity.face.view import Sound
from sdk.rigs.arkit import ARKIT_52

RATE, SPEECH, FRAMES = 30, 120, 180
JAW, SMILE, BROW = (ARKIT_52.index(name) for name in ("jawOpen", "mouthSmileLeft", "browInnerUp"))
CLOSURES = 6
VIEW = View("decoder.weights", Face.of(ARKIT_52, "1", (52,)), ARKIT_52)


def sound() -> Sound:
    """A hiss while it talks; frames are due as the clock has it."""
    due = np.array([-(-(t + 1) * 16000 // RATE) for t in range(FRAMES)], np.int64)
    pcm = np.random.default_rng(1).uniform(-0.1, 0.1, due[-1]).astype(np.float32)
    pcm[SPEECH * 16000 // RATE :] = 0
    return Sound(pcm, 16000, due)


def weights() -> np.ndarray:
    """(180, 52): the jaw opens by 0.4 and shuts wholly every 20 frames, lips and brows move slowly."""
    time = np.arange(FRAMES)
    talks = time < SPEECH
    values = np.zeros((FRAMES, len(ARKIT_52)), np.float32)
    # The gap of the head at rest is 0.24 mm, and jawOpen at 1 adds some tens of mm: shut for three frames of twenty.
    values[:, JAW] = np.where(talks, 0.4 * np.clip(np.abs(np.sin(np.pi * (time + 10) / 20)) - 0.15, 0, None), 0)
    values[:, SMILE] = np.where(talks, 0.1 + 0.1 * np.sin(time / 11), 0)
    values[:, BROW] = np.where(talks, 0.2 + 0.2 * np.cos(time / 17), 0)
    return values


def measured(candidate: np.ndarray, reference: np.ndarray | None = None) -> FaceFigures:
    """The figures of a candidate."""
    found = VIEW.figures(weights() if reference is None else reference, candidate, sound())
    assert isinstance(found, FaceFigures)
    return found
