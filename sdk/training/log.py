"""The log of a run: CSV files, and TensorBoard event files beside them if they are wanted."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdk.errors import MissingDependencyError


class RunLog:
    """Rows of numbers by step. ``train.csv`` has a row an update, ``validation.csv`` a row a validation.

    Args:
        folder: to write into.
        step: where the run goes on: rows of later steps, which a cut run left, are dropped. 0 starts anew.
        tensorboard: whether to write event files below ``tensorboard`` too.

    Raises:
        MissingDependencyError: TensorBoard is wanted and not installed.
    """

    def __init__(self, folder: Path, *, step: int = 0, tensorboard: bool = False) -> None:
        self.folder, self.step = folder, step
        self._begun: set[str] = set()
        self._writer = _tensorboard(folder / "tensorboard", step) if tensorboard else None

    def write(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Add the values after `step` updates to ``KIND.csv``; the names of the first row are the columns."""
        path = self.folder / f"{kind}.csv"
        if kind not in self._begun:
            self._begun.add(kind)
            _keep_until(path, self.step)
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["step", *values])
            writer.writerow([step, *(repr(float(value)) for value in values.values())])
        if self._writer:
            for name, value in values.items():
                self._writer.add_scalar(f"{kind}/{name}", value, step)

    def close(self) -> None:
        """Write out what TensorBoard still holds."""
        if self._writer:
            self._writer.close()


def read_log(path: Path) -> list[dict[str, float]]:
    """Rows of a CSV file of a run."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def _keep_until(path: Path, step: int) -> None:
    if not step:
        path.unlink(missing_ok=True)
    elif path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        draft = path.with_suffix(".draft")
        with draft.open("w", newline="", encoding="utf-8") as file:
            # A row that was cut while it was written belongs to a later step than the checkpoint.
            csv.writer(file).writerows([head, *(row for row in rows if len(row) == len(head) and int(row[0]) <= step)])
        draft.replace(path)


def _tensorboard(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependencyError(
            "--tensorboard", "tensorboard is not installed", "install nowface[train]"
        ) from error
    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)
