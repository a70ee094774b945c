"""What the README promises of the embedded default, on every target."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from sdk.audio.clock import SampleClock
from sdk.parity import check_bundle
from sdk.pretrained import SPEECH
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from tests.integration.conftest import PAIRS


def values(bundle, target, precision, pcm, chunk=None):
    with bundle.session(target, precision) as session:
        frames = []
        for at in range(0, len(pcm), chunk or len(pcm)):
            session.push(pcm[at : at + (chunk or len(pcm))])
            frames += list(session.poll())
    return np.stack([frame.values for frame in frames])


def test_the_export_is_quiet(exported):
    _, done = exported
    assert done.stderr == ""
    assert "UNTRAINED" not in done.stdout
    assert "parity passed" in done.stdout


def test_all_targets_are_there_and_were_measured(bundle):
    assert sorted(bundle.targets()) == sorted(PAIRS)
    for record in bundle.manifest.targets:
        if record.target != "eager":
            assert record.measured["closed_loop.max_abs_of_range"] <= record.tolerance.max_abs_of_range
            assert record.measured["teacher_forced.max_abs_of_range"] <= record.tolerance.max_abs_of_range


def test_every_stage_is_fully_delegated(bundle):
    assert bundle.record("executorch").undelegated == ()


@pytest.mark.parametrize(("target", "precision"), PAIRS)
def test_zero_lookahead(bundle, speech, target, precision):
    """Every sample from the due sample of frame 40 on is changed: frames 0..40 stay the same to the bit."""
    frame, clock = 40, SampleClock(bundle.pipeline.frame_rate, bundle.pipeline.hop)
    pcm = speech[16_000 : 16_000 + clock.due(frame + 10)]
    other = pcm.copy()
    cut = clock.due(frame)
    other[cut:] = np.random.default_rng(1).normal(0, 0.2, len(pcm) - cut).clip(-1, 1)
    ours, changed = (values(bundle, target, precision, audio) for audio in (pcm, other))
    assert len(ours) == frame + 11
    assert np.array_equal(ours[: frame + 1], changed[: frame + 1])
    assert not np.array_equal(ours[frame + 1 :], changed[frame + 1 :])


@pytest.mark.parametrize(("target", "precision"), PAIRS)
def test_the_size_of_the_pushes_changes_nothing(bundle, speech, target, precision):
    pcm = speech[20_000:32_000]
    assert np.array_equal(values(bundle, target, precision, pcm), values(bundle, target, precision, pcm, chunk=173))


@pytest.mark.parametrize(("target", "precision"), PAIRS)
def test_sessions_on_one_model_do_not_mix(bundle, speech, target, precision):
    first, second = speech[16_000:24_000], speech[40_000:48_000]
    alone = [values(bundle, target, precision, pcm) for pcm in (first, second)]
    with bundle.session(target, precision) as a, bundle.session(target, precision) as b:
        together = [[], []]
        for at in range(0, 8000, 500):
            for session, pcm, frames in zip((a, b), (first, second), together, strict=True):
                session.push(pcm[at : at + 500])
                frames += [frame.values for frame in session.poll()]
    for expected, got in zip(alone, together, strict=True):
        assert np.array_equal(expected, np.stack(got))


@pytest.mark.parametrize("target", ["executorch", "onnx"])
def test_a_thousand_frames_in_closed_loop(bundle, target):
    report = check_bundle(bundle, targets=[target], frames=1000)
    assert report.passed, report.first_failure
    closed = next(case for case in report.cases if case.key.mode == "closed_loop")
    assert closed.comparison.frames == 1000
    assert max(error.max_abs_of_range for error in closed.comparison.outputs) <= 1e-4


def test_the_values_are_the_channels_of_the_default_head(bundle, speech):
    """The session's weights on the bundle's basis are the head itself, moving."""
    basis, head = bundle.basis(), default_head()
    assert bundle.rig.kind == "channels"
    assert bundle.rig.names == ARKIT_52
    with bundle.session() as session:
        session.push(speech[16_000:24_000])
        frames = list(session.poll())
    weights = np.stack([frame.values for frame in frames])
    assert weights.shape == (15, 52)
    assert weights.min() >= 0
    assert weights.max() <= 1
    blended = basis["offset"] + np.einsum("td,dvc->tvc", weights, basis["basis"])
    assert np.abs(blended - head.pose(weights)).max() < 1e-3


def test_animate_writes_the_channels_by_name(exported, speech, tmp_path):
    output = tmp_path / "face.csv"
    command = [sys.executable, "-m", "sdk", "animate", str(exported[0]), str(SPEECH), "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    header, *rows = output.read_text().splitlines()
    assert header.split(",") == ["time", "frame", *ARKIT_52]
    assert len(rows) == -(-len(speech) * 30 // 16_000)


@pytest.mark.parametrize("arguments", [["-m", "export", "inspect"], ["-m", "sdk", "parity", "--target", "onnx"]])
def test_commands_read_the_bundle(exported, arguments):
    done = subprocess.run([sys.executable, *arguments, str(exported[0])], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_inspect_json_is_the_manifest(exported):
    command = [sys.executable, "-m", "export", "inspect", str(exported[0]), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == json.loads((exported[0] / "manifest.json").read_text())
