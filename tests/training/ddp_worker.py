"""One of two processes: a step of a prepared run; process 0 writes gradient, losses and the weights after it."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from sdk.training.cache import read_split
from sdk.training.distributed import Processes, joined
from sdk.training.recipe import load_recipe
from sdk.training.trainer import Trainer


def main(cache: Path, recipe: Path, out: Path) -> None:
    processes, device = Processes.from_environment(), torch.device("cpu")
    with joined(processes, device):
        trainer = Trainer(load_recipe(recipe), read_split(cache, "train"), processes, device)
        result = trainer.update()
        gradient = {name: p.grad for name, p in trainer.task.module.named_parameters()}
        torch.save(gradient, out / f"gradient-{processes.rank}.pt")
        for _ in range(3):
            trainer.update()
        if processes.first:
            torch.save({"losses": dict(result.losses), "norm": result.gradient_norm}, out / "result.pt")
            torch.save(trainer.task.module.state_dict(), out / "weights.pt")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
