"""Scores as a table in Markdown, a row a set, that is as well read in a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sdk.training.scores.score import Scores

_COLUMNS = (
    ("clips", "clips", "d"),
    ("p b m", "closures", "d"),
    ("mouth MAE", "mouth_mae", ".3f"),
    ("gap MAE mm", "gap_mae_mm", ".2f"),
    ("gap corr", "gap_correlation", ".3f"),
    ("lag ms", "lag_ms", ".0f"),
    ("hits", "hit_rate", ".3f"),
    ("late ms", "late_ms", ".0f"),
    ("late p90", "late_p90_ms", ".0f"),
    ("false", "false_closure_rate", ".3f"),
    ("f v", "teeth_rate", ".3f"),
    ("false f v", "false_teeth_rate", ".3f"),
    ("pucker corr", "pucker_correlation", ".3f"),
    ("jerk mm", "jerk_mm", ".2f"),
    ("ref jerk", "reference_jerk_mm", ".2f"),
    ("motion mm", "motion_mm", ".2f"),
    ("ref motion", "reference_motion_mm", ".2f"),
    ("rest mm", "rest_mm", ".2f"),
)


def table(sets: Mapping[str, Scores]) -> str:
    """A table of `sets` by name, without a final line break; a score that a set cannot give is a dash."""
    rows = [["set", *(title for title, _, _ in _COLUMNS)]]
    rows += [[name, *(_text(getattr(s, field), form) for _, field, form in _COLUMNS)] for name, s in sets.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return "\n".join(
        "| "
        + " | ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        + " |"
        for row in rows
    )


def _text(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)
