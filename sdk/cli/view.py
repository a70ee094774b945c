"""``python -m sdk view BUNDLE speech.wav -o page.html``: one HTML page that plays the face with the sound."""

from __future__ import annotations

import tempfile
import webbrowser
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sdk.bundle import Bundle
    from sdk.bundle.phones import Phones
    from sdk.runtime import Session
    from sdk.view.page import Mesh
    from sdk.view.takes import Take

ANIMATION = ".npz"
"""Suffix of what is shown as it is and not run."""
SIDES = 2


@dataclass(frozen=True)
class Choice:
    """What runs a bundle: a target, and a precision or None for the target's first."""

    target: str
    precision: str | None = None

    @classmethod
    def parse(cls, text: str) -> Choice:
        """Of ``TARGET`` or ``TARGET:PRECISION``."""
        target, _, precision = text.partition(":")
        return cls(target, precision or None)


@click.command()
@click.argument("sources", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="BUNDLE [BUNDLE2] SPEECH")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Page to write, e.g. page.html.")
@click.option("--target", default="eager", show_default=True, help="What runs it, e.g. executorch, onnx or coreml.")
@click.option("--precision", help="Precision of the target.  [default: its first]")
@click.option("--compare", metavar="TARGET[:PRECISION]", help="What runs the second face, e.g. executorch:int8.")
@click.option(
    "--template", type=click.Path(path_type=Path), help="Face at rest of a model of vertices: .obj with faces."
)
@click.option("--style", help="Speaking style: its index, or a number for each with commas between them.")
@click.option("--retarget", type=click.Path(path_type=Path), help="Retarget file: gains, limits, smoothing, knobs.")
@click.option(
    "--phones", type=click.Path(path_type=Path), help="Label track of the speech.  [default: NAME.phones.txt]"
)
@click.option("--title", help="Title of the page.")
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
def view(
    *,
    sources: tuple[Path, ...],
    output: Path,
    target: str,
    precision: str | None,
    compare: str | None,
    template: Path | None,
    style: str | None,
    retarget: Path | None,
    phones: Path | None,
    title: str | None,
    show: bool,
) -> None:
    """Write one self-contained page that plays the face of BUNDLE with SPEECH (WAV, FLAC or OGG).

    BUNDLE may be an animation file (.npz) of the same speech. With BUNDLE2, or with --compare for another target or
    precision of one bundle, two faces play side by side and their difference is measured.
    """
    from sdk.audio.files import read_audio
    from sdk.bundle import Bundle
    from sdk.cli.face_options import parameters_from_options
    from sdk.errors import UsageError
    from sdk.view import Speech, page, read_take

    *shown, speech = sources
    pairs = _pairs(shown, Choice(target, precision), Choice.parse(compare) if compare else None)
    if retarget is not None and all(source.suffix.lower() == ANIMATION for source in shown):
        raise UsageError("--retarget", "an animation file is not run", "give it to python -m sdk animate")
    _check_output(output)
    pcm, rate = read_audio(speech)
    mesh = _mesh(template) if template else None
    said, titles, takes = None, [], []
    for name, (source, choice) in zip(_names([source for source, _ in pairs]), pairs, strict=True):
        if source.suffix.lower() == ANIMATION:
            takes.append(read_take(source))
            continue
        with Bundle.open(source) as bundle:
            label = f"{choice.target} {bundle.record(choice.target, choice.precision).precision}"
            if len(shown) == SIDES:
                label = f"{name}, {label}"
            own = template if _has(bundle, "template") else None
            parameters = parameters_from_options(bundle.pipeline, own, style)
            with bundle.session(choice.target, choice.precision, parameters, retarget=retarget) as session:
                take = _run(bundle, session, label, (pcm, rate))
            facts = take.facts if retarget is None else (*take.facts, ("retarget", retarget.name))
            takes.append(replace(take, facts=facts))
            titles.append(bundle.manifest.model.title)
            said = said or _phones_of_vectors(bundle, pcm, rate)
    words = title or " and ".join(dict.fromkeys(titles)) or " and ".join(take.label for take in takes)
    heard = Speech(speech.name, pcm, rate, _phones(phones, speech) or said)
    text = page(takes, heard, title=words, template=mesh)
    _write(output, text)
    parts = [f"{output}: {len(text.encode()) / 1e6:.2f} MB, {len(pcm) / rate:.2f} s of audio"]
    parts += [f"{take.label}: {len(take.index)} frames at {take.frame_rate} fps" for take in takes]
    parts += _apart(takes)
    click.echo(", ".join(parts))
    if show:
        webbrowser.open(output.resolve().as_uri())


def _pairs(shown: list[Path], first: Choice, second: Choice | None) -> list[tuple[Path, Choice]]:
    """Which source each side shows, and what runs it."""
    from sdk.errors import UsageError

    usage = "give BUNDLE speech.wav, or BUNDLE BUNDLE2 speech.wav"
    if not 1 <= len(shown) <= SIDES:
        raise UsageError("view", f"{len(shown)} things to show beside the speech", usage)
    if len(shown) == 1 and second:
        if shown[0].suffix.lower() == ANIMATION:
            raise UsageError("--compare", "an animation file is not run", "give a bundle, or a second file")
        shown = shown * SIDES
    return list(zip(shown, (first, second or first), strict=False))


def _names(sources: list[Path]) -> list[str]:
    """What to call each side: the last part of its path in which the two differ. Exports of two checkpoints do so in
    their --output-dir only: both lie in a folder of their model's name.
    """
    paths = [source.resolve().parts[::-1] for source in sources]
    differing = (parts for parts in zip(*paths, strict=False) if len(set(parts)) == len(paths))
    return list(next(differing, tuple(parts[0] for parts in paths)))


def _run(bundle: Bundle, session: Session, label: str, speech: tuple[NDArray[np.float32], int]) -> Take:
    """Frames that a session of `bundle` makes of the whole speech, its samples and their rate."""
    import numpy as np

    from sdk.runtime.clip import frames_of
    from sdk.spec import SAMPLE_RATE
    from sdk.view.takes import Take

    pipeline, model, (pcm, rate) = bundle.pipeline, bundle.manifest.model, speech
    frames = []
    with progress() as bar:
        task = bar.add_task(label, total=round(len(pcm) / rate * float(pipeline.frame_rate.fraction)))
        for frame in frames_of(session, pcm, rate):
            frames.append((frame.index, frame.due_sample, frame.values.copy()))
            bar.advance(task)
    index, due, values = zip(*frames, strict=True)
    facts = [("model", model.title), ("lookahead", f"{1000 * pipeline.lookahead_samples / SAMPLE_RATE:g} ms")]
    if not model.trained:
        facts.append(("untrained", "the motion means nothing"))
    return Take(
        label=label,
        facts=tuple(facts),
        names=bundle.rig.names,
        unit=bundle.unit,
        values=np.stack(values),
        index=np.array(index, np.int64),
        due_sample=np.array(due, np.int64),
        frame_rate=pipeline.frame_rate,
        lookahead_samples=pipeline.lookahead_samples,
    )


def _has(bundle: Bundle, parameter: str) -> bool:
    return any(spec.name == parameter for spec in bundle.pipeline.parameters)


def _mesh(path: Path) -> Mesh:
    """Vertices and triangles of a template in millimetres."""
    from sdk.cli.face_options import read_triangles, read_vertices
    from sdk.errors import UsageError
    from sdk.view.page import Mesh

    vertices = read_vertices(path)
    if path.suffix.lower() != ".obj":
        raise UsageError(path, "has no triangles", "give a .obj with faces")
    return Mesh(vertices, read_triangles(path))


def _phones(path: Path | None, speech: Path) -> Phones | None:
    """Of a label track: the one that was named, or else the one beside the speech."""
    from sdk.bundle.phones import Phones

    beside = speech.with_suffix(".phones.txt")
    if path is None and not beside.is_file():
        return None
    return Phones.read_labels(path or beside)


def _phones_of_vectors(bundle: Bundle, pcm: NDArray[np.float32], rate: int) -> Phones | None:
    """What the bundle knows of its test vectors' speech, if that is what is shown."""
    import numpy as np

    if bundle.manifest.vectors is None:
        return None
    vectors = bundle.vectors()
    same = vectors.sample_rate == rate and np.array_equal(vectors.pcm, pcm)
    return vectors.phones if same else None


def _apart(takes: list[Take]) -> list[str]:
    from sdk.view.takes import difference

    apart = difference(*takes) if len(takes) == SIDES else None
    if apart is None:
        return []
    worst = apart.worst_mm
    return [f"{apart.what} apart by {worst.mean():.3f} mm in the mean and {worst.max():.3f} mm at most"]


def _check_output(path: Path) -> None:
    from sdk.errors import UsageError

    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(path, "is no name of a page", "end it with .html")
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError(path, "cannot be a file there", "give a file name in a folder that exists")


def _write(path: Path, text: str) -> None:
    """The file appears under its name only when it is complete."""
    from sdk.errors import UsageError

    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            part = Path(folder) / path.name
            part.write_text(text, encoding="utf-8")
            part.replace(path)
    except OSError as error:
        raise UsageError(path, f"cannot be written ({error.strerror})", "give another file with -o") from error
