"""A lookahead is said once, in the recipe's ``[model]`` table, and stands in the manifest of what is exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sdk.audio.files import load_speech
from sdk.bundle import Bundle
from sdk.bundle.writer import BundleWriter
from sdk.errors import UsageError
from sdk.models.registry import BuildOptions, find_model
from sdk.pretrained import SPEECH
from sdk.runtime import EagerExecutor, Session
from sdk.training.task import Task, make_task
from tests.models.half_weights import round_to_half

LOOKAHEAD = 480
SMALL: dict[str, dict[str, Any]] = {
    "faceformer": {"encoder": {"channels": 24, "dilations": [1, 2, 4]}, "feature_dim": 32, "window": 12},
    "meshtalk": {"heads": 7, "classes": 6, "head_width": 8},
}
MODELS = [("faceformer", "faceformer"), ("meshtalk", "meshtalk"), ("meshtalk", "meshtalk_tracking")]


def saved(task: str, folder: Path, lookahead: int = LOOKAHEAD) -> Task:
    torch.manual_seed(3)
    made = make_task(task, {**SMALL[task], "lookahead_samples": lookahead})
    with torch.no_grad():  # livelier than torch's own start, so that every input moves the face
        for parameter in made.module.parameters():
            parameter.mul_(1.5)
    made.save(folder)
    return made


@pytest.mark.parametrize(("task", "model"), MODELS)
def test_it_stands_in_the_manifest(task: str, model: str, tmp_path: Path) -> None:
    saved(task, tmp_path / "run")
    staged = find_model(model).build(BuildOptions(checkpoint=tmp_path / "run"))
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        writer.write_card("# Trained\n")
        writer.finish()
    with Bundle.open(tmp_path / "bundle") as bundle:
        assert bundle.manifest.pipeline.lookahead_samples == LOOKAHEAD


@pytest.mark.parametrize(("task", "model"), MODELS)
def test_no_other_can_be_asked_for_at_export(task: str, model: str, tmp_path: Path) -> None:
    saved(task, tmp_path)
    same = find_model(model).build(BuildOptions(checkpoint=tmp_path, lookahead_samples=LOOKAHEAD))
    assert same.pipeline.lookahead_samples == LOOKAHEAD
    with pytest.raises(UsageError, match="480 samples"):
        find_model(model).build(BuildOptions(checkpoint=tmp_path, lookahead_samples=160))


@pytest.mark.parametrize("task", SMALL)
def test_training_hears_what_the_session_hears(task: str, tmp_path: Path) -> None:
    """Frame by frame: what is judged in training is what a session of the exported stages shows."""
    made = saved(task, tmp_path)
    staged = find_model(task).build(BuildOptions(checkpoint=tmp_path))
    round_to_half(made.module)
    speech = load_speech(SPEECH)[16_000:48_000]
    with Session(staged.pipeline, EagerExecutor(staged.stages), staged.parameters) as session:
        session.push(speech)
        shown = np.stack([frame.values for frame in session.poll()])
    animated = made.animate(made.front_end(speech))
    assert (len(animated), len(shown)) == (60, 59)
    np.testing.assert_allclose(animated[:59], shown, atol=1e-4)
    late = saved(task, tmp_path / "other", 0).animate(made.front_end(speech))
    assert np.abs(late[:59] - shown).max() > 1e-3
