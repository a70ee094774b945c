"""A filmstrip: faces over the sound they belong to and the lip gap."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from sdk.film.moments import Floats, Moment
from sdk.spec import SAMPLE_RATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Words = list[tuple[str, float, float]]

WIDTH, HEIGHT, DENSITY = 900, 424, 2.0
"""Size in CSS pixels, and image pixels for each of them."""
LEFT, RIGHT, MARGIN = 84, 878, 20
FACES, WAVE, WORDS, GAP = (20, 160), (206, 258), 272, (288, 388)
"""Top and bottom of the rows, from the top; of the words the middle."""
FACE_GAP = 9
MANY = 15
"""Words that have room at full size."""
FLOOR = -1.2
"""Millimetres at the bottom of the panel of the gap: lips that press each other lie below 0."""

INK, FAINT, RULE, SOUND, LINE, RED = "#1d2433", "#5b6478", "#d4d7e0", "#aab3c5", "#3d6fd9", "#d2452d"


@dataclass(frozen=True, eq=False)
class Stretch:
    """A stretch of a recording and the face it made.

    Attributes:
        pcm: (N,) samples at 16 kHz.
        start: second of the recording at which `pcm` begins.
        times: (T,) seconds of the recording at which the frames are due.
        faces: (T, ...) that `sdk.rigs.render.FaceRenderer` draws.
        gap: (T,) lip gap in millimetres.
    """

    pcm: Floats
    start: float
    times: Floats
    faces: Floats
    gap: Floats

    @property
    def end(self) -> float:
        """Second of the recording at which `pcm` ends."""
        return self.start + len(self.pcm) / SAMPLE_RATE


def blank_figure() -> tuple[Figure, Axes]:
    """A figure of `WIDTH` by `HEIGHT` with axes over all of it, in CSS pixels from the top left corner."""
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

    figure = Figure((WIDTH / 100, HEIGHT / 100), dpi=100 * DENSITY)
    figure.patch.set_alpha(0.0)
    page = figure.add_axes((0, 0, 1, 1))
    page.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    page.axis("off")
    box = FancyBboxPatch((1, 1), WIDTH - 2, HEIGHT - 2, boxstyle="round,pad=0,rounding_size=12", fc="white", ec=RULE)
    page.add_patch(box)
    return figure, page


def panel(figure: Figure, rows: tuple[float, float], stretch: Stretch) -> Axes:
    """Axes between two heights of the page, without a frame, with the seconds of the stretch across."""
    top, bottom = rows
    axes = figure.add_axes((LEFT / WIDTH, 1 - bottom / HEIGHT, (RIGHT - LEFT) / WIDTH, (bottom - top) / HEIGHT))
    axes.set_xlim(stretch.start, stretch.end)
    axes.patch.set_alpha(0.0)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=8, labelcolor=FAINT)
    return axes


def tiles(count: int) -> list[tuple[float, float]]:
    """Left and right edge of each of `count` faces in a row."""
    width = (RIGHT - LEFT + FACE_GAP) / count
    return [(LEFT + place * width, LEFT + (place + 1) * width - FACE_GAP) for place in range(count)]


def tile_size(count: int) -> tuple[int, int]:
    """Width and height in image pixels of each of `count` faces."""
    left, right = tiles(count)[0]
    return round((right - left) * DENSITY), round((FACES[1] - FACES[0]) * DENSITY)


def draw(stretch: Stretch, moments: list[Moment], faces: list[Image.Image], words: Words) -> Figure:
    """The whole picture.

    Args:
        stretch: what is spoken.
        moments: in order of time.
        faces: one for each of `moments`.
        words: of `align_words`; may be empty.
    """
    from matplotlib.patches import FancyBboxPatch
    from matplotlib.patheffects import withStroke

    figure, page = blank_figure()
    wave, gap = panel(figure, WAVE, stretch), panel(figure, GAP, stretch)
    draw_sound(wave, stretch)
    draw_gap(gap, stretch)
    x_of = (RIGHT - LEFT) / (stretch.end - stretch.start)
    for name, (top, bottom) in (("sound", WAVE), ("lip gap\nin mm", GAP)):
        page.text(MARGIN, (top + bottom) / 2, name, size=8.5, color=FAINT, va="center", linespacing=1.4)
    halo = [withStroke(linewidth=4, foreground="white")]
    right_edge = 0.0
    for word, begin, end in words:
        across = LEFT + ((begin + end) / 2 - stretch.start) * x_of
        if len(words) > MANY:
            if across - 2.2 * len(word) < right_edge:
                continue
            right_edge = across + 2.2 * len(word) + 1
        page.text(
            across,
            WORDS,
            word,
            size=8.5 if len(words) <= MANY else 6.5,
            color=INK,
            ha="center",
            va="center",
            path_effects=halo,
        )
    for moment, face, (left, right) in zip(moments, faces, tiles(len(moments)), strict=True):
        top, bottom = FACES
        shape = FancyBboxPatch(
            (left, top), right - left, bottom - top, boxstyle="round,pad=0,rounding_size=7", fc="none", ec="none"
        )
        page.add_patch(shape)
        page.imshow(face, extent=(left, right, bottom, top), clip_path=shape, clip_on=True, aspect="auto", zorder=2)
        middle, colour = (left + right) / 2, RED if moment.closed else LINE
        second, height = float(stretch.times[moment.frame]), float(stretch.gap[moment.frame])
        label = f"{round(height, 1) + 0.0:.1f} mm".replace("-", "−")
        if moment.label:
            said = f"{moment.label}  {second:.2f} s"
            page.text(middle, top - 10, said, size=8, color=INK, ha="center", va="center")
        page.text(middle, bottom + 12, label, size=8.5, color=colour, ha="center", va="center", weight="bold")
        x = LEFT + (second - stretch.start) * x_of
        low = GAP[1] + (GAP[0] - GAP[1]) * (height - FLOOR) / (ceiling(stretch) - FLOOR)
        path = [(middle, bottom + 21), (x, WAVE[0] - 4), (x, low)]
        page.plot(*zip(*path, strict=True), color=colour, lw=0.9, alpha=0.55, zorder=1, solid_joinstyle="round")
        gap.plot(second, height, "o", ms=5.5, mfc=colour, mec="white", mew=1.0, zorder=5, clip_on=False)
    return figure


def ceiling(stretch: Stretch) -> float:
    """Top of the panel of the gap in millimetres."""
    return float(stretch.gap.max()) * 1.06


def draw_sound(axes: Axes, stretch: Stretch) -> None:
    """The waveform: loudest and softest sample of each half pixel."""
    columns = round((RIGHT - LEFT) * DENSITY)
    pieces = np.array_split(stretch.pcm, columns)
    across = np.linspace(stretch.start, stretch.end, columns)
    axes.fill_between(across, [p.min() for p in pieces], [p.max() for p in pieces], color=SOUND, lw=0.4)
    reach = float(np.abs(stretch.pcm).max())
    axes.set(ylim=(-reach, reach), xticks=[], yticks=[])


def draw_gap(axes: Axes, stretch: Stretch) -> None:
    """The lip gap over time, with millimetres at the left and seconds below."""
    axes.axhline(0, color=RULE, lw=0.9)
    axes.fill_between(stretch.times, 0, stretch.gap, color=LINE, alpha=0.10, lw=0)
    axes.plot(stretch.times, stretch.gap, color=LINE, lw=1.6, solid_joinstyle="round")
    top = ceiling(stretch)
    axes.set(ylim=(FLOOR, top), yticks=np.arange(0, top, 5))
    step = 0.5 if stretch.end - stretch.start < 6 else 1.0
    seconds = np.arange(np.ceil(stretch.start / step) * step, stretch.end, step)
    axes.set_xticks(seconds, [f"{second:.1f} s" for second in seconds])


def save(figure: Figure, path: Path) -> None:
    """Writes a PNG of 256 colours, a third of the size of one of all colours; outside the card it is transparent."""
    drawn = BytesIO()
    figure.savefig(drawn, dpi=100 * DENSITY)
    picture = Image.open(drawn)
    opaque = Image.new("RGB", picture.size, "white")
    opaque.paste(picture, mask=picture.getchannel("A"))
    colours = opaque.quantize(255, method=Image.Quantize.MAXCOVERAGE, kmeans=3)
    small = opaque.quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG)
    small.putpalette([*(small.getpalette() or []), *[255] * 768][:768])  # or index 255 has no colour to be transparent
    small.paste(255, mask=picture.getchannel("A").point(lambda alpha: 255 * (alpha < 128)))
    small.save(path, "PNG", optimize=True, transparency=255)
