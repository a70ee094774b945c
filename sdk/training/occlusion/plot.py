"""The lip gap of one clip by every method, with the time that the tracker is blind shaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdk.training.occlusion.study import METHODS, Traces

COLOURS = {"truth": "#1b1b1b", METHODS[0]: "#0a7d55", METHODS[1]: "#b36b00", METHODS[2]: "#8a2be2"}


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
