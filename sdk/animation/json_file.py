"""JSON: frames with the names of their channels, for pages and scripts. ``docs/animation.schema.json`` is its schema.

``python -m sdk.animation.json_file [FILE]`` writes the schema, which is generated from the record below.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import click
from pydantic import Field, FiniteFloat

from sdk.animation.layout import AddFrame, Layout
from sdk.bundle.schema import closed_schema, text_of
from sdk.cli.common import run
from sdk.runtime.frame import Frame
from sdk.spec import FrameRate, Record

SCHEMA = Path("docs/animation.schema.json")


class FrameRecord(Record):
    """One frame."""

    index: Annotated[int, Field(ge=0, description="Number of the frame; it shows at index * den / num seconds.")]
    due_sample: Annotated[int, Field(ge=0, description="First sample at 16 kHz after the frame's time.")]
    values: list[FiniteFloat] = Field(description="One for each channel, or x, y, z of each vertex in turn.")


class AnimationRecord(Record):
    """An animation file."""

    format: Literal["nowface-animation"]
    version: Literal[1]
    title: str
    frame_rate: FrameRate
    unit: Annotated[str, Field(description="Of the values: 1 for weights of shapes, else a length such as mm.")]
    sound: Annotated[str | None, Field(description="Name of the sound file that the frames belong to.")]
    channels: Annotated[list[str], Field(description="Names of a frame's values; empty if they are vertices.")]
    frames: list[FrameRecord]


@contextmanager
def json_file(path: Path, layout: Layout) -> Iterator[AddFrame]:
    """Writes an `AnimationRecord`, a line a frame; values have 9 significant digits, every bit of a float32."""
    head = {
        "format": "nowface-animation",
        "version": 1,
        "title": layout.title,
        "frame_rate": layout.frame_rate.model_dump(),
        "unit": layout.unit,
        "sound": layout.sound.name if layout.sound else None,
        "channels": list(layout.names),
    }
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "frames": [')
        comma = "\n"

        def add(frame: Frame) -> None:
            nonlocal comma
            values = ", ".join(f"{value:.9g}" for value in frame.values.ravel().tolist())
            file.write(f'{comma}{{"index": {frame.index}, "due_sample": {frame.due_sample}, "values": [{values}]}}')
            comma = ",\n"

        yield add
        file.write("\n]}\n")


def schema_text() -> str:
    """JSON Schema draft 2020-12 of a file, as the committed schema holds it."""
    return text_of(closed_schema(AnimationRecord))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=SCHEMA)
def write_schema(file: Path) -> None:
    """Write the JSON Schema of an animation to FILE."""
    file.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    run(write_schema, "python -m sdk.animation.json_file")
