"""Recipes: everything that decides a training run, as one closed TOML file.

``::``

    task = "NAME"              # of the entry points "nowface.tasks"
    seed = 1
    precision = "float32"      # or "bfloat16": activations only, weights stay float32
    [model]                    # the task's own table
    [preparation]              # copies, rest_clips
    [augmentation]             # see sdk.training.augment.settings
    [optimiser]                # AdamW and its schedule
    [losses]                   # weight of each loss that the task names
    [finish]                   # the last part of the steps, and the weights that are others there
    [validation]               # when, on how much
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, FiniteFloat, JsonValue, ValidationError, model_validator

from sdk.errors import UsageError
from sdk.spec import Record
from sdk.training.augment.settings import Augmentation

Positive = Annotated[FiniteFloat, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Preparation(Record):
    """What is made of the corpus before training.

    Attributes:
        copies: augmented copies of each training utterance; each draws its own effects.
        clean: whether the utterance as it is goes in as well.
        rest_clips: clips without speech, for each of which the face is at rest.
    """

    copies: Annotated[int, Field(ge=0, le=100)] = 2
    clean: bool = False
    rest_clips: Annotated[int, Field(ge=0, le=100_000)] = 120

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.copies and not self.clean:
            raise ValueError("neither clean speech nor copies: nothing to train on")
        return self


class Optimiser(Record):
    """AdamW (Loshchilov and Hutter 2019) with a linear warm-up and a cosine decay (the same, SGDR, 2017).

    Attributes:
        steps: updates in all.
        batch: segments an update, over all processes.
        segment_seconds: of a segment; a multiple of 0.1 s, where the clocks of features and frames meet.
        learning_rate: the highest.
        final_rate: the last, as a part of the highest.
        warm_up: steps until the highest.
        weight_decay: AdamW's, on matrices only; biases and gains are left alone.
        clip_norm: largest norm of the gradient of all parameters together.
        ema: decay of the averaged weights a step (Polyak averaging); 0 keeps the last weights.
    """

    steps: Count
    batch: Count = 16
    segment_seconds: Annotated[FiniteFloat, Field(ge=0.1, le=60, multiple_of=0.1)] = 4.0
    learning_rate: Positive = 1e-3
    final_rate: Annotated[FiniteFloat, Field(ge=0, le=1)] = 0.02
    warm_up: Annotated[int, Field(ge=0)] = 200
    weight_decay: Annotated[FiniteFloat, Field(ge=0)] = 0.01
    betas: tuple[Annotated[FiniteFloat, Field(ge=0, lt=1)], Annotated[FiniteFloat, Field(ge=0, lt=1)]] = (0.9, 0.99)
    clip_norm: Positive = 1.0
    ema: Annotated[FiniteFloat, Field(ge=0, lt=1)] = 0.999


LossWeights = dict[str, Annotated[FiniteFloat, Field(ge=0)]]


class Finish(Record):
    """The end of a run, in which losses weigh otherwise: first what is common, then what is rare.

    Attributes:
        part: of the steps.
        losses: weights that take the place of those in the recipe's ``[losses]``; the others stay. None where the task
            itself changes what counts.
    """

    part: Annotated[FiniteFloat, Field(gt=0, lt=1)]
    losses: LossWeights = Field(default_factory=dict)


class Validation(Record):
    """When and on what the averaged weights are judged, free-running.

    Attributes:
        every: steps between two validations and checkpoints.
        clips: of the validation split, evenly spread; 0 for all.
    """

    every: Count = 500
    clips: Annotated[int, Field(ge=0)] = 64


class Recipe(Record):
    """A whole recipe; see the module."""

    task: Annotated[str, Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    precision: Literal["float32", "bfloat16"] = "float32"
    model: dict[str, JsonValue] = Field(default_factory=dict)
    preparation: Preparation = Preparation()
    augmentation: Augmentation = Augmentation()
    optimiser: Optimiser
    losses: Annotated[LossWeights, Field(min_length=1)]
    finish: Finish | None = None
    validation: Validation = Validation()

    @model_validator(mode="after")
    def _finish_knows_its_losses(self) -> Self:
        unknown = sorted(self.finish.losses.keys() - self.losses.keys()) if self.finish else []
        if unknown:
            raise ValueError(f"finish.losses.{unknown[0]} is not in [losses]")
        return self

    @model_validator(mode="after")
    def _finish_has_a_step(self) -> Self:
        if not self.finishing(self.optimiser.steps - 1):
            raise ValueError(f"finish.part of {self.optimiser.steps} steps is less than one")
        return self

    def finishing(self, step: int) -> bool:
        """Whether update `step`, from 0, belongs to the end of the run; all do where the recipe has no ``[finish]``."""
        return self.finish is None or step >= round(self.optimiser.steps * (1 - self.finish.part))

    def weights_at(self, step: int) -> LossWeights:
        """The weight of each loss in update `step`, from 0."""
        if self.finish is None or not self.finishing(step):
            return self.losses
        return {**self.losses, **self.finish.losses}


def recipe_names() -> list[str]:
    """Names of the embedded recipes."""
    return sorted(file.name.removesuffix(".toml") for file in _embedded().iterdir() if file.name.endswith(".toml"))


def load_recipe(name: str | Path) -> Recipe:
    """An embedded recipe by name, or a TOML file by path.

    Raises:
        UsageError: there is none, it is not TOML, or a value is wrong; names the key.
    """
    if str(name) in recipe_names():
        return parse_recipe(_embedded().joinpath(f"{name}.toml").read_text(encoding="utf-8"), name)
    path = Path(name)
    if not path.is_file():
        raise UsageError(name, "no such recipe", f"name a TOML file or one of {', '.join(recipe_names())}")
    try:
        return parse_recipe(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(path, f"cannot be read ({error})", "give a TOML file in UTF-8") from error


def parse_recipe(text: str, subject: object = "recipe") -> Recipe:
    """A recipe from its text.

    Raises:
        UsageError: as `load_recipe`.
    """
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(subject, f"is not TOML ({error})", "mend the line") from error
    return check_recipe(table, subject)


def check_recipe(table: object, subject: object = "recipe") -> Recipe:
    """A recipe from plain values.

    Raises:
        UsageError: a key is unknown or missing, or a value is wrong.
    """
    try:
        return Recipe.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "recipe"
        raise UsageError(subject, f"{place}: {first['msg'].lower()}", "see the table in docs/training.md") from error


def _embedded() -> Any:
    return files("sdk.training").joinpath("recipes")
