"""Recipes are closed: what is not known, or cannot be, is one error that names its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk.errors import UsageError
from sdk.training.recipe import check_recipe, load_recipe, parse_recipe, recipe_names
from tests.training.conftest import toy_recipe

LEAST = 'task = "toy"\n[optimiser]\nsteps = 5\n[losses]\nweights = 1.0\n'


@pytest.mark.parametrize("name", recipe_names())
def test_embedded_recipes_are_whole(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.optimiser.warm_up < recipe.optimiser.steps
    assert recipe.validation.every <= recipe.optimiser.steps


def test_a_recipe_survives_its_own_record() -> None:
    recipe = toy_recipe(model={"width": 8})
    assert check_recipe(recipe.model_dump(mode="json")) == recipe


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(LEAST)
    assert load_recipe(tmp_path / "mine.toml") == parse_recipe(LEAST)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("task = ", "not TOML"),
        (LEAST + "[model]\n[model]\n", "not TOML"),
        (LEAST + "[optimizer]\n", "optimizer"),
        (LEAST.replace("steps = 5", "steps = 0"), "optimiser.steps"),
        (LEAST.replace("steps = 5", "steps = 5\nsegment_seconds = 1.25"), "optimiser.segment_seconds"),
        (LEAST + "[finish]\npart = 0.01\n", "finish.part of 5 steps is less than one"),
        (LEAST.replace("steps = 5", "steps = 5\nlearning_rate = nan"), "optimiser.learning_rate"),
        (LEAST.replace("weights = 1.0", ""), "losses"),
        (LEAST.replace("weights = 1.0", "weights = -1.0"), "losses.weights"),
        (LEAST + "[preparation]\ncopies = 0\n", "preparation"),
        (LEAST + "[augmentation.noise]\nlow = 50.0\n", "augmentation.noise"),
        (LEAST + "[finish]\npart = 1.0\nlosses = { weights = 2.0 }\n", "finish.part"),
        (LEAST + "[finish]\npart = 0.5\nlosses = { gap = 2.0 }\n", "finish.losses.gap"),
    ],
)
def test_mistakes_are_named(text: str, place: str) -> None:
    with pytest.raises(UsageError, match=place):
        parse_recipe(text, "mine.toml")


def test_a_recipe_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(UsageError, match="smoke"):
        load_recipe("nothing")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        load_recipe(tmp_path / "mine.toml")


def test_at_the_end_losses_weigh_as_the_finish_says() -> None:
    recipe = parse_recipe(LEAST + "gap = 3.0\n[finish]\npart = 0.4\nlosses = { gap = 7.0 }\n")
    assert [recipe.weights_at(step)["gap"] for step in range(5)] == [3, 3, 3, 7, 7]
    assert {recipe.weights_at(step)["weights"] for step in range(5)} == {1}
    assert [recipe.finishing(step) for step in range(5)] == [False, False, False, True, True]


def test_without_a_finish_all_steps_weigh_alike() -> None:
    recipe = parse_recipe(LEAST)
    assert all(recipe.weights_at(step) == recipe.losses for step in range(5))
    assert all(recipe.finishing(step) for step in range(5))
