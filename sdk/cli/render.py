"""``python -m sdk render BUNDLE speech.wav -o clip.mp4``: a clip, or a filmstrip, of the face."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import FiniteRange, progress
from sdk.errors import UsageError

if TYPE_CHECKING:
    from sdk.film.drawing import Shot
    from sdk.film.performance import Performance

SIZES = range(64, 2161)
"""Pixels of a side."""
FINER = 1.5
"""Pixels drawn for one of the clip, each way: edges are smooth, at a third of the cost of multisampling."""
KINDS = (".mp4", ".png")


@click.command()
@click.argument("source", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.argument("speech", required=False, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write: .mp4 or .png.")
@click.option("--target", default="eager", show_default=True, help="What runs it, e.g. executorch, onnx or coreml.")
@click.option("--precision", help="Precision of the target.  [default: its first]")
@click.option("--size", default="512", show_default=True, help="Pixels of a clip: N, or WIDTHxHEIGHT.")
@click.option("--turn", default=0.0, show_default=True, type=FiniteRange(-180, 180), help="Degrees, to its left.")
@click.option("--blinks", type=click.IntRange(0, 2**32 - 1), help="Seed of blinks.  [default: none]")
@click.option("--retarget", type=click.Path(path_type=Path), help="Retarget file: gains, limits, smoothing, knobs.")
@click.option("--draft", is_flag=True, help="Draw a clip with jagged edges, in less time.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes that draw a clip.  [default: one a core]")
@click.option("--phones", type=click.Path(path_type=Path), help="Label track: what is said, for a filmstrip.")
@click.option("--seconds", type=(FiniteRange(), FiniteRange()), help="Stretch that a filmstrip shows.  [default: all]")
@click.option("--moments", default=8, show_default=True, type=click.IntRange(2, 12), help="Faces of a filmstrip.")
def render(
    *,
    source: Path,
    speech: Path | None,
    output: Path,
    target: str,
    precision: str | None,
    size: str,
    turn: float,
    blinks: int | None,
    retarget: Path | None,
    draft: bool,
    jobs: int | None,
    phones: Path | None,
    seconds: tuple[float, float] | None,
    moments: int,
) -> None:
    """Film the default face speaking the audio file SPEECH, moved by the bundle in folder BUNDLE.

    In place of a bundle, an animation that `python -m sdk animate` wrote (.npz) is shown as it is; a clip of it needs
    no SPEECH. The output's ending says what is made: .mp4 a clip with sound, .png a filmstrip.
    """
    from sdk.bundle.phones import Phones

    kind = output.suffix.lower()
    if kind not in KINDS:
        raise UsageError(output, "its kind of file is unknown", f"end the name with {' or '.join(KINDS)}")
    if not output.parent.is_dir() or output.is_dir():
        raise UsageError(output, "cannot be a file there", "give a file name in a folder that exists")
    pixels = parse_size(size)
    said = Phones.read_labels(phones) if phones else None
    performance = performed(source, speech, target, precision, retarget)
    if blinks is not None:
        performance = performance.blinking(blinks)
    if kind == ".png":
        from sdk.film.strip import write_strip

        write_strip(output, performance, said, moments, seconds=seconds, turn=turn)
        click.echo(f"{output}: filmstrip of {len(performance.faces)} frames")
        return
    from sdk.film.drawing import Shot, usable_jobs

    began = time.perf_counter()
    frames = len(performance.faces)
    write_clip(output, performance, Shot(pixels, turn, 1.0 if draft else FINER), jobs or usable_jobs(frames))
    elapsed = time.perf_counter() - began
    length = frames / float(performance.frame_rate.fraction)
    click.echo(
        f"{output}: {frames} frames of {pixels[0]} x {pixels[1]} at {performance.frame_rate} fps, {length:.2f} s, "
        f"drawn at {frames / elapsed:.1f} frames a second, {length / elapsed:.2f} x real time"
    )


def performed(
    source: Path, speech: Path | None, target: str, precision: str | None, retarget: Path | None
) -> Performance:
    """What is filmed: a bundle's answer to a speech file, or an animation with or without its sound.

    Raises:
        NowfaceError: one class for each mistake.
    """
    import numpy as np

    from sdk.audio.files import read_audio
    from sdk.bundle import Bundle
    from sdk.film.performance import perform, read_performance

    if source.suffix.lower() == ".npz":
        if retarget is not None:
            raise UsageError("--retarget", "an animation file is not run", "give it to python -m sdk animate")
        pcm, rate = read_audio(speech) if speech else (np.zeros(0, np.float32), 16_000)
        return read_performance(source, pcm, rate)
    if speech is None:
        raise UsageError("SPEECH", "is missing", "give an audio file after the bundle")
    pcm, rate = read_audio(speech)
    with Bundle.open(source) as bundle, bundle.session(target, precision, retarget=retarget) as session:
        if not bundle.manifest.model.trained:
            click.echo("UNTRAINED model: the motion means nothing", err=True)
        return perform(bundle, session, pcm, rate)


def write_clip(output: Path, performance: Performance, shot: Shot, jobs: int) -> None:
    """Draw and encode all frames, in `jobs` processes."""
    from sdk.film.drawing import drawn
    from sdk.film.video import open_video

    faces = performance.faces
    with (
        open_video(output, shot.size, performance.frame_rate, performance.pcm, performance.rate) as add,
        progress() as bar,
    ):
        for picture in bar.track(drawn(shot, faces, jobs), total=len(faces), description=output.name):
            add(picture)


def parse_size(text: str) -> tuple[int, int]:
    """``512`` or ``720x1280`` as width and height.

    Raises:
        UsageError: something else, odd, or out of range.
    """
    match = re.fullmatch(r"(\d{1,5})(?:x(\d{1,5}))?", text.strip().lower())
    size = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if any(side not in SIZES or side % 2 for side in size):
        mend = f"give N or WIDTHxHEIGHT, even numbers from {SIZES[0]} to {SIZES[-1]}"
        raise UsageError("--size", f"{text!r} is no size of a clip", mend)
    return size
