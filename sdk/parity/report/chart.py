"""Error over a stream as an inline SVG: one line per output, logarithmic, with the tolerance drawn in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sdk.parity.findings import Comparison
from sdk.parity.metrics import TensorError
from sdk.parity.report.text import escape

WIDTH, HEIGHT = 880, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 38
POINTS = 400
"""Most points of a line; a longer stream shows the largest error of each of as many equal parts."""
FLOOR = -9
"""Smallest decade shown; below it, and at no error at all, a line runs along the bottom."""
COLOURS = 6
"""How many line colours the style sheet has, ``--line0`` to ``--line5``."""


@dataclass(frozen=True)
class Scale:
    """Decades of the vertical axis, and frames of the horizontal one."""

    bottom: int
    top: int
    frames: int

    def x(self, part: float) -> float:
        """Pixel of a place in the stream, 0 its start and 1 its end."""
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Pixel of a fraction of the range; beyond the axis it stays on its edge."""
        decade = math.log10(value) if 0 < value < math.inf else math.inf if value else -math.inf
        part = (min(max(decade, self.bottom), self.top) - self.bottom) / (self.top - self.bottom)
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def error_chart(comparison: Comparison) -> str:
    """The chart of every output that runs with the stream; a sentence where there is no error to draw."""
    errors = [error for error in comparison.outputs if error.steps > 1]
    if not any(error.max_abs for error in errors):
        return "<p>No output of the stream differs from the reference in any bit.</p>" if errors else ""
    lines = [largest_of_parts([value / e.reference_range for value in e.per_step], POINTS) for e in errors]
    scale = _scale(lines, comparison)
    drawn = [*_decades(scale), *_frames(scale), *_tolerance(scale, comparison.tolerance.max_abs_of_range)]
    drawn += [_line(scale, line, number) for number, line in enumerate(lines)]
    body = "\n".join(drawn)
    label = "largest error of each step as a fraction of the output's range"
    picture = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="large" role="img" aria-label="{label}">\n{body}\n</svg>'
    return (
        f'<figure><div class="wide">\n{picture}</div>\n<figcaption>{label}: {_legend(errors)}</figcaption>\n</figure>'
    )


def largest_of_parts(values: Sequence[float], parts: int) -> list[float]:
    """At most `parts` values, each the largest of an equal part of `values`, so that no peak is lost."""
    if len(values) <= parts:
        return list(values)
    edges = [len(values) * part // parts for part in range(parts + 1)]
    return [max(values[first:last]) for first, last in pairwise(edges)]


def frame_marks(frames: int) -> range:
    """Round numbers of frames to write along the bottom."""
    return range(0, frames, max(1, round(round_step(frames))))


def round_step(span: float) -> float:
    """1, 2 or 5 times a power of ten, so that four to ten steps make `span` > 0."""
    power = 10.0 ** math.floor(math.log10(span / 4))
    # A quarter that is 5 but for its last bit is 5.
    return max(power * factor for factor in (1, 2, 5) if factor == 1 or power * factor <= span / 4 * (1 + 1e-9))


def _scale(lines: Sequence[Sequence[float]], comparison: Comparison) -> Scale:
    shown = [v for line in lines for v in line if 0 < v < math.inf] + [comparison.tolerance.max_abs_of_range or 1e-6]
    bottom = max(FLOOR, math.floor(math.log10(min(shown))) - 1)
    top = max(math.floor(math.log10(max(shown))) + 1, bottom + 1)
    return Scale(bottom, top, comparison.frames)


def _decades(scale: Scale) -> list[str]:
    drawn = []
    for decade in range(scale.bottom, scale.top + 1, max(1, (scale.top - scale.bottom) // 6)):
        y = scale.y(10.0**decade)
        drawn.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">1e{decade}</text>')
    return drawn


def _frames(scale: Scale) -> list[str]:
    drawn, bottom = [], HEIGHT - BOTTOM
    for frame in frame_marks(scale.frames):
        x = scale.x(frame / max(1, scale.frames - 1))
        drawn.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{frame}</text>')
    drawn.append(f'<text x="{scale.x(0.5):.1f}" y="{HEIGHT - 4}" text-anchor="middle">frame</text>')
    return drawn


def _tolerance(scale: Scale, allowed: float) -> list[str]:
    y = scale.y(allowed)
    return [
        f'<line class="tolerance" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>',
        f'<text class="tolerance" x="{WIDTH - RIGHT}" y="{y - 5:.1f}" text-anchor="end">tolerance {allowed:.0e}</text>',
    ]


def _line(scale: Scale, values: Sequence[float], number: int) -> str:
    last = max(1, len(values) - 1)
    points = " ".join(f"{scale.x(i / last):.1f},{scale.y(value):.1f}" for i, value in enumerate(values))
    return f'<polyline style="stroke: var(--line{number % COLOURS})" points="{points}"/>'


def _legend(errors: Sequence[TensorError]) -> str:
    return ", ".join(
        f'<span class="key" style="background: var(--line{number % COLOURS})"></span>{escape(error.name)}'
        for number, error in enumerate(errors)
    )
