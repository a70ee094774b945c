"""``python -m sdk train``: recipes, resuming, judging, in one process and under torchrun."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from sdk.__main__ import main
from sdk.errors import NowfaceError, UsageError
from sdk.training.checkpoints import load_checkpoint
from tests.training.toy_corpus import write_corpus

ROOT = Path(__file__).parents[2]
RECIPE = """
task = "toy"
[preparation]
copies = 1
rest_clips = 3
[optimiser]
steps = STEPS
batch = 8
segment_seconds = 2.0
warm_up = 5
learning_rate = 0.03
ema = 0.9
[losses]
weights = 1.0
[validation]
every = 10
"""

pytestmark = pytest.mark.usefixtures("toy_task")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", {"train": 10, "validation": 3, "human_test": 2})


def recipe(tmp_path: Path, steps: int) -> Path:
    path = tmp_path / f"{steps}.toml"
    path.write_text(RECIPE.replace("STEPS", str(steps)))
    return path


def train(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["train", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_train_resume_and_evaluate(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = train(recipe(tmp_path, 20), "--corpus", corpus, "--out", out)
    assert done.exit_code == 0
    assert "| validation" in done.output
    with pytest.raises(UsageError, match="--resume"):
        train(recipe(tmp_path, 20), "--corpus", corpus, "--out", out)
    assert train("run", recipe(tmp_path, 20), "--corpus", corpus, "--out", out, "--resume").exit_code == 0

    shown = train("evaluate", out / "best.pt", "--corpus", corpus)
    assert [line.split("|")[1].strip() for line in shown.output.splitlines()[2:]] == ["validation", "human_test"]
    scores = json.loads(train("evaluate", out / "best.pt", "--corpus", corpus, "--json").output)
    assert scores["validation"]["clips"] == 3
    assert scores["human_test"]["clips"] == 2
    only = json.loads(train("evaluate", out / "best.pt", "--corpus", corpus, "--json", "--split", "human_test").output)
    assert only == {"human_test": scores["human_test"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing", "--corpus", "CORPUS", "--out", "OUT"], "no such recipe"),
        (["RECIPE", "--corpus", "OUT", "--out", "OUT"], "corpus"),
        (["RECIPE", "--corpus", "CORPUS", "--out", "OUT", "--device", "abacus"], "--device"),
        (["evaluate", "OUT", "--corpus", "CORPUS"], "is not a file"),
    ],
)
def test_mistakes_are_one_line(corpus: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    places = {"CORPUS": corpus, "OUT": tmp_path / "out", "RECIPE": recipe(tmp_path, 5)}
    with pytest.raises(NowfaceError, match=message) as error:
        train(*(places.get(word, word) for word in arguments))
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)


def test_torchrun_trains_what_one_process_trains(corpus: Path, toy_path: Path, tmp_path: Path) -> None:
    toml = recipe(tmp_path, 10)
    train(toml, "--corpus", corpus, "--out", tmp_path / "one")
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two = ["-m", "sdk", "train", toml, "--corpus", corpus, "--out", tmp_path / "two"]
    search = os.pathsep.join([str(toy_path), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": search, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *torchrun, *two],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("| validation") == 1
    one, other = (load_checkpoint(tmp_path / name / "latest.pt") for name in ("one", "two"))
    for name, tensor in one.average.items():
        torch.testing.assert_close(other.average[name], tensor, rtol=1e-3, atol=1e-5)


def test_help_names_the_commands() -> None:
    shown = train("--help").output
    for name in ("run", "corpus", "evaluate"):
        assert f"\n  {name}" in shown
