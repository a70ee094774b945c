"""A checkpoint in the published format, of either variant, becomes a verified bundle with zero lookahead."""

from __future__ import annotations

import numpy as np
import pytest

from export.cli import export_command
from sdk.audio.clock import SampleClock
from sdk.bundle import Bundle
from sdk.cli.common import run
from sdk.models.faceformer.checkpoint import save_checkpoint
from tests.models.test_streaming_faceformer import ORACLES, small_model

TARGETS = {"vocaset": "executorch,coreml,onnx", "biwi": "onnx"}
STAGES = ["audio_encoder", "audio_transformer", "identity", "motion_decoder"]


@pytest.fixture(scope="module", params=TARGETS)
def published(request, tmp_path_factory):
    """The published code's own tiny checkpoint for vocaset; one that we write in its format for biwi."""
    folder = tmp_path_factory.mktemp(request.param)
    checkpoint = ORACLES / "faceformer_vocaset_tiny.pth"
    if request.param == "biwi":
        checkpoint = folder / "biwi.pth"
        save_checkpoint(small_model("biwi"), checkpoint)
    arguments = ["--checkpoint", checkpoint, "--target", TARGETS[request.param], "--precision", "fp32"]
    with pytest.raises(SystemExit) as stop:
        run(export_command, "python -m export", [str(each) for each in (*arguments, "--output-dir", folder)])
    assert stop.value.code == 0
    with Bundle.open(folder / "faceformer") as bundle:
        yield request.param, bundle


def values(bundle, target, pcm):
    with bundle.session(target) as session:
        session.push(pcm)
        return np.stack([frame.values for frame in session.poll()])


def test_the_bundle_is_complete(published):
    dataset, bundle = published
    assert [stage.name for stage in bundle.pipeline.stages] == STAGES
    assert bundle.pipeline.frame_rate.num == {"vocaset": 30, "biwi": 25}[dataset]
    assert bundle.rig.shape == (10, 3)
    for target, _ in bundle.targets()[1:]:
        record = bundle.record(target)
        assert record.undelegated == ()
        assert record.measured["closed_loop.max_abs_of_range"] <= 1e-4


def test_zero_lookahead(published, speech):
    _, bundle = published
    frame, clock = 30, SampleClock(bundle.pipeline.frame_rate, bundle.pipeline.hop)
    pcm = speech[16_000 : 16_000 + clock.due(frame + 6)]
    other = pcm.copy()
    other[clock.due(frame) :] = 0.3
    for target, _ in bundle.targets():
        ours, changed = values(bundle, target, pcm), values(bundle, target, other)
        assert np.array_equal(ours[: frame + 1], changed[: frame + 1])
        assert not np.array_equal(ours[frame + 1 :], changed[frame + 1 :])


def test_a_template_moves_the_whole_face(published, speech):
    """Vertices are template plus displacement: the displacement does not depend on the template."""
    _, bundle = published
    pcm, template = speech[16_000:20_000], np.full((10, 3), 2.0, np.float32)
    with bundle.session("onnx", parameters={"template": template}) as session:
        session.push(pcm)
        moved = np.stack([frame.values for frame in session.poll()])
    np.testing.assert_allclose(moved - 2.0, values(bundle, "onnx", pcm), atol=1e-5)
