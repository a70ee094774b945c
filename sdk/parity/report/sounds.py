"""Errors by sound: a table across the cases, columns for every phone of a case, and a line for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sdk.parity.cases import ParityReport
from sdk.parity.face.figures import FaceFigures
from sdk.parity.face.sounds import SoundError, SoundErrors
from sdk.parity.face.visemes import BILABIAL, OTHER, SILENCE, VISEMES, Viseme
from sdk.parity.report.chart import round_step
from sdk.parity.report.parts import link, named, table
from sdk.parity.report.text import escape, figure

WIDTH, HEIGHT = 880, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 14, 54
GAP = 0.8
"""Space between two groups, in columns."""
NUMBERS = ("said", "frames", "mean, mm", "worst, mm", "at frame")
GROUPS = {viseme.name: viseme for viseme in (*VISEMES, OTHER, SILENCE)}


def sounds_overview(report: ParityReport) -> str:
    """A row for each case whose speech is known: error of each group of phones; empty where there is none."""
    shown = [(c, c.comparison.face) for c in report.cases if c.comparison and c.comparison.face]
    told = [(case, face, face.sounds) for case, face in shown if face.sounds]
    if not told:
        return ""
    groups = [name for name in GROUPS if any(each.name == name for _, _, s in told for each in s.visemes)]
    first = told[0][1]
    titles = [_title(GROUPS[name]) for name in groups]
    shut = "p b m shut"
    rows = []
    for case, _, sounds in told:
        means = {each.name: figure(each.mean_mm) for each in sounds.visemes}
        rows.append([link(case), *named(case), _shut(sounds), *(means.get(name, "-") for name in groups)])
    made = table(("verdict", "target", "precision", "mode", shut, *titles), rows, (shut, *titles))
    said = (
        f"{first.worst_name.capitalize()} in mm, mean over the frames that show each group of sounds. "
        "<em>p b m shut</em>: at how many of the sounds at which the reference's lips meet the candidate's do too."
    )
    return f'<h2>By sound</h2>\n{made}\n<p class="quiet">{said}</p>'


def sounds_section(face: FaceFigures) -> str:
    """A case's columns and, folded away, its numbers; empty where nobody has said what is spoken or nothing differs."""
    sounds = face.sounds
    if sounds is None or not any(each.worst_mm for each in sounds.phones):
        return ""
    what = "lip vertex" if face.word == "lip" else "vertex"
    label = f"error of the worst {what} in mm by sound: mean of its frames, and a line up to the worst frame"
    body = "\n".join(_columns(sounds.phones))
    picture = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="large" role="img" aria-label="{label}">\n{body}\n</svg>'
    key = '<span class="key bilabial"></span>lips must meet'
    chart = f'<figure><div class="wide">\n{picture}</div>\n<figcaption>{label}; {key}</figcaption>\n</figure>'
    groups = ([each.name, GROUPS[each.name].meaning, *_numbers(each)] for each in sounds.visemes)
    phones = ([escape(each.name), each.viseme, *_numbers(each)] for each in sounds.phones)
    inner = table(("group", "", *NUMBERS), groups, NUMBERS, prose=("",))
    inner += "\n" + table(("sound", "group", *NUMBERS), phones, NUMBERS)
    folded = f"<details><summary>{len(sounds.phones)} sounds in numbers</summary>\n{inner}\n</details>"
    return f"{chart}\n{_lips(sounds)}{folded}"


def sounds_line(sounds: SoundErrors) -> str:
    """The groups in a line, p b m first."""
    parts = [f"{_title(GROUPS[each.name])} {figure(each.mean_mm)}" for each in sounds.visemes]
    line = f"by sound, mm: {', '.join(parts)}"
    return line if sounds.bilabials is None else f"{line}; p b m shut at {_shut(sounds)}"


def sounds_document(sounds: SoundErrors) -> dict[str, Any]:
    """JSON-able form."""
    count = sounds.bilabials
    return {
        "phones": [_document(each) | {"viseme": each.viseme} for each in sounds.phones],
        "visemes": [_document(each) for each in sounds.visemes],
        "bilabials": count
        and {
            "said": count.said,
            "reference": count.reference,
            "kept": count.kept,
            "farthest_mm": count.farthest_mm,
        },
    }


def _document(each: SoundError) -> dict[str, Any]:
    return {
        "name": each.name,
        "said": each.said,
        "frames": each.frames,
        "mean_mm": each.mean_mm,
        "worst_mm": each.worst_mm,
        "worst_frame": each.worst_frame,
    }


def _title(viseme: Viseme) -> str:
    """A short group by its phones, a long one by its name."""
    return " ".join(viseme.phones) if 1 < len(viseme.phones) <= 3 else viseme.name


def _shut(sounds: SoundErrors) -> str:
    count = sounds.bilabials
    return "-" if count is None else f"{count.kept} of {count.reference}"


def _lips(sounds: SoundErrors) -> str:
    """What becomes of p, b and m, in a sentence."""
    count = sounds.bilabials
    if count is None:
        return ""
    farther = f"{figure(abs(count.farthest_mm))} mm {'farther apart' if count.farthest_mm >= 0 else 'closer'}"
    said = (
        f"At {count.reference} of {count.said} p, b and m the reference's lips meet; the candidate's do at {count.kept}"
    )
    return f"<p>{said} of these, and are {farther} than the reference's at the worst of all.</p>\n"


def _numbers(each: SoundError) -> list[str]:
    counts = str(each.said) if each.said else "-", str(each.frames)
    return [*counts, figure(each.mean_mm), figure(each.worst_mm), str(each.worst_frame)]


def _columns(phones: Sequence[SoundError]) -> list[str]:
    """A column a phone, the groups apart, over lines at round values."""
    groups = [(GROUPS[name], list(part)) for name, part in groupby(phones, key=lambda each: each.viseme)]
    width = (WIDTH - LEFT - RIGHT) / (len(phones) + GAP * len(groups))
    most = max(each.worst_mm for each in phones)
    step = round_step(most)
    top, bottom = math.ceil(most / step - 1e-9) * step, HEIGHT - BOTTOM

    def y(value: float) -> float:
        return bottom - value / top * (bottom - TOP)

    drawn = []
    digits = max(0, -math.floor(math.log10(step)))
    for tick in range(round(top / step) + 1):
        at, text = y(tick * step), f"{tick * step:.{digits}f}" if digits < 5 else f"{tick * step:.1e}"
        drawn.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        drawn.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{text if tick else "0"}</text>')
    x = LEFT + width * GAP / 2
    for viseme, part in groups:
        look = "bilabial" if viseme is BILABIAL else "sound"
        for place, each in enumerate(part):
            left, middle = x + width * (place + 0.15), x + width * (place + 0.5)
            low, high = y(each.mean_mm), y(each.worst_mm)
            drawn += [
                f'<line class="{look}" x1="{middle:.1f}" x2="{middle:.1f}" y1="{high:.1f}" y2="{low:.1f}"/>',
                f'<rect class="{look}" x="{left:.1f}" y="{low:.1f}" width="{0.7 * width:.1f}" '
                f'height="{bottom - low:.1f}"><title>{_told(each)}</title></rect>',
                f'<text x="{middle:.1f}" y="{bottom + 16}" text-anchor="middle">{escape(each.name)}</text>',
            ]
        ends = x + width * 0.1, x + width * (len(part) - 0.1)
        drawn.append(
            f'<line class="group" x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{bottom + 24}" y2="{bottom + 24}"/>'
        )
        middle = sum(ends) / 2
        drawn.append(f'<text x="{middle:.1f}" y="{bottom + 40}" text-anchor="middle">{escape(viseme.name)}</text>')
        x += width * (len(part) + GAP)
    return drawn


def _told(each: SoundError) -> str:
    times = f"said {each.said} times, " if each.said else ""
    return (
        f"{escape(each.name)}: {times}{each.frames} frames, mean {figure(each.mean_mm)} mm, "
        f"worst {figure(each.worst_mm)} mm at frame {each.worst_frame}"
    )
