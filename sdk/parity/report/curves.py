"""Curves of a stream as inline SVG: reference and candidate over each other, and the error of the face."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sdk.parity.findings import Comparison, Curve, unit_text
from sdk.parity.report.chart import frame_marks, largest_of_parts, round_step
from sdk.parity.report.text import escape
from sdk.rigs.lip_curves import CLOSED

LEFT, RIGHT, TOP, BOTTOM = 56, 36, 12, 36
WIDE, NARROW = (880, 220), (520, 170)
POINTS = 600
"""Most points of a line of the error; a longer stream shows the largest error of each of as many equal parts."""
LIP_GAP = "lip gap"


def face_charts(comparison: Comparison) -> str:
    """The lip gap across the page, other curves side by side, then the error of the worst vertex.

    Empty without any, and where nothing differs: one line would hide the other.
    """
    if not any(curve.reference != curve.candidate for curve in comparison.curves) and not _any_error(comparison):
        return ""
    drawn = []
    parted = first_other(comparison)
    for curve in comparison.curves:
        if curve.name == LIP_GAP:
            drawn.append(_curve(curve, WIDE, parted))
    others = [_curve(curve, NARROW, parted) for curve in comparison.curves if curve.name != LIP_GAP]
    if others:
        drawn.append('<div class="beside">\n' + "\n".join(others) + "\n</div>")
    face = comparison.face
    if face is not None and _any_error(comparison) and face.frames > 1:
        values = largest_of_parts(face.per_frame_mm, POINTS)
        scale = _Scale(WIDE, face.frames, 0.0, max(values))
        body = [*scale.grid("mm"), scale.line(values, "candidate")]
        drawn.append(
            _figure(WIDE, body, f"error of the worst {'lip ' * (face.word == 'lip')}vertex of each frame in mm")
        )
    return "\n".join(drawn)


def first_other(comparison: Comparison) -> int | None:
    """The first frame whose choices are not the reference's."""
    return min((c.first_bad_step for c in comparison.choices if c.first_bad_step is not None), default=None)


def _any_error(comparison: Comparison) -> bool:
    return comparison.face is not None and any(comparison.face.per_frame_mm)


def _curve(curve: Curve, size: tuple[int, int], parted: int | None) -> str:
    reference, candidate = (_thinned(values) for values in (curve.reference, curve.candidate))
    finite = [value for value in (*reference, *candidate) if math.isfinite(value)]
    scale = _Scale(size, len(curve.reference), min(finite), max(finite))
    body = scale.grid(curve.unit)
    if curve.name == LIP_GAP:
        body += scale.level(CLOSED, "shut")
    if parted is not None:
        body += scale.mark(parted, "another choice")
    body += [scale.line(reference, "reference"), scale.line(candidate, "candidate")]
    unit = unit_text(curve.unit)
    label = f"{escape(curve.name)}{unit and f' in {escape(unit)}'.rstrip()}"
    keys = ", ".join(f'<span class="key {who}"></span>{who}' for who in ("reference", "candidate"))
    return _figure(size, body, label, f"{label}: {keys}")


def _thinned(values: Sequence[float]) -> list[float]:
    """Every so many a value, so that there are `POINTS` at most."""
    step = -(-len(values) // POINTS)
    return list(values[::step])


def _figure(size: tuple[int, int], body: Sequence[str], label: str, caption: str = "") -> str:
    width, height = size
    lines = "\n".join(body)
    large = ' class="large"' if size == WIDE else ""
    picture = f'<svg viewBox="0 0 {width} {height}"{large} role="img" aria-label="{label}">\n{lines}\n</svg>'
    return f'<figure><div class="wide">\n{picture}</div>\n<figcaption>{caption or label}</figcaption>\n</figure>'


class _Scale:
    """Pixels of frames and values."""

    def __init__(self, size: tuple[int, int], frames: int, low: float, high: float) -> None:
        self.width, self.height = size
        self.frames = frames
        self.step = round_step((high - low) or abs(high) or 1.0)
        self.low = math.floor(low / self.step) * self.step
        self.high = max(math.ceil(high / self.step) * self.step, self.low + self.step)

    def x(self, part: float) -> float:
        """Pixel of a place in the stream, 0 its start and 1 its end."""
        return LEFT + part * (self.width - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Pixel of a value; beyond the axis it stays on its edge."""
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.height - BOTTOM - part * (self.height - TOP - BOTTOM)

    def grid(self, unit: str) -> list[str]:
        """Lines at round values, and frames along the bottom."""
        drawn = []
        for tick in range(round((self.high - self.low) / self.step) + 1):
            value = self.low + tick * self.step
            y = self.y(value)
            drawn.append(f'<line class="grid" x1="{LEFT}" x2="{self.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            drawn.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{self._tick(value)}</text>')
        bottom = self.height - BOTTOM
        for frame in frame_marks(self.frames):
            x = self.x(frame / max(1, self.frames - 1))
            drawn.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{frame}</text>')
        drawn.append(f'<text x="{self.x(0.5):.1f}" y="{self.height - 4}" text-anchor="middle">frame</text>')
        return drawn

    def _tick(self, value: float) -> str:
        """A round value in as many digits as the step has."""
        if abs(value) < self.step / 2:
            return "0"
        digits = max(0, -math.floor(math.log10(self.step)))
        return f"{value:.{digits}f}" if digits < 5 else f"{value:.1e}"

    def level(self, value: float, name: str) -> list[str]:
        """A dashed line across."""
        y = self.y(value)
        right = self.width - RIGHT
        return [
            f'<line class="level" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<text x="{right + 4}" y="{y + 4:.1f}">{name}</text>',
        ]

    def mark(self, frame: int, name: str) -> list[str]:
        """A dashed line down."""
        x = self.x(frame / max(1, self.frames - 1))
        return [
            f'<line class="level" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{self.height - BOTTOM}"/>',
            f'<text x="{x + 4:.1f}" y="{TOP + 10}">{name}</text>',
        ]

    def line(self, values: Sequence[float], who: str) -> str:
        """A curve; where it is not finite it stays where it was."""
        last = max(1, len(values) - 1)
        known = [(i, value) for i, value in enumerate(values) if math.isfinite(value)]
        points = " ".join(f"{self.x(i / last):.1f},{self.y(value):.1f}" for i, value in known)
        return f'<polyline class="{who}" points="{points}"/>'
