"""Draw learning.svg: what validation says of some runs as they learn.

    python docs/assets/make_learning.py "LABEL=run/validation.csv" ...

The scores are those that `python -m sdk train` writes beside each checkpoint.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from sdk.training.log import read_log

PANELS = (("gap_mae_mm", "lip gap error, mm"), ("hit_rate", "closures hit"), ("false_closure_rate", "false closures"))
COLOURS = ("#0a7d55", "#7fb8a3", "#3056a8", "#b36b00")
OUTPUT = Path(__file__).with_name("learning.svg")


def main(arguments: list[str]) -> None:
    """Each argument is a label and a run's ``validation.csv``."""
    split = (argument.rsplit("=", 1) for argument in arguments)
    runs = [(label, read_log(Path(path))) for label, path in split]
    matplotlib.rcParams["svg.hashsalt"] = OUTPUT.name  # else its identifiers are others each time
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        for colour, (label, rows) in zip(COLOURS, runs, strict=False):
            steps, scores = [row["step"] for row in rows], [row[name] for row in rows]
            axes.plot(steps, scores, color=colour, label=label, marker="o", markersize=3)
        axes.set(title=title, xlabel="steps", ylim=(0, 5.5 if name == "gap_mae_mm" else None))
        axes.title.set_fontsize(10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].legend(fontsize=7, frameon=False)
    figure.savefig(OUTPUT, metadata={"Date": None})


if __name__ == "__main__":
    main(sys.argv[1:])
