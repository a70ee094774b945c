"""``python -m sdk animate BUNDLE speech.wav -o out.npz``: a speech file to an animation file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sdk.runtime import Frame, Session

CHUNK_SECONDS = 0.5
"""Of audio a push: small enough for a smooth progress bar; the frames do not depend on it."""


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("speech", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write: .npz or .csv.")
@click.option("--target", default="eager", show_default=True, help="What runs it, e.g. executorch, onnx or coreml.")
@click.option("--precision", help="Precision of the target.  [default: its first]")
@click.option("--template", type=click.Path(path_type=Path), help="Face at rest: .npy (V, 3) or .obj.")
@click.option("--style", help="Speaking style: its index, or a number for each with commas between them.")
def animate(
    *,
    bundle: Path,
    speech: Path,
    output: Path,
    target: str,
    precision: str | None,
    template: Path | None,
    style: str | None,
) -> None:
    """Animate a face with the bundle in folder BUNDLE and the audio file SPEECH (WAV, FLAC or OGG)."""
    from sdk.audio.files import read_audio
    from sdk.bundle import Bundle
    from sdk.cli.animation_files import Layout, check_suffix, open_animation
    from sdk.cli.face_options import parameters_from_options

    check_suffix(output)
    pcm, rate = read_audio(speech)
    with Bundle.open(bundle) as opened:
        parameters = parameters_from_options(opened.pipeline, template, style)
        layout = Layout(opened.rig.shape, opened.rig.names, opened.unit, opened.pipeline.frame_rate)
        with opened.session(target, precision, parameters) as session:
            began = time.perf_counter()
            seconds = len(pcm) / rate
            with open_animation(output, layout) as add, progress() as bar:
                task = bar.add_task(speech.name, total=round(seconds * float(layout.frame_rate.fraction)))
                for frame in frames_of(session, pcm, rate):
                    add(frame)
                    bar.advance(task)
            elapsed = time.perf_counter() - began
            report = session.report
        parts = [
            f"{output}: {report.frames} frames at {layout.frame_rate} fps, {seconds:.2f} s of audio",
            f"real-time factor {elapsed / seconds:.3f}",
        ]
        if report.non_finite_samples:
            parts.append(f"{report.non_finite_samples} NaN or infinite samples became 0")
        if not opened.manifest.model.trained:
            parts.append("UNTRAINED model: the motion means nothing")
        click.echo(", ".join(parts))


def frames_of(session: Session, pcm: NDArray[np.float32], rate: int) -> Iterator[Frame]:
    """All frames of a clip: pushed in chunks of `CHUNK_SECONDS` and flushed, so that memory stays small."""
    chunk = max(1, int(rate * CHUNK_SECONDS))
    for first in range(0, len(pcm), chunk):
        session.push(pcm[first : first + chunk], rate)
        yield from session.poll()
    session.flush()
    yield from session.poll()
