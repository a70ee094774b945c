"""What a terminal shows of a live stream: a small face, bars, and the latency meter."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sdk.live.meter import Meter, Times
from sdk.parity.face import Face, NoFace
from sdk.runtime.events import Report

QUIETEST = -60.0
"""Decibels below full scale at which the level's bar is empty."""
WIDEST_GAP = 16.0
"""Millimetres of lip gap that open the mouth of the small face wholly."""
MOUTH_ROWS = 4
BARS = ("jawOpen", "mouthClose", "mouthFunnel", "mouthPucker")
WIDTH = 22
"""Characters of a bar."""


class Screen:
    """Draws the newest frame.

    Attributes:
        gap: lip gap of the newest frame in millimetres, None if this face has none.
        gaps: smallest and largest of the stream; infinite without any.

    Args:
        title: of the panel.
        names: of the channels; empty for vertices.
        face: how values become millimetres.
    """

    def __init__(self, title: str, names: Sequence[str], face: Face | NoFace) -> None:
        self._title = title
        self._place = {name: place for place, name in enumerate(names)}
        self._face = face
        self._values: NDArray[np.float32] | None = None
        self.gap: float | None = None
        self.gaps = (math.inf, -math.inf)

    def show(self, values: NDArray[np.float32]) -> None:
        """Take the values of a frame."""
        self._values = values
        gap = None if isinstance(self._face, NoFace) else self._face.gap(values[None])
        if gap is not None:
            self.gap = float(gap[0])
            self.gaps = min(self.gaps[0], self.gap), max(self.gaps[1], self.gap)

    def draw(self, meter: Meter, report: Report, overflows: int) -> RenderableType:
        """The whole screen."""
        gap = self.gap
        face = small_face(gap or 0.0, self._value("mouthPucker"), self._value("eyeBlinkLeft"))
        bars = Table.grid(padding=(0, 1))
        bars.add_row("level", bar((meter.level_dbfs - QUIETEST) / -QUIETEST), f"{meter.level_dbfs:4.0f} dBFS")
        if gap is not None:
            bars.add_row("lip gap", bar(gap / WIDEST_GAP), f"{gap:4.1f} mm")
        for name in BARS:
            if name in self._place:
                bars.add_row(name, bar(self._value(name)), f"{self._value(name):4.2f}")
        lost = report.dropped_samples, report.skipped_frames, overflows
        numbers = Table.grid(padding=(0, 2))
        numbers.add_row("push to frame", *_times(meter.push_to_frame))
        numbers.add_row("sound to frame", *_times(meter.sound_to_frame))
        numbers.add_row("frames", str(meter.frames), _warned(meter.late, "late"))
        numbers.add_row(
            "dropped", _warned(lost[0], "samples"), _warned(lost[1], "frames"), _warned(lost[2], "overflows")
        )
        numbers.add_row("real-time factor", f"{meter.real_time_factor:.3f}", f"{meter.seconds:.1f} s heard")
        return Panel(
            Group(Columns([Text(face), bars], padding=(0, 4)), Text(""), numbers),
            title=self._title,
            subtitle="Ctrl-C ends",
            expand=False,
            padding=(1, 2),
        )

    def _value(self, name: str) -> float:
        if self._values is None or name not in self._place:
            return 0.0
        return float(self._values[self._place[name]])


def small_face(gap: float, pucker: float, blink: float) -> str:
    """Nine lines of a face: a lip gap in millimetres, and how far the lips are puckered and an eye shut, 0 to 1."""
    eye = "-" if blink > 0.5 else "o"
    opened = min(MOUTH_ROWS, max(0, round(gap / WIDEST_GAP * MOUTH_ROWS)))
    half = 2 if pucker > 0.3 else 3
    rim = "─" * (2 * half - 1)
    mouth = [f"╶{rim}╴"] if opened == 0 else [f"╭{rim}╮", *[f"│{' ' * len(rim)}│"] * (opened - 1), f"╰{rim}╯"]
    lines = ["", f"{eye}     {eye}", "", "╵", "", *mouth]
    lines += [""] * (6 + MOUTH_ROWS - len(lines))
    width = 15
    return "\n".join(["╭" + "─" * width + "╮", *(f"│{line:^{width}}│" for line in lines), "╰" + "─" * width + "╯"])


def bar(share: float) -> Text:
    """A bar `WIDTH` wide, filled to `share` of 1."""
    full = round(min(1.0, max(0.0, share)) * WIDTH) if np.isfinite(share) else 0
    return Text("█" * full, "green") + Text("░" * (WIDTH - full), "bright_black")


def _times(times: Times) -> tuple[str, str, str]:
    median, high = times.quantile(0.5), times.quantile(0.95)
    if median is None or high is None:
        return "-", "-", "-"
    return f"{median:.1f} ms", f"p95 {high:.1f} ms", f"max {times.largest:.1f} ms"


def _warned(count: int, what: str) -> Text:
    return Text(f"{count} {what}", "bold red" if count else "")
