"""The trainer learns, goes on bit for bit where it stopped, and two processes compute the gradient of one."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import pytest
import torch

from sdk.errors import NumericalError, UsageError
from sdk.training.cache import read_split
from sdk.training.checkpoints import load_checkpoint, save_checkpoint, trained_task
from sdk.training.judge import Measure, judge, speech_error
from sdk.training.log import read_log
from sdk.training.prepare import Plan
from sdk.training.recipe import Recipe
from sdk.training.run import BEST, LATEST, MODEL, begin_run, run_training
from sdk.training.schedule import learning_rate
from sdk.training.trainer import StepResult, Trainer
from tests.training.conftest import toy_recipe

ROOT = Path(__file__).parents[2]
CHANCE = {"width": 16, "dropout": 0.2, "noise": 0.1}
"""A toy model that draws from both generators."""


class StoppedError(Exception):
    pass


def run(plan: Plan, recipe: Recipe, out: Path, *, resume: bool = False, stop: int | None = None) -> Trainer:
    out.mkdir(exist_ok=True)
    trainer = Trainer(recipe, read_split(plan.folder, "train"))

    def watch(result: StepResult) -> None:
        if result.step == stop:
            raise StoppedError

    run_training(trainer, read_split(plan.folder, "validation"), out, resume=resume, watch=watch)
    return trainer


def test_it_learns(plan: Plan, tmp_path: Path) -> None:
    settings = {"steps": 120, "batch": 4, "segment_seconds": 1.0, "warm_up": 5, "learning_rate": 0.03, "ema": 0.9}
    recipe = toy_recipe(optimiser=settings, validation={"every": 60})
    validation = read_split(plan.folder, "validation")
    with Trainer(recipe, read_split(plan.folder, "train")).averaged() as task:
        untrained = judge(task, validation)
    run(plan, recipe, tmp_path)
    task, _ = trained_task(tmp_path / BEST)
    trained = judge(task, validation)
    assert trained.mouth_mae < 0.2 * untrained.mouth_mae
    rows = read_log(tmp_path / "validation.csv")
    assert [row["step"] for row in rows] == [60, 120]
    best = min(rows, key=speech_error)
    assert best["gap_mae_mm"] == pytest.approx(trained.gap_mae_mm, rel=1e-6)
    assert (tmp_path / MODEL / "toy.safetensors").is_file()


def test_a_mouth_that_never_shuts_is_not_the_best() -> None:
    """Two validations of one run, and one of clips in which no lips meet."""
    shy = {"gap_mae_mm": 2.59, "hit_rate": 0.11, "false_closure_rate": 0.005}
    closing = {"gap_mae_mm": 2.80, "hit_rate": 0.95, "false_closure_rate": 0.028}
    assert speech_error(closing) < speech_error(shy)
    assert speech_error(closing) < speech_error(closing | {"false_closure_rate": 0.3})
    assert speech_error({"gap_mae_mm": 2.0, "hit_rate": math.nan, "false_closure_rate": math.nan}) == 2.0


@pytest.mark.parametrize("stop", [8, 6])
def test_a_run_that_was_cut_ends_in_the_same_bits(plan: Plan, tmp_path: Path, stop: int) -> None:
    recipe = toy_recipe(model=CHANCE)
    run(plan, recipe, tmp_path / "whole")
    with pytest.raises(StoppedError):
        run(plan, recipe, tmp_path / "cut", stop=stop)
    assert load_checkpoint(tmp_path / "cut" / LATEST).step == 6
    run(plan, recipe, tmp_path / "cut", resume=True)
    whole, cut = (load_checkpoint(tmp_path / name / LATEST) for name in ("whole", "cut"))
    assert whole.step == cut.step == 12
    for part in ("weights", "average"):
        for name, tensor in getattr(whole, part).items():
            assert torch.equal(tensor, getattr(cut, part)[name]), f"{part} {name}"
    for kind in ("train", "validation"):
        rows = [read_log(tmp_path / name / f"{kind}.csv") for name in ("whole", "cut")]
        for row in rows[0] + rows[1]:
            row.pop("seconds", None)
        assert json.dumps(rows[0]) == json.dumps(rows[1])


def test_chance_changes_with_the_seed_only(plan: Plan) -> None:
    clips = read_split(plan.folder, "train")
    first, again, other = (
        Trainer(toy_recipe(model=CHANCE, seed=seed), clips).update().losses["total"] for seed in (5, 5, 6)
    )
    assert first == again != other


def test_two_processes_have_the_gradient_of_one(plan: Plan, toy_path: Path, tmp_path: Path) -> None:
    # Segments longer than most clips: the two shares have different numbers of valid frames.
    recipe = toy_recipe(optimiser={"steps": 12, "batch": 4, "segment_seconds": 3.0, "warm_up": 2})
    path = tmp_path / "toy.toml"
    path.write_text(as_toml(recipe))
    out = tmp_path / "out"
    out.mkdir()
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, "-m", *torchrun, "-m", "tests.training.ddp_worker", plan.folder, path, out]
    search = os.pathsep.join([str(toy_path), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": search, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]

    one = Trainer(recipe, read_split(plan.folder, "train"))
    valid = one.sampler.batch(0).valid
    assert valid[0::2].sum() != valid[1::2].sum(), "equal shares would not tell a mean of means from a mean"
    result = one.update()
    written = torch.load(out / "result.pt")
    assert written["losses"] == pytest.approx(dict(result.losses), rel=1e-5)
    assert written["norm"] == pytest.approx(result.gradient_norm, rel=1e-5)
    for rank in range(2):
        gradient = torch.load(out / f"gradient-{rank}.pt")
        for name, parameter in one.task.module.named_parameters():
            torch.testing.assert_close(gradient[name], parameter.grad, rtol=1e-4, atol=1e-7)
    for _ in range(3):
        one.update()
    for name, tensor in torch.load(out / "weights.pt").items():
        torch.testing.assert_close(tensor, one.task.module.state_dict()[name], rtol=1e-3, atol=1e-5)


def as_toml(recipe: Recipe) -> str:
    """The recipe's tables that differ from the defaults; enough for the toy's."""
    lines = [f'task = "{recipe.task}"', f"seed = {recipe.seed}"]
    tables = recipe.model_dump(mode="json", include={"preparation", "optimiser", "losses", "validation"})
    for table, values in tables.items():
        lines += [f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    return "\n".join(lines)


def test_a_divergence_is_reported_before_it_reaches_the_weights(plan: Plan) -> None:
    trainer = Trainer(toy_recipe(), read_split(plan.folder, "train"))
    with torch.no_grad():
        trainer.task.module.get_parameter("out.bias")[0] = float("nan")
    with pytest.raises(NumericalError, match="step 0: weights is not finite"):
        trainer.update()
    assert not torch.isnan(trainer.task.module.get_parameter("inner.weight")).any()


def test_losses_must_be_those_of_the_recipe(plan: Plan) -> None:
    clips = read_split(plan.folder, "train")
    with pytest.raises(UsageError, match=r"losses\.lips: is not a loss"):
        Trainer(toy_recipe(losses={"weights": 1, "lips": 1}), clips).update()
    trainer = Trainer(toy_recipe(), clips)
    trainer.task.losses = lambda *_: {"weights": torch.zeros(()), "lips": torch.zeros(())}  # type: ignore[method-assign]
    with pytest.raises(UsageError, match=r"losses\.lips: is a loss without"):
        trainer.update()


def test_what_no_loss_reaches_stays_as_it_is(plan: Plan) -> None:
    settings = {"steps": 5, "batch": 4, "segment_seconds": 1.0, "warm_up": 0, "weight_decay": 0.5}
    trainer = Trainer(toy_recipe(optimiser=settings), read_split(plan.folder, "train"))
    spare, used = (part.weight.detach().clone() for part in (trainer.task.module.spare, trainer.task.module.out))
    for _ in range(5):
        trainer.update()
    assert torch.equal(trainer.task.module.spare.weight, spare)
    assert not torch.equal(trainer.task.module.out.weight, used)


FINISH = {"part": 0.5, "losses": {"weights": 3.0}}


def test_losses_weigh_otherwise_in_the_finish(plan: Plan) -> None:
    trainer = Trainer(toy_recipe(finish=FINISH), read_split(plan.folder, "train"))
    losses = [trainer.update().losses for _ in range(12)]
    assert [step["total"] / step["weights"] for step in losses] == pytest.approx([1.0] * 6 + [3.0] * 6)


def test_the_best_weights_are_those_of_the_finish(plan: Plan, tmp_path: Path) -> None:
    """The error rises all the time: the least one of the finish is its first, at step 9 of 12."""
    errors = itertools.count()
    measure = Measure(lambda task, clips, advance: {"error": float(next(errors))}, itemgetter("error"))
    recipe = toy_recipe(finish=FINISH, validation={"every": 3})
    trainer = Trainer(recipe, read_split(plan.folder, "train"))
    run_training(trainer, read_split(plan.folder, "validation"), tmp_path, measure=measure)
    assert load_checkpoint(tmp_path / BEST).step == 9


def test_a_checkpoint_of_another_recipe_is_not_resumed(plan: Plan, tmp_path: Path) -> None:
    run(plan, toy_recipe(), tmp_path)
    with pytest.raises(UsageError, match="another recipe"):
        run(plan, toy_recipe(model={"width": 8}), tmp_path, resume=True)


def test_a_run_keeps_to_its_data(tmp_path: Path) -> None:
    for _ in range(2):
        begin_run(tmp_path / "out", "one")
    with pytest.raises(UsageError, match="learns from other data"):
        begin_run(tmp_path / "out", "two")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        begin_run(tmp_path / "file" / "out", "one")


def test_a_checkpoint_of_an_older_task_is_not_resumed(plan: Plan, tmp_path: Path) -> None:
    run(plan, toy_recipe(), tmp_path)
    kept = load_checkpoint(tmp_path / LATEST)
    weights = {name: tensor.flatten()[:1] for name, tensor in kept.weights.items()}
    save_checkpoint(tmp_path / LATEST, replace(kept, weights=weights))
    with pytest.raises(UsageError, match="does not fit the task"):
        run(plan, toy_recipe(), tmp_path, resume=True)


def test_low_precision_keeps_the_weights_in_full(plan: Plan) -> None:
    clips = read_split(plan.folder, "train")
    full, low = (Trainer(toy_recipe(precision=name), clips) for name in ("float32", "bfloat16"))
    losses = [trainer.update().losses["total"] for trainer in (full, low)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert all(p.dtype == torch.float32 for p in low.task.module.parameters())


def test_the_learning_rate_warms_up_and_decays() -> None:
    optimiser = toy_recipe(
        optimiser={"steps": 100, "warm_up": 10, "learning_rate": 0.5, "final_rate": 0.1, "segment_seconds": 1.0}
    ).optimiser
    rates = [learning_rate(optimiser, step) for step in range(100)]
    assert rates[:10] == pytest.approx([0.05 * n for n in range(1, 11)])
    assert rates[10] == 0.5
    assert rates[-1] == pytest.approx(0.05)
    assert all(a > b for a, b in itertools.pairwise(rates[10:]))
    assert rates[55] == pytest.approx(0.275, abs=0.01)


def test_tensorboard_files_are_written(plan: Plan, tmp_path: Path) -> None:
    trainer = Trainer(toy_recipe(), read_split(plan.folder, "train"))
    run_training(trainer, read_split(plan.folder, "validation"), tmp_path, tensorboard=True)
    [events] = (tmp_path / "tensorboard").iterdir()
    assert b"train/total" in events.read_bytes()
