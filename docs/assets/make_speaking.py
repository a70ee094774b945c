"""Draw speaking.png: the default face at chosen moments of a recording, over its waveform and its lip gap.

    python -m export --target onnx
    python docs/assets/make_speaking.py build/faceformer

Everything is computed: the recording goes through a session of the bundle, and its frames are rendered on the default
head, at the moments that `sdk.film.moments` chooses, and laid out by `sdk.film.figure`. `--film speaking.webp` also
makes a short film, without sound. For another recording give its file, its words (`--text`) and the stretch to show
(`--seconds`).
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from sdk.audio.files import load_speech
from sdk.bundle import Bundle
from sdk.cli.common import run
from sdk.errors import UsageError
from sdk.film.figure import Stretch, Words, draw, save, tile_size
from sdk.film.moments import Floats, choose_moments, is_speech
from sdk.film.strip import portraits
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from sdk.rigs.measure import lip_gap
from sdk.runtime.clip import frames_of
from sdk.spec import SAMPLE_RATE

HERE = Path(__file__).parent
SPEECH = HERE.parents[1] / "sdk" / "pretrained" / "speech.flac"
TEXT = "Maybe Bob and Mary brought five warm apple pies over the bay."

FILM_SIZE, FILM_RATE, FILM_SECONDS = (320, 410), 15, 3.0


def perform(folder: Path, speech: Path, target: str, start: float, end: float) -> Stretch:
    """Streams the whole recording through the bundle and keeps what lies between two seconds of it.

    Raises:
        UsageError: the bundle is untrained or does not move the 52 ARKit channels, or the stretch holds no frame.
    """
    pcm = load_speech(speech)
    with Bundle.open(folder) as bundle:
        if bundle.rig.names != ARKIT_52:
            raise UsageError(str(folder), "does not move the 52 ARKit channels", "export a model of the default head")
        if not bundle.manifest.model.trained:
            raise UsageError(str(folder), "holds an untrained model", "export one with --checkpoint")
        with bundle.session(target) as session:
            frames = list(frames_of(session, pcm, SAMPLE_RATE))
    kept = [frame for frame in frames if start <= frame.due_sample / SAMPLE_RATE < end]
    if not kept:
        raise UsageError(f"{start} to {end} s", "the recording has no frame there", "give seconds inside it")
    weights = np.stack([frame.values for frame in kept])
    times = np.array([frame.due_sample / SAMPLE_RATE for frame in kept], np.float32)
    cut = pcm[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    return Stretch(cut, start, times, weights, lip_gap(default_head(), weights))


def align_words(pcm: Floats, text: str) -> Words:
    """Words of `text` as written, each with the seconds of `pcm` at which it begins and ends; [] if they do not fit."""
    import pocketsphinx

    written = text.split()
    spoken = [word.strip(".,?!").lower() for word in written]
    decoder = pocketsphinx.Decoder(samprate=SAMPLE_RATE, dither=False, lm=None, loglevel="FATAL")
    if not spoken or any(decoder.lookup_word(word) is None for word in spoken):
        return []
    sound = np.clip(pcm * 32768, -32768, 32767).astype(np.int16).tobytes()
    decoder.set_align_text(" ".join(spoken))
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()
    found = [part for part in decoder.seg() if not part.word.startswith(("<", "["))]
    if len(found) != len(written):
        return []
    rate = decoder.config["frate"]
    return [
        (word, part.start_frame / rate, (part.end_frame + 1) / rate) for word, part in zip(written, found, strict=True)
    ]


def draw_film(performance: Stretch, path: Path) -> None:
    """The face from the start of the stretch on, `FILM_SECONDS` long, over and over, as WebP."""
    shown = np.arange(performance.start, min(performance.start + FILM_SECONDS, performance.end), 1 / FILM_RATE)
    frames = np.minimum(np.searchsorted(performance.times, shown), len(performance.times) - 1)
    first, *rest = portraits(performance.faces[frames], FILM_SIZE)
    first.save(
        path, "WEBP", save_all=True, append_images=rest, duration=round(1000 / FILM_RATE), loop=0, quality=80, method=6
    )


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("speech", type=click.Path(path_type=Path), default=SPEECH)
@click.option("--text", default=TEXT, help="What is said in the stretch; empty to write no words.")
@click.option("--seconds", type=(float, float), default=(0.2, 4.5), show_default=True, help="Stretch of the recording.")
@click.option("--faces", type=click.IntRange(2, 10), default=7, show_default=True, help="How many.")
@click.option("--target", default="onnx", show_default=True, help="What runs the model.")
@click.option("--out", type=click.Path(path_type=Path), default=HERE / "speaking.png", help="PNG to write.")
@click.option("--film", type=click.Path(path_type=Path), help="WebP of the moving face to write as well.")
def main(
    *,
    bundle: Path,
    speech: Path,
    text: str,
    seconds: tuple[float, float],
    faces: int,
    target: str,
    out: Path,
    film: Path | None,
) -> None:
    """Draw the default face speaking SPEECH with the bundle in folder BUNDLE."""
    performance = perform(bundle, speech, target, *seconds)
    heard = is_speech(performance.pcm, performance.times - performance.start)
    moments = choose_moments(performance.gap, performance.times, heard, faces)
    pictures = portraits(performance.faces[[moment.frame for moment in moments]], tile_size(faces))
    figure = draw(performance, moments, pictures, align_words(performance.pcm, text))
    save(figure, out)
    if film is not None:
        draw_film(performance, film)


if __name__ == "__main__":
    run(main, "make_speaking")
