"""``python -m sdk animate BUNDLE speech.wav -o out.glb``: a speech file to an animation file."""

from __future__ import annotations

import time
from pathlib import Path

import click

from sdk.animation.formats import FORMATS, find_format
from sdk.cli.common import progress

SUFFIXES = ", ".join(dict.fromkeys(each.suffix for each in FORMATS.values()))


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("speech", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help=f"File to write: {SUFFIXES}.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), help="Of the file.  [default: from its suffix]")
@click.option("--target", default="eager", show_default=True, help="What runs it, e.g. executorch, onnx or coreml.")
@click.option("--precision", help="Precision of the target.  [default: its first]")
@click.option("--template", type=click.Path(path_type=Path), help="Face at rest: .npy (V, 3) or .obj.")
@click.option("--style", help="Speaking style: its index, or a number for each with commas between them.")
@click.option("--rig", help="Channels to write: a channel set's name, e.g. meta_fb2_70, or a rig file of your own.")
@click.option("--retarget", type=click.Path(path_type=Path), help="Retarget file: gains, limits, smoothing, knobs.")
@click.option("--blinks", type=click.IntRange(0, 2**32 - 1), metavar="SEED", help="Blink; each seed at other times.")
@click.option(
    "--unity-path", default="", help="Names from the Animator's object to the one with the shapes: Body/Head."
)
def animate(
    *,
    bundle: Path,
    speech: Path,
    output: Path,
    form: str | None,
    target: str,
    precision: str | None,
    template: Path | None,
    style: str | None,
    rig: str | None,
    retarget: Path | None,
    blinks: int | None,
    unity_path: str,
) -> None:
    """Animate a face with the bundle in folder BUNDLE and the audio file SPEECH (WAV, FLAC or OGG)."""
    from sdk.animation.files import open_animation
    from sdk.animation.layout import Layout, Sound
    from sdk.audio.files import read_audio
    from sdk.bundle import Bundle
    from sdk.cli.face_options import face_from_options, parameters_from_options
    from sdk.cli.shaping import Shaping
    from sdk.runtime.clip import frames_of

    chosen = find_format(output, form)
    pcm, rate = read_audio(speech)
    with Bundle.open(bundle) as opened:
        parameters = parameters_from_options(opened.pipeline, template, style)
        shaping = Shaping.from_options(opened, rig, blinks)
        layout = Layout(
            shaping.shape,
            shaping.names,
            opened.unit,
            opened.pipeline.frame_rate,
            title=speech.stem,
            sound=Sound(speech.name, pcm, rate),
            face=face_from_options(opened, template, shaping.names) if chosen.mesh else None,
            high=shaping.high,
            unity_path=unity_path,
        )
        with opened.session(target, precision, parameters, retarget=retarget) as session:
            began = time.perf_counter()
            seconds = len(pcm) / rate
            with open_animation(output, layout, form) as add, progress() as bar:
                task = bar.add_task(speech.name, total=round(seconds * float(layout.frame_rate.fraction)))
                for frame in frames_of(session, pcm, rate):
                    add(shaping.apply(frame))
                    bar.advance(task)
                elapsed = time.perf_counter() - began  # without what a format does when it has all frames
            report = session.report
        parts = [
            f"{output}: {report.frames} frames at {layout.frame_rate} fps, {seconds:.2f} s of audio",
            f"real-time factor {elapsed / seconds:.3f}",
            *layout.notes,
        ]
        if report.non_finite_samples:
            parts.append(f"{report.non_finite_samples} NaN or infinite samples became 0")
        if not opened.manifest.model.trained:
            parts.append("UNTRAINED model: the motion means nothing")
        click.echo(", ".join(parts))
