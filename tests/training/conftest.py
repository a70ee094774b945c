"""The toy task on the path, a recipe for it and a prepared toy corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk.training.prepare import Plan, make_plan, prepare
from sdk.training.recipe import Recipe, check_recipe
from tests.training.toy_task import ToyCorpus, register, toy_teacher


@pytest.fixture(scope="session")
def toy_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that registers the task ``toy`` when it is on the path."""
    return register(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def toy_task(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers the task ``toy``."""
    monkeypatch.syspath_prepend(toy_path)


def toy_recipe(**changes: object) -> Recipe:
    """A recipe for the toy task; `changes` replace whole tables."""
    table: dict[str, object] = {
        "task": "toy",
        "seed": 5,
        "preparation": {"copies": 1, "rest_clips": 2},
        "optimiser": {"steps": 12, "batch": 4, "segment_seconds": 1.0, "warm_up": 2, "learning_rate": 0.02, "ema": 0.5},
        "losses": {"weights": 1.0},
        "validation": {"every": 6, "clips": 2},
    }
    return check_recipe(table | changes)


@pytest.fixture
def plan(toy_task: None, tmp_path: Path) -> Plan:
    """A prepared toy corpus."""
    made = make_plan(toy_recipe(), "digest", tmp_path / "cache", toy_teacher)
    for split in ("train", "validation"):
        prepare(made, split, ToyCorpus().utterances(split))
    return made
