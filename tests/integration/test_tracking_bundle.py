"""The categorical face with tracking on all targets: choices alike, nothing ahead, a lost face carried on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sdk.bundle import Bundle
from sdk.parity import check_bundle
from sdk.parity.rest.check import check_rest
from sdk.parity.rest.contract import HELD
from sdk.runtime import Frame
from sdk.runtime.plan import make_plan
from tests.integration.conftest import PAIRS

SIGNAL = "tracking"


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("tracking")
    command = [sys.executable, "-m", "export", "meshtalk_tracking", "--output-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "parity passed" in done.stdout
    with Bundle.open(Path(folder) / "meshtalk_tracking") as opened:
        yield opened


def stream(
    bundle: Bundle,
    pair: tuple[str, str],
    pcm: NDArray[np.float32],
    faces: NDArray[np.float32],
    confidence: NDArray[np.float32],
) -> list[Frame]:
    """A session with a face (T, 52) and a confidence (T, 2) at each frame's due sample."""
    clock = make_plan(bundle.pipeline).clock
    with bundle.session(*pair, seed=7) as session:
        for frame in range(clock.frames_ready(len(pcm))):
            values = {"expression": faces[frame][None], "confidence": confidence[frame][None]}
            session.push_signal(SIGNAL, values, sample=clock.due(frame))
        session.push(pcm)
        return list(session.poll())


def moving(frames: int) -> NDArray[np.float32]:
    return (0.3 - 0.3 * np.cos(np.arange(frames)[:, None] / (4 + np.arange(52)))).astype(np.float32)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_neither_later_sound_nor_later_faces_change_a_frame(
    tracked: Bundle, speech: NDArray[np.float32], pair: tuple[str, str]
) -> None:
    frame, frames = 20, 30
    cut = make_plan(tracked.pipeline).clock.due(frame)
    pcm = speech[16_000:32_000]
    faces, seen = moving(frames), np.ones((frames, 2), np.float32)
    seen[10:15] = 0
    other = pcm.copy()
    other[cut:] = np.random.default_rng(1).normal(0, 0.2, len(pcm) - cut).clip(-1, 1)
    later = faces.copy()
    later[frame + 1 :] = 1 - later[frame + 1 :]
    ours, changed = stream(tracked, pair, pcm, faces, seen), stream(tracked, pair, other, later, seen)
    assert len(ours) == frames
    for before, after in zip(ours[: frame + 1], changed, strict=False):
        for name, value in before.outputs.items():
            assert np.array_equal(value, after.outputs[name]), name
    assert not np.array_equal(ours[-1].outputs["context_model.logprobs"], changed[-1].outputs["context_model.logprobs"])


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair[1] == "fp32"], ids="-".join)
def test_fp32_targets_choose_as_the_reference_through_a_loss(
    tracked: Bundle, speech: NDArray[np.float32], pair: tuple[str, str]
) -> None:
    frames = 45
    seen = np.ones((frames, 2), np.float32)
    seen[15:30] = 0
    seen[35:, 1] = 0
    pcm = speech[16_000 : 16_000 + frames * 1600 // 3]
    expected = stream(tracked, ("eager", "fp32"), pcm, moving(frames), seen)
    got = stream(tracked, pair, pcm, moving(frames), seen)
    for reference, frame in zip(expected, got, strict=True):
        assert np.array_equal(reference.outputs["context_model.labels"], frame.outputs["context_model.labels"])
        np.testing.assert_allclose(frame.values, reference.values, atol=1e-4)


@pytest.mark.parametrize("target", ["executorch", "onnx"])
def test_a_thousand_frames_choose_alike(tracked: Bundle, target: str) -> None:
    report = check_bundle(tracked, targets=[target], frames=1000)
    assert report.passed, report.first_failure
    closed = next(case.comparison for case in report.cases if case.key.mode == "closed_loop")
    assert closed is not None
    assert closed.frames == 1000
    assert [choice.agreement for choice in closed.choices] == [1.0]
    assert closed.choices[0].labels == 8000


def test_without_a_tracked_face_it_keeps_the_rest_contract(tracked):
    report = check_rest(tracked, "onnx", seconds=3, streams=HELD)
    assert report.passed, [problem.message for case in report.cases for problem in case.problems]
