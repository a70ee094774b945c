"""The eager executor, and the observer that sees what it gave."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest
import torch

from sdk.runtime import EagerExecutor, Frame
from sdk.runtime.executor import Array
from tests.runtime.streams import HOP, TOY, TOY_EXECUTOR, assert_same, noise, take, toy_session, whole
from tests.toy import toy_stages


def arguments(stage: str) -> dict[str, Array]:
    generator = np.random.default_rng(0)
    spec = TOY.pipeline.stage(stage)
    return {t.name: generator.standard_normal(t.shape).astype(np.float32) for t in spec.graph_inputs}


@pytest.mark.parametrize("stage", TOY.stages, ids=lambda stage: stage.name)
def test_runs_the_stage(stage: torch.nn.Module) -> None:
    """Oracle: the stage's own forward, names taken from its spec."""
    given = arguments(stage.name)
    before = {name: array.copy() for name, array in given.items()}
    results = TOY_EXECUTOR.run(stage.name, given)
    with torch.no_grad():
        expected = stage(*(torch.from_numpy(array) for array in given.values()))
    assert list(results) == [name.removeprefix("next_") for name in stage.spec.graph_output_names]
    for array, tensor in zip(results.values(), expected, strict=True):
        assert array.tobytes() == tensor.numpy().tobytes()
        assert array.flags.c_contiguous
        assert array.flags.owndata
        assert array.dtype == np.float32
    assert all(np.array_equal(given[name], before[name]) for name in given)


def test_results_belong_to_the_caller() -> None:
    """The decoder gives one tensor as output and as state; here they are two arrays, and no weight is reachable."""
    given = arguments("motion_decoder")
    first = TOY_EXECUTOR.run("motion_decoder", given)
    assert not np.shares_memory(first["coefficients"], first["previous"])
    kept = {name: array.copy() for name, array in first.items()}
    for array in first.values():
        array[:] = np.nan
    second = TOY_EXECUTOR.run("motion_decoder", given)
    assert all(np.array_equal(second[name], kept[name]) for name in kept)


def test_evaluation_mode_no_gradients_and_threads_left_alone() -> None:
    stages = [stage.train() for stage in toy_stages()]
    threads = torch.get_num_threads()
    executor = EagerExecutor(stages, "name", "fp64")
    executor.run("audio_encoder", arguments("audio_encoder"))
    assert (executor.target, executor.precision) == ("name", "fp64")
    assert not any(stage.training for stage in stages)
    assert torch.is_grad_enabled()
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("wrong", [np.zeros((1, HOP + 1), np.float32), np.zeros((1, HOP))])
def test_another_shape_or_type_is_a_broken_invariant(wrong: Array) -> None:
    with pytest.raises(AssertionError, match=r"audio_encoder\.pcm"):
        TOY_EXECUTOR.run("audio_encoder", {**arguments("audio_encoder"), "pcm": wrong})


def test_importing_the_runtime_does_not_load_torch() -> None:
    code = "import sys, sdk.runtime; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class Witness:
    """An observer that keeps everything."""

    def __init__(self) -> None:
        self.pushes: list[tuple[np.ndarray, int]] = []
        self.frames: list[tuple[Frame, dict[str, dict[str, Array]], float]] = []

    def on_push(self, pcm: np.ndarray, sample_rate: int) -> None:
        self.pushes.append((pcm.copy(), sample_rate))

    def on_frame(self, frame: Frame, states: Mapping[str, Mapping[str, Array]], seconds: float) -> None:
        copies = {stage: {name: array.copy() for name, array in leaves.items()} for stage, leaves in states.items()}
        self.frames.append((frame, copies, seconds))


def test_the_observer_sees_pushes_as_given_and_every_frame_with_its_state() -> None:
    """Oracle for the states: the snapshot after each frame."""
    pcm = noise(6_000)
    witness = Witness()
    session = toy_session(observer=witness)
    session.push(pcm[:100], 16_000)
    session.push(np.array([np.nan, 2], np.float32))
    session.push(pcm[100:])
    snapshots = []
    while frame := take(session, 1):
        snapshots.append((frame[0], session.snapshot().state.states))
    assert [(push.dtype, len(push), rate) for push, rate in witness.pushes] == [
        (np.int16, 100, 16_000),
        (np.float32, 2, 16_000),
        (np.int16, 5_900, 16_000),
    ]
    assert np.isnan(witness.pushes[1][0][0])
    assert len(witness.frames) == len(snapshots)
    for (frame, states, seconds), (expected, after) in zip(witness.frames, snapshots, strict=True):
        assert frame is expected
        assert seconds > 0
        assert list(states) == ["audio_encoder", "motion_decoder"]
        assert all(np.array_equal(states[s][leaf], after[s][leaf]) for s in after for leaf in after[s])


def test_an_observer_that_raises_loses_nothing() -> None:
    class Faulty(Witness):
        def on_frame(self, frame: Frame, states: Mapping[str, Mapping[str, Array]], seconds: float) -> None:
            super().on_frame(frame, states, seconds)
            if len(self.frames) == 3:
                raise OSError("disk full")

    pcm = noise(6_000)
    session = toy_session(observer=Faulty())
    session.push(pcm)
    session.flush()
    frames = take(session, 2)
    with pytest.raises(OSError, match="disk full"):
        next(session.poll())
    assert_same([*frames, *session.poll()], whole(toy_session(), pcm))
