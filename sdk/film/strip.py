"""The filmstrip of a performance: PNG."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from sdk.bundle.phones import Phones
from sdk.errors import UsageError
from sdk.film.figure import Stretch, Words, draw, save, tile_size
from sdk.film.moments import Floats, Moment, choose_moments, is_speech
from sdk.film.performance import Performance, at_16_khz
from sdk.film.phone_moments import Lips, phone_moments
from sdk.rigs.head import default_head
from sdk.rigs.render import FaceRenderer
from sdk.spec import SAMPLE_RATE

RENDERED = (900, 1125)
"""Pixels of a rendered head."""
BROWS_TO_CHIN, EYES_TO_CHIN = (0.30, 0.812), (0.345, 0.79)
"""Where in its height a part of it begins and ends."""


def portraits(
    faces: Iterable[Floats], size: tuple[int, int], turn: float = 0.0, part: tuple[float, float] = BROWS_TO_CHIN
) -> list[Image.Image]:
    """A part of the default face in pictures of `size` pixels; `faces` and `turn` as `FaceRenderer` takes them."""
    top, bottom = (share * RENDERED[1] for share in part)
    aside = (bottom - top) * size[0] / size[1] / 2
    left, right = RENDERED[0] / 2 - aside, RENDERED[0] / 2 + aside
    with FaceRenderer(default_head(), RENDERED, turn) as renderer:
        heads = [Image.fromarray(renderer.draw(face)).crop((left, top, right, bottom)) for face in faces]
    return [head.resize(size, Image.Resampling.LANCZOS) for head in heads]


def write_strip(
    path: Path,
    performance: Performance,
    phones: Phones | None,
    count: int,
    *,
    seconds: tuple[float, float] | None = None,
    turn: float = 0.0,
) -> None:
    """Write a filmstrip: faces at `count` moments, the sound, the phones and the lip gap.

    A frame stands at the time at which it is due: when all the sound that it was made of has been heard.

    Args:
        path: PNG to write.
        performance: with sound.
        phones: what is said; without them the moments are closures and wide openings in turn.
        count: 2 or more.
        seconds: the stretch to show, as far as there is sound; None for all.
        turn: as `FaceRenderer` takes it.

    Raises:
        UsageError: there is no sound, not enough happens in it, or the file cannot be written.
    """
    if not len(performance.pcm):
        raise UsageError(path, "there is no sound to draw", "give the speech file as well")
    times = (performance.times + 1 / float(performance.frame_rate.fraction)).astype(np.float32)
    length = len(performance.pcm) / performance.rate
    start, end = seconds or (0.0, length)
    end = min(end, length)
    kept = (times >= start) & (times < end)
    if kept.sum() < 2:
        raise UsageError(f"{start:g} to {end:g} s", "the clip has no two frames there", "give seconds inside it")
    pcm = at_16_khz(performance)[round(max(start, 0.0) * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    stretch = Stretch(pcm, max(start, 0.0), times[kept], performance.faces[kept], performance.gap[kept])
    lips = Lips(stretch.times, stretch.gap, performance.protrusion[kept])
    moments = choose(stretch, lips, phones, count)
    pictures = portraits(
        (stretch.faces[moment.frame] for moment in moments), tile_size(len(moments)), turn, part=EYES_TO_CHIN
    )
    figure = draw(stretch, moments, pictures, said_in(phones, stretch))
    try:
        save(figure, path)
    except OSError as error:
        raise UsageError(path, f"cannot be written ({error.strerror})", "name a file in a folder") from error


def said_in(phones: Phones | None, stretch: Stretch) -> Words:
    """The phones of a stretch, with their seconds."""
    runs = phones.runs() if phones else []
    timed = [(name, start / SAMPLE_RATE, end / SAMPLE_RATE) for name, start, end in runs]
    return [run for run in timed if run[1] >= stretch.start and run[2] <= stretch.end]


def choose(stretch: Stretch, lips: Lips, phones: Phones | None, count: int) -> list[Moment]:
    """The moments to show; at least two.

    Raises:
        UsageError: not so much happens.
    """
    if phones is None:
        heard = is_speech(stretch.pcm, stretch.times - np.float32(stretch.start))
        return choose_moments(stretch.gap, stretch.times, heard, count)
    moments = phone_moments(phones, lips, count)
    if len(moments) < 2:
        raise UsageError("--phones", "name fewer than two mouths to show", "give the phones of this clip, in ARPAbet")
    return moments
