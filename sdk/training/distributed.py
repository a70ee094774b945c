"""The processes of a run: one, or as many as ``torchrun`` started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

PATIENCE = timedelta(hours=24)
"""How long a process waits for another: the first one prepares the corpus and validates while the others wait."""


@dataclass(frozen=True)
class Processes:
    """Which process this is.

    Attributes:
        rank: its number; process 0 prepares, validates, logs and writes.
        count: how many there are.
        local_rank: its number on this machine, which chooses its accelerator.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @classmethod
    def from_environment(cls) -> Processes:
        """As ``torchrun`` says in the environment; a single process without it."""
        rank, count, local = (int(os.environ.get(name, value)) for name, value in _VARIABLES)
        return cls(rank, count, local)

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def device(self, name: str) -> torch.device:
        """The device `name`; a bare ``cuda`` becomes this process's own."""
        return torch.device(f"cuda:{self.local_rank}" if name == "cuda" else name)


_VARIABLES = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))


@contextmanager
def joined(processes: Processes, device: torch.device) -> Iterator[None]:
    """Connect the processes for the length of a ``with`` block: gloo on the CPU, NCCL on CUDA."""
    if processes.count == 1:
        yield
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def summed(values: torch.Tensor, processes: Processes) -> torch.Tensor:
    """The sum of `values` over all processes, in place."""
    if processes.count > 1:
        distributed.all_reduce(values)
    return values
