"""Streams of wild numbers and what the Python reference shows of them: NaN, infinities, jumps, limits, knobs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from itertools import product

import numpy as np

from sdk.runtime.retarget import (
    ChannelRule,
    Knob,
    Retarget,
    RetargetState,
    plan_retarget,
    retarget_frame,
    with_strength,
)
from sdk.spec import FrameRate

CHANNELS = ("a", "b", "c", "d")


@dataclass(frozen=True)
class RetargetVector:
    """A retarget whose knob ``jaw`` is turned, and a stream through it.

    Attributes:
        retarget: before the knob was turned.
        rate: of frames.
        strength: of the knob, a float32.
        frames: their numbers.
        given, shown: (frames, 4) float32.
    """

    retarget: Retarget
    rate: FrameRate
    strength: float
    frames: list[int]
    given: np.ndarray
    shown: np.ndarray


def retarget_vectors() -> list[RetargetVector]:
    """The same at every call."""
    return [_vector(seed, FrameRate.parse(rate)) for seed, rate in product(range(16), ("24", "29.97", "60", "1000"))]


def _vector(seed: int, rate: FrameRate) -> RetargetVector:
    draw = np.random.default_rng(seed)
    rules = {
        name: ChannelRule(
            gain=draw.uniform(-4, 4),
            offset=draw.choice([0, draw.normal()]),
            low=draw.choice([None, -1.5]),
            high=draw.choice([None, 0.75]),
            smoothing_ms=draw.choice([0, draw.uniform(1, 400)]),
        )
        for name in CHANNELS[:3]
    }
    lips = Knob(strength=draw.uniform(0, 2), channels=("a", "d"), closing=("b",))
    retarget = Retarget(channels=rules, knobs={"lips": lips, "jaw": Knob(channels=("a", "b"), closing=("c",))})
    strength = float(np.float32(draw.uniform(0, 2)))
    frames = [int(frame) for frame in np.cumsum(draw.choice([1, 1, 1, 7], 40))]
    given = draw.normal(0, draw.choice([1e-6, 1, 1e38]), (len(frames), 4)).astype(np.float32)
    for wild in (np.nan, np.inf, -0.0):
        given[draw.uniform(size=given.shape) < 0.02] = wild
    plan = with_strength(plan_retarget(retarget, CHANNELS, rate), "jaw", strength)
    state, shown = RetargetState(), []
    for frame, row in zip(frames, given, strict=True):
        values, state = retarget_frame(plan, frame, row, state)
        shown.append(values)
    return RetargetVector(retarget, rate, strength, frames, given, np.stack(shown))


def assert_same_bits(retarget_stream: list[str]) -> None:
    """Run every vector through the C core's program of this name, as the words of a command."""
    for vector in retarget_vectors():
        rate = (str(vector.rate.num), str(vector.rate.den))
        arguments = [vector.retarget.model_dump_json(), *rate, "jaw", repr(vector.strength), *CHANNELS]
        records = np.zeros(len(vector.frames), [("frame", "<i8"), ("values", "<f4", len(CHANNELS))])
        records["frame"], records["values"] = vector.frames, vector.given
        done = subprocess.run([*retarget_stream, *arguments], input=records.tobytes(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        shown = np.frombuffer(done.stdout, np.float32).reshape(vector.shown.shape)
        np.testing.assert_array_equal(shown.view(np.uint32), vector.shown.view(np.uint32))
