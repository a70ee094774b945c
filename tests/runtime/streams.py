"""What the tests of the session share: streams to push, frames to compare, and a pipeline whose frames can be read."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sdk.models.registry import BuildOptions
from sdk.runtime import EagerExecutor, Frame, Session
from sdk.runtime.executor import Array
from sdk.spec import FrameRate, InputSpec, PipelineSpec, StageSpec, TensorSpec
from tests.toy import ENTRY

FRAME_RATES = ("24", "25", "29.97", "30", "60", "72", "90", "120")
TOY = ENTRY.build(BuildOptions())
TOY_EXECUTOR = EagerExecutor(TOY.stages)
HOP = TOY.pipeline.hop


def toy_pipeline(fps: str = "30", lookahead: int = 0) -> PipelineSpec:
    return TOY.pipeline.model_copy(update={"frame_rate": FrameRate.parse(fps), "lookahead_samples": lookahead})


def toy_session(fps: str = "30", lookahead: int = 0, **options: object) -> Session:
    return Session(toy_pipeline(fps, lookahead), TOY_EXECUTOR, TOY.parameters, **options)


def noise(samples: int, seed: int = 0) -> NDArray[np.int16]:
    """Speech enough for the toy: int16 noise that swells and falls."""
    generator = np.random.default_rng(seed)
    swell = np.sin(np.arange(samples) / 2000) ** 2
    return (generator.standard_normal(samples) * swell * 3000).clip(-32768, 32767).astype(np.int16)


def as_float(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    return pcm.astype(np.float32) / np.float32(32768)


def whole(session: Session, pcm: NDArray, sample_rate: int | None = None) -> list[Frame]:
    """The frames of a stream pushed in one go."""
    session.push(pcm, sample_rate)
    session.flush()
    return list(session.poll())


def take(session: Session, frames: int) -> list[Frame]:
    """Leave a poll after that many frames."""
    return list(itertools.islice(session.poll(), frames))


def same(one: Frame, other: Frame) -> bool:
    """Whether two frames are equal to the bit."""
    return (
        (one.index, one.due_sample) == (other.index, other.due_sample)
        and one.outputs.keys() == other.outputs.keys()
        and one.values.tobytes() == other.values.tobytes()
        and all(one.outputs[name].tobytes() == other.outputs[name].tobytes() for name in one.outputs)
    )


def assert_same(got: Sequence[Frame], expected: Sequence[Frame]) -> None:
    assert [f.index for f in got] == [f.index for f in expected]
    assert all(same(a, b) for a, b in zip(got, expected, strict=True))


RAMP_HOP, RAMP_WINDOW = 160, 3


def ramp_pipeline(fps: str = "30", lookahead: int = 0) -> PipelineSpec:
    """A pipeline whose frame shows which hops it saw: the numbers of the newest three hops, the phase, and a count."""
    ear = StageSpec(
        name="ear",
        clock="hop",
        inputs=(InputSpec(name="pcm", shape=(1, RAMP_HOP), source="audio.pcm"),),
        outputs=(TensorSpec(name="number", shape=(1, 1)),),
        state=(TensorSpec(name="hops_run", shape=(1, 1)),),
    )
    face = StageSpec(
        name="face",
        clock="frame",
        inputs=(
            InputSpec(name="numbers", shape=(RAMP_WINDOW, 1), source="ear.number"),
            InputSpec(name="newest", shape=(1, 1), source="ear.number"),
            InputSpec(name="phase", shape=(1, 1), source="clock.phase"),
        ),
        outputs=(TensorSpec(name="seen", shape=(1, RAMP_WINDOW + 3)),),
        state=(TensorSpec(name="frames_run", shape=(1, 1)),),
    )
    return PipelineSpec(
        hop=RAMP_HOP,
        frame_rate=FrameRate.parse(fps),
        lookahead_samples=lookahead,
        stages=(ear, face),
        values="face.seen",
    )


def ramp(samples: int) -> NDArray[np.float32]:
    """Sample k is (k + 1) / 2**24, which float32 holds exactly for 17 minutes; the silence of a start or a pad is 0."""
    return (np.arange(1, samples + 1) / 2**24).astype(np.float32)


class RampExecutor:
    """Runs `ramp_pipeline` in NumPy, fast: a hop's number is 1 + hop index, 0 stands for a hop that never was."""

    target, precision = "ramp", "fp32"

    def __init__(self) -> None:
        self.calls = 0

    def run(self, stage: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
        self.calls += 1
        if stage == "ear":
            number = tensors["pcm"][:, -1:] * 2**24 / RAMP_HOP
            return {"number": number, "hops_run": tensors["hops_run"] + 1}
        frames_run = tensors["frames_run"] + 1
        columns = (tensors["numbers"].reshape(1, -1), tensors["newest"], tensors["phase"], frames_run)
        return {"seen": np.concatenate(columns, 1), "frames_run": frames_run}

    def close(self) -> None:
        self.calls = 0


def ramp_session(fps: str = "30", lookahead: int = 0, **options: object) -> Session:
    return Session(ramp_pipeline(fps, lookahead), RampExecutor(), {}, **options)


def hops_seen(frames: Iterable[Frame]) -> list[tuple[int, ...]]:
    """Indices of the newest hops each frame of the ramp saw, -1 where none had been."""
    return [tuple(int(n) - 1 for n in frame.values[:RAMP_WINDOW]) for frame in frames]
