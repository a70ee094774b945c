"""A sync meter through the command line: it learns, is judged as a meter, and is what the export reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdk.errors import UsageError
from sdk.models.registry import BuildOptions, find_model
from sdk.training.judge import judgement_of
from sdk.training.log import read_log
from tests.training.test_cli import train
from tests.training.toy_corpus import write_corpus

RECIPE = """
task = "vatt_sync"
[model]
space = 16
stride = 2
late = 6
first = 3
audio = { layers = 1, width = 32, heads = 2, ffn = 64, window = 8 }
motion = { layers = 1, width = 16, heads = 2, ffn = 32, window = 8 }
[preparation]
copies = 1
rest_clips = 0
[optimiser]
steps = 60
batch = 8
segment_seconds = 2.0
warm_up = 5
learning_rate = 0.01
ema = 0.9
[losses]
nce = 1.0
[validation]
every = 30
clips = 0
"""


def recipe(folder: Path) -> Path:
    path = folder / "recipe.toml"
    path.write_text(RECIPE)
    return path


def test_train_judge_and_build(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", {"train": 10, "validation": 8})
    out = tmp_path / "out"
    done = train(recipe(tmp_path), "--corpus", corpus, "--out", out)
    assert "| validation | 2 |" in done.output
    losses = [row["nce"] for row in read_log(out / "train.csv")]
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])
    assert read_log(out / "validation.csv")[-1]["streams"] == 2

    shown = train("evaluate", out / "best.pt", "--corpus", corpus)
    assert "| validation | 2 |" in shown.output
    scores = json.loads(train("evaluate", out / "best.pt", "--corpus", corpus, "--json").output)["validation"]
    assert 0 <= scores["auc"] <= 1
    assert scores["offset_error_ms"] >= 0

    for name, stages in (("vatt", 2), ("vatt_sync", 4)):
        staged = find_model(name).build(BuildOptions(checkpoint=out / "model"))
        assert len(staged.stages) == stages


def test_too_little_speech_to_judge_on_is_said(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", {"train": 4, "validation": 3})
    with pytest.raises(UsageError, match="streams of six seconds"):
        train(recipe(tmp_path), "--corpus", corpus, "--out", tmp_path / "out")


def test_a_task_that_neither_animates_nor_meters_cannot_be_judged() -> None:
    class Idle:
        pass

    with pytest.raises(UsageError, match="neither animates nor meters"):
        judgement_of(Idle())  # type: ignore[arg-type]
