"""Writes the tables that read visemes and VRM vowels off ARKit weights, from the tables of the other direction.

    python -m sdk.rigs.fit_visemes

A mouth is a mixture of visemes in more than one way: a viseme like DD is little else than a weak aa. What can be asked
is that the mixture looks like the mouth. So the weights are fitted in millimetres on the default head, to all visemes
and mixtures of two, and to lips that close on each of them: non-negative least squares over the whole table at once,
with one exception to the sign. Where `mouthClose` undoes what `jawOpen` does, the jaw behind the closed lips must not
be read as a vowel, so the unknowns are taken for ``jawOpen - mouthClose``.

The error is that of the lips in millimetres RMS, of the lip gap in the middle, and with a smaller weight of the tongue.
Of mixtures that look alike, the one is preferred that reads the examples as what they were made of.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from sdk.cli.common import run
from sdk.rigs.channel_set import channel_set
from sdk.rigs.head import default_head
from sdk.rigs.measure import lip_gap_basis
from sdk.rigs.rig_map import FOLDER, HUB, RigMap, rig_map

Doubles = NDArray[np.float64]

CLOSED_LIPS = "PP"
STRENGTHS, SHARES, CLOSING = (0.3, 0.6, 1.0), (0.25, 0.5, 0.75), (1 / 3, 2 / 3, 1.0)
"""Visemes alone, shares of two, and how far lips have closed on a viseme."""
LIPS = 0.5
"""A vertex belongs to the lips where their soft mask is above this."""
TONGUE = 0.3
"""What a square millimetre of the tongue counts against one of the lips."""
SMALL = 1e-3
"""Square millimetres that a weight of 1 costs where it moves nothing, so that the fit has one answer."""
NAMED = 3.0
"""Square millimetres that it costs to read a viseme as others that look the same."""
LEAST = 5e-4
"""Weights below this are left out of the tables."""

READ_OFF = {
    "viseme_15": tuple(name for name in channel_set("viseme_15").channels if name != "sil"),
    "vrm_1": ("aa", "ih", "ou", "ee", "oh"),
}
"""Set -> the channels that are fitted."""
MEANS = {"vrm_1": ("blinkLeft", "blinkRight", "lookUp", "lookDown", "lookLeft", "lookRight")}
"""Set -> the channels that are the mean of the shapes they drive."""
SILENT = {"viseme_15": "sil"}
"""Set -> the channel that is what the fitted ones leave of 1."""


def fitted(shown: Doubles, closed: Doubles, closing: int | None) -> Doubles:
    """The table that reads visemes off weights.

    Args:
        shown: (K, 52) ARKit weights of each viseme.
        closed: (52,) ARKit weights of closed lips.
        closing: the viseme that closes the lips; None where no viseme does, and closed lips are all visemes at 0.

    Returns:
        (K, 52), non-negative but for mouthClose.
    """
    from scipy.optimize import nnls

    jaw, close = (channel_set(HUB).index(name) for name in ("jawOpen", "mouthClose"))
    mixtures, seen = examples(shown, closed, closing, jaw, close)
    wanted = mixtures @ shown
    apart = np.eye(shown.shape[1])
    apart[jaw, close] = -1  # the jaw's column becomes jawOpen - mouthClose
    features = seen @ apart.T
    used = np.flatnonzero(np.abs(features).max(axis=0) > 1e-9)
    features = features[:, used]
    cost = costs()
    # |wanted - features W^T shown|^2 in the metric of `cost`, and NAMED |mixtures - features W^T|^2, are quadratic
    # forms in the entries of W.
    quadratic = np.kron(shown @ cost @ shown.T + NAMED * np.eye(len(shown)), features.T @ features)
    quadratic += 1e-6 * np.trace(quadratic) / len(quadratic) * np.eye(len(quadratic))
    linear = (shown @ cost @ wanted.T @ features + NAMED * mixtures.T @ features).ravel()
    root = np.linalg.cholesky(quadratic).T
    table = np.zeros_like(shown)
    table[:, used] = nnls(root, np.linalg.solve(root.T, linear), maxiter=100_000)[0].reshape(len(shown), -1)
    read: Doubles = table @ apart
    return read


def examples(shown: Doubles, closed: Doubles, closing: int | None, jaw: int, close: int) -> tuple[Doubles, Doubles]:
    """What the table is fitted to: visemes, mixtures of two, and lips that close on a viseme while the jaw stays.

    Returns:
        (N, K) strengths of the visemes, and (N, 52) the ARKit weights to read them off.
    """
    one = np.eye(len(shown))
    alone = [strength * viseme for viseme in one for strength in STRENGTHS]
    mixed = [share * a + (1 - share) * b for a, b in combinations(one, 2) for share in SHARES]
    mixtures = [*alone, *mixed]
    seen = [mixture @ shown for mixture in mixtures]
    shut = np.zeros(len(shown)) if closing is None else one[closing]
    for opened in alone:
        for part in CLOSING:
            weights = (1 - part) * opened @ shown + part * closed
            weights[jaw] = opened @ shown[:, jaw]
            weights[close] = part * weights[jaw]
            mixtures.append((1 - part) * opened + part * shut)
            seen.append(weights)
    return np.array(mixtures), np.array(seen)


def costs() -> Doubles:
    """(52, 52): the squared error, in square millimetres, of an error in the weights."""
    head = default_head()
    gap = lip_gap_basis(head)[1].astype(np.float64)
    tongue = np.zeros(len(gap))
    out = channel_set(HUB).index("tongueOut")
    vertices = np.unique(head.triangles[head.parts["tongue"]])
    tongue[out] = np.sqrt(np.square(head.shapes[out, vertices].astype(np.float64)).sum() / len(vertices))
    lips = head.regions["lips"] > LIPS
    moved = head.shapes[:, lips].astype(np.float64).reshape(len(gap), -1) / np.sqrt(lips.sum())
    cost: Doubles = moved @ moved.T + np.outer(gap, gap) + TONGUE * np.outer(tongue, tongue) + SMALL * np.eye(len(gap))
    return cost


class Row(NamedTuple):
    """One line of a table; without a source, the target when all sources are 0."""

    source: str | None
    target: str
    weight: float


def rows(name: str) -> list[Row]:
    """The table from ARKit to the set `name`."""
    back, closed = rig_map(name, HUB), rig_map("viseme_15", HUB)
    closing = READ_OFF[name].index(CLOSED_LIPS) if CLOSED_LIPS in READ_OFF[name] else None
    read = fitted(columns(back, READ_OFF[name]), columns(closed, (CLOSED_LIPS,))[0], closing)
    found = [row for target, weights in zip(READ_OFF[name], read, strict=True) for row in entries(target, weights)]
    for target in MEANS.get(name, ()):
        driven = columns(back, (target,))[0]
        found += entries(target, driven / driven.sum())
    if name in SILENT:
        found += [Row(None, SILENT[name], 1.0), *entries(SILENT[name], -read.sum(axis=0))]
    return found


def entries(target: str, weights: Doubles) -> list[Row]:
    """Rows of one target from its (52,) weights."""
    sources = channel_set(HUB).channels
    return [Row(sources[s], target, float(weights[s])) for s in np.flatnonzero(np.abs(weights) > LEAST)]


def table_of(name: str) -> str:
    """The table from ARKit to the set `name`, as its file holds it."""
    lines = [
        "# Written by python -m sdk.rigs.fit_visemes: what looks most like the mouth on the default head.",
        f"{HUB},{name},weight",
        *(f"{row.source or ''},{row.target},{row.weight:.4f}" for row in rows(name)),
    ]
    return "\n".join(lines) + "\n"


def columns(back: RigMap, names: tuple[str, ...]) -> Doubles:
    """(K, 52) ARKit weights of channels at 1."""
    return back.weights.T[[back.source.index(name) for name in names]].astype(np.float64)


@click.command()
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, show_default=True)
def write_tables(folder: Path) -> None:
    """Write the fitted tables to FOLDER."""
    for name in READ_OFF:
        (folder / f"{HUB}-{name}.csv").write_text(table_of(name), encoding="utf-8")


if __name__ == "__main__":
    run(write_tables, "python -m sdk.rigs.fit_visemes")
