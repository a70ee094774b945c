"""The smoke recipe: from a corpus on disk to a model that has learnt, through the command that users call."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from sdk.__main__ import main
from sdk.training.cache import read_split
from sdk.training.checkpoints import trained_task
from sdk.training.clips import plain_clip
from sdk.training.judge import judge
from sdk.training.recipe import load_recipe, recipe_names
from sdk.training.run import BEST, MODEL
from sdk.training.scores import MeanFace, gap_mm
from sdk.training.task import make_task
from sdk.training.trainer import Trainer
from tests.training.toy_corpus import write_corpus
from tests.training.toy_task import toy_teacher, toy_utterance

OF_UNTRAINED, OF_CONSTANT = 0.5, 0.5
"""Largest lip-gap error as a part of the untrained model's (measured: 0.28) and of the best constant face's (0.31)."""


def test_the_smoke_recipe_learns(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", {"train": 24, "validation": 6})
    arguments = ["train", "smoke", "--corpus", str(corpus), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    recipe = load_recipe("smoke")
    [cache] = (corpus / "prepared").iterdir()
    validation = read_split(cache, "validation")
    with Trainer(recipe, read_split(cache, "train")).averaged() as task:
        untrained = judge(task, validation)
    task, _ = trained_task(tmp_path / "out" / BEST)
    with torch.no_grad():
        trained = judge(task, validation)
    references = [np.array(clip.labels.targets) for clip in validation]
    constant = gap_mm(MeanFace.fit(references).weights[None])
    constant_error = np.abs(np.concatenate([gap_mm(weights) for weights in references]) - constant).mean()
    assert trained.gap_mae_mm < OF_UNTRAINED * untrained.gap_mae_mm
    assert trained.gap_mae_mm < OF_CONSTANT * constant_error
    assert trained.gap_correlation > 0.7
    assert f"{trained.gap_mae_mm:.2f}" in result.output
    assert any((tmp_path / "out" / MODEL).iterdir())


@pytest.mark.parametrize("name", recipe_names())
def test_embedded_recipes_fit_their_task(name: str) -> None:
    """The task takes the model table, and its losses are those that the recipe weighs."""
    recipe = load_recipe(name)
    task = make_task(recipe.task, recipe.model)
    clip = plain_clip(toy_utterance("a", 2.0), task, toy_teacher)
    assert Trainer(recipe, [clip]).update().losses["total"] > 0
