"""``python -m sdk train occlusion``: how well a tracking bundle carries a face through what the tracker misses."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.cli.common import progress, stdout
from sdk.cli.prepared_corpus import corpus_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sdk.audio.clock import SampleClock
    from sdk.training.corpus import Corpus
    from sdk.training.occlusion.study import Clip, Result

SHORTEST_SECONDS = 3.0
"""Clips below this are hidden once at most and tell little."""


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@corpus_option
@click.option("--split", default="test", show_default=True, help="Held-out speech of the corpus.")
@click.option("--clips", default=24, show_default=True, type=click.IntRange(1, 10_000), help="How many of it.")
@click.option("--target", default="eager", show_default=True, help="What runs the bundle.")
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Draw the first clip's lip gap: .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def occlusion(
    *, bundle: Path, corpus: Path, split: str, clips: int, target: str, picture: Path | None, as_json: bool
) -> None:
    """Hide the mouth, then the whole face, from the tracker of BUNDLE a second at a time, and measure the lips."""
    from sdk.audio.clock import SampleClock
    from sdk.bundle import Bundle
    from sdk.errors import UsageError
    from sdk.rigs.arkit import ARKIT_52
    from sdk.training.corpus import open_corpus
    from sdk.training.occlusion.plot import check_picture, plot
    from sdk.training.occlusion.stream import CONFIDENCE, tracking_signal
    from sdk.training.occlusion.study import summarise, trace

    if picture:
        check_picture(picture)
    with Bundle.open(bundle) as opened, progress() as bar:
        signal = tracking_signal(opened.pipeline, bundle)
        if opened.rig.names != ARKIT_52:
            raise UsageError(bundle, "does not move ARKit's channels, which the corpus has", "export a model of a rig")
        count = next(tensor.size for tensor in signal.tensors if tensor.name == CONFIDENCE)
        rate = float(opened.pipeline.frame_rate.fraction)
        chosen = list(islice(_clips(open_corpus(corpus), split, SampleClock.of(opened.pipeline)), clips))
        if not chosen:
            raise UsageError(corpus, f"has no clip of {SHORTEST_SECONDS:g} s in {split}", "make a larger corpus")
        found: dict[str, dict[str, Result]] = {}
        for hidden, regions in (("mouth hidden", [count - 1]), ("face lost", list(range(count)))):
            task = bar.add_task(hidden, total=len(chosen))
            traces = []
            for clip in chosen:
                traces.append(trace(lambda: opened.session(target), clip, regions, count, rate))
                bar.advance(task)
            found[hidden] = summarise(traces)
            if picture and hidden == "face lost":
                plot(traces[0], rate, picture, f"Face lost for a second at a time ({chosen[0].name})")
    if as_json:
        rows = {hidden: {m: asdict(r) for m, r in results.items()} for hidden, results in found.items()}
        click.echo(json.dumps(rows, indent=2))
    else:
        _print(found)


def _clips(corpus: Corpus, split: str, clock: SampleClock) -> Iterator[Clip]:
    import numpy as np

    from sdk.errors import UsageError
    from sdk.spec import SAMPLE_RATE
    from sdk.training.corpus import SPLITS
    from sdk.training.occlusion.study import Clip
    from sdk.training.teacher import motion_curve

    known = next((each for each in SPLITS if each == split), None)
    if known is None:
        raise UsageError(f"--split {split}", "no such split", f"use one of {', '.join(SPLITS)}")
    for utterance in corpus.utterances(known):
        if len(utterance.pcm) < SHORTEST_SECONDS * SAMPLE_RATE:
            continue
        curve = motion_curve(utterance.phones, utterance.pcm, 0)
        due = np.array([clock.due(frame) for frame in range(clock.frames_ready(len(utterance.pcm)))])
        yield Clip(utterance.pcm, curve.weights(due / SAMPLE_RATE), utterance.voice)


def _print(found: dict[str, dict[str, Result]]) -> None:
    from rich.table import Table

    table = Table(title="Error of the lip gap in mm")
    for heading in ("hidden", "method", "while hidden", "while seen", "jump"):
        table.add_column(heading, justify="left" if heading in ("hidden", "method") else "right", no_wrap=True)
    for hidden, results in found.items():
        for method, result in results.items():
            table.add_row(hidden, method, f"{result.hidden_mm:.2f}", f"{result.seen_mm:.2f}", f"{result.jump_mm:+.2f}")
    stdout.print(table)
