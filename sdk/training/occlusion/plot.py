"""The lip gap of one clip by every method, with the time that the tracker is blind shaded."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from sdk.errors import MissingDependencyError, UsageError
from sdk.training.occlusion.study import METHODS, Traces

COLOURS = {"truth": "#1b1b1b", METHODS[0]: "#0a7d55", METHODS[1]: "#b36b00", METHODS[2]: "#8a2be2"}


SUFFIXES = (".svg", ".png", ".pdf")


def check_picture(path: Path) -> None:
    """Refuse what `plot` cannot write, before the measurement that it would show.

    Raises:
        UsageError: the suffix is unknown, or the folder is not there.
        MissingDependencyError: matplotlib is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--plot {path}", "its kind of picture is unknown", f"name a file {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise UsageError(f"--plot {path}", "its folder does not exist", "make it, or name another")
    if not find_spec("matplotlib"):
        raise MissingDependencyError("--plot", "matplotlib is not installed", "pip install 'nowface[train]'")


def plot(traces: Traces, rate: float, path: Path, title: str) -> None:
    """Write the picture; the suffix chooses the format (``.svg``, ``.png``).

    Raises:
        OSError: it cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots()
    seconds = np.arange(len(traces.truth)) / rate
    blind = traces.hidden.tolist()
    axes.fill_between(seconds, 0, 1, where=blind, transform=axes.get_xaxis_transform(), color="#e8e8ee", label="hidden")
    axes.plot(seconds, traces.truth, color=COLOURS["truth"], linewidth=1.2, linestyle="--", label="true face")
    for method in METHODS[:3]:
        axes.plot(seconds, traces.shown[method], color=COLOURS[method], linewidth=1.6, label=method)
    axes.set(xlabel="seconds", ylabel="lip gap, mm", title=title)
    axes.margins(x=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=5, frameon=False, fontsize="small")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
