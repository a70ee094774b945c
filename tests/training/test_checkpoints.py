"""Checkpoints that are damaged, hostile or of something else are one clear error, and nothing in them runs."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest
import torch

from sdk.errors import CheckpointError
from sdk.training.average import copy_weights, update_average, using
from sdk.training.cache import read_split
from sdk.training.checkpoints import Checkpoint, load_checkpoint, save_checkpoint, trained_task
from sdk.training.log import RunLog, read_log
from sdk.training.prepare import Plan
from sdk.training.trainer import Trainer
from tests.training.conftest import toy_recipe


@pytest.fixture
def saved(plan: Plan, tmp_path: Path) -> Path:
    trainer = Trainer(toy_recipe(), read_split(plan.folder, "train"))
    trainer.update()
    save_checkpoint(tmp_path / "a.pt", trainer.checkpoint())
    return tmp_path / "a.pt"


def test_a_checkpoint_comes_back(saved: Path) -> None:
    checkpoint = load_checkpoint(saved)
    assert (checkpoint.step, checkpoint.recipe) == (1, toy_recipe())
    task, _ = trained_task(saved)
    for name, tensor in task.module.state_dict().items():
        assert torch.equal(tensor, checkpoint.average[name])
    assert [path.name for path in saved.parent.glob("a.pt*")] == ["a.pt"]


def older(saved: Path, lookahead_frames: int) -> Checkpoint:
    """`saved` in the format before, read again."""
    content = torch.load(saved)
    recipe = json.loads(content["recipe"]) | {"lookahead_frames": lookahead_frames}
    torch.save({**content, "format": "nowface-training-1", "recipe": json.dumps(recipe)}, saved)
    return load_checkpoint(saved)


def test_the_older_format_is_read_unless_its_targets_were_shifted(saved: Path) -> None:
    assert older(saved, 0).recipe == toy_recipe()
    with pytest.raises(CheckpointError, match="lookahead_samples"):
        older(saved, 2)


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_a_cut_checkpoint_is_refused(saved: Path, kept: float) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: int(kept if kept >= 1 else kept * len(data))])
    with pytest.raises(CheckpointError, match=r"a\.pt"):
        load_checkpoint(saved)


class Hostile:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("run-by-checkpoint",)


@pytest.mark.parametrize("write", [pickle.dump, torch.save])
def test_code_in_a_checkpoint_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: object) -> None:
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "a.pt").open("wb") as file:
        write({"format": Hostile()}, file)  # type: ignore[operator]
    with pytest.raises(CheckpointError, match="nothing in it was run"):
        load_checkpoint(tmp_path / "a.pt")
    assert not (tmp_path / "run-by-checkpoint").exists()


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"format": "other"},
        {"format": "nowface-training-1"},
        {"format": "nowface-training-2", "recipe": "[]"},
        {"a": torch.ones(2)},
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / "a.pt")


def test_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.pt: is not a file"):
        load_checkpoint(tmp_path / "none.pt")


def test_weights_of_another_size_are_refused(saved: Path) -> None:
    content = torch.load(saved)
    content["average"]["out.bias"] = torch.zeros(3)
    torch.save(content, saved)
    with pytest.raises(CheckpointError, match="does not fit the task toy"):
        trained_task(saved)


def test_the_average_follows_the_weights() -> None:
    module = torch.nn.BatchNorm1d(2)
    average = copy_weights(module)
    with torch.no_grad():
        module.weight.fill_(3.0)
        module.num_batches_tracked.fill_(7)
    update_average(average, module, 0.9, step=10_000)
    assert average["weight"].tolist() == pytest.approx([1.2, 1.2])
    assert average["num_batches_tracked"] == 7
    update_average(average, module, 0.9, step=0)  # the early average forgets fast: decay 1/10
    assert average["weight"].tolist() == pytest.approx([2.82, 2.82])
    with using(module, average):
        assert module.weight.tolist() == pytest.approx([2.82, 2.82])
        assert not module.training
    assert module.weight.tolist() == [3.0, 3.0]
    assert module.training


def test_a_resumed_log_forgets_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    for step in range(1, 6):
        log.write("train", step, {"total": step / 3})
    with (tmp_path / "train.csv").open("a") as file:
        file.write("6")  # cut while writing
    resumed = RunLog(tmp_path, step=3)
    resumed.write("train", 4, {"total": 0.5})
    assert [row["step"] for row in read_log(tmp_path / "train.csv")] == [1, 2, 3, 4]
    assert read_log(tmp_path / "train.csv")[0]["total"] == 1 / 3
    RunLog(tmp_path).write("train", 1, {"total": 9.0})
    assert read_log(tmp_path / "train.csv") == [{"step": 1, "total": 9.0}]
