"""What a face may do when nobody speaks."""

from __future__ import annotations

from dataclasses import dataclass

from sdk.parity.findings import Problem
from sdk.parity.rest.figures import RestFigures
from sdk.parity.rest.sounds import SOUNDS
from sdk.parity.rest.streams import After

HELD: tuple[tuple[After, str], ...] = (
    ("speech", "silence"),
    ("speech", "room_pink"),
    ("speech", "room_brown"),
    ("speech", "hum"),
    ("speech", "breath"),
    ("speech", "breath_near"),
    ("speech", "chord"),
    ("start", "silence"),
    ("start", "room_pink"),
    ("start", "room_brown"),
    ("start", "breath"),
    ("start", "breath_near"),
    ("start", "chord"),
)
"""What the default models keep. The others are measured and told: docs/rest.md has the figures."""
EVERYTHING: tuple[tuple[After, str], ...] = tuple(
    (after, sound.name) for after in ("speech", "start") for sound in SOUNDS
)


@dataclass(frozen=True)
class RestContract:
    """Bounds, and where they are demanded.

    Attributes:
        settle_ms: time in which the lips come within `lip_mm` of rest. The closure of a stop is silent for 100 to
            150 ms, so that no causal model can know sooner that nobody speaks on.
        lip_mm: farthest that any vertex of the lips may be from rest after that, and the lip gap from its own. Half of
            the gap at which a mouth counts as open.
        upper_mm: farthest that brows and lids may be from rest after that.
        channel: farthest that a channel may be from zero after that.
        jitter_mm: root mean square second difference of the lips' vertices after that.
        judged: (what came before, name of the sound) that must keep the bounds.
    """

    settle_ms: float = 300.0
    lip_mm: float = 0.5
    upper_mm: float = 0.5
    channel: float = 0.05
    jitter_mm: float = 0.05
    judged: tuple[tuple[After, str], ...] = HELD

    def problems(self, figures: RestFigures) -> list[Problem]:
        """Which bounds are broken, each named ``rest.FIGURE``."""
        found = []
        if figures.settle_ms is None or figures.settle_ms > self.settle_ms:
            when = "never" if figures.settle_ms is None else f"only after {figures.settle_ms:.0f} ms"
            message = f"the lips settle {when}; allowed {self.settle_ms:g} ms"
            found.append(Problem("face", "rest.settle", message))
        channel = f"channel {figures.channel}"
        for figure, what, value, bound, unit in (
            ("lip", "the lips are off rest by", figures.lip_mm, self.lip_mm, " mm"),
            ("gap", "the lip gap is off rest by", figures.gap_mm, self.lip_mm, " mm"),
            ("upper", "brows and lids are off rest by", figures.upper_mm, self.upper_mm, " mm"),
            ("channel", f"{channel} is off rest by", figures.channel_value, self.channel, ""),
            ("jitter", "the lips tremble: second difference", figures.jitter_mm, self.jitter_mm, " mm"),
        ):
            if value is not None and not value <= bound:
                found.append(Problem("face", f"rest.{figure}", f"{what} {value:.3g}{unit}; allowed {bound:g}{unit}"))
        return found
