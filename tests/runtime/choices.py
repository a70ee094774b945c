"""Sessions of the toy that draws and listens, for the tests of noise and signals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sdk.models.registry import BuildOptions
from sdk.runtime import EagerExecutor, Session
from sdk.spec import InputSpec, PipelineSpec, SignalSpec, SignalTensor, StageSpec, TensorSpec
from tests.runtime.streams import RAMP_HOP, noise
from tests.toy_choice import ENTRY, choice_pipeline

CHOICE = ENTRY.build(BuildOptions())
CHOICE_EXECUTOR = EagerExecutor(CHOICE.stages)
PCM = noise(16_000)


def choice_session(fps: str = "30", lookahead: int = 0, **options: object) -> Session:
    return Session(choice_pipeline(CHOICE.stages, fps, lookahead), CHOICE_EXECUTOR, CHOICE.parameters, **options)


def echo_pipeline(lookahead: int = 0, hold: int = 1_000) -> PipelineSpec:
    """A frame shows the signals it saw: the mark of one, and the pair of another that is never held."""
    ear = StageSpec(
        name="ear",
        clock="hop",
        inputs=(InputSpec(name="pcm", shape=(1, RAMP_HOP), source="audio.pcm"),),
        outputs=(TensorSpec(name="newest", shape=(1, 1)),),
    )
    face = StageSpec(
        name="face",
        clock="frame",
        inputs=(
            InputSpec(name="heard", shape=(1, 1), source="ear.newest"),
            InputSpec(name="mark", shape=(1,), source="cue.mark"),
            InputSpec(name="pair", shape=(2,), source="touch.pair"),
        ),
        outputs=(TensorSpec(name="seen", shape=(3,)),),
    )
    return PipelineSpec(
        hop=RAMP_HOP,
        frame_rate={"num": 100},
        lookahead_samples=lookahead,
        signals=(
            SignalSpec(name="cue", tensors=(SignalTensor(name="mark", shape=(1,)),), hold_samples=hold),
            SignalSpec(name="touch", tensors=(SignalTensor(name="pair", shape=(2,), low=-1, high=2),), hold_samples=0),
        ),
        stages=(ear, face),
        values="face.seen",
    )


class EchoExecutor:
    """Runs `echo_pipeline`: frame t, due at sample 160 * (t + 1), gives (mark, pair) as it saw them."""

    target, precision = "echo", "fp32"

    def run(self, stage: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        if stage == "ear":
            return {"newest": tensors["pcm"][:, -1:].copy()}
        return {"seen": np.concatenate([tensors["mark"], tensors["pair"]])}

    def close(self) -> None:
        """Nothing to free."""


def echo_session(lookahead: int = 0, hold: int = 1_000, **options: object) -> Session:
    return Session(echo_pipeline(lookahead, hold), EchoExecutor(), {}, **options)
