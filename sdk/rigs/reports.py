"""What the commands of ``python -m sdk rig`` say with ``--json``. ``docs/rig_report.schema.json`` is its schema.

``python -m sdk.rigs.reports [FILE]`` writes the schema, which is generated from the records below. Lengths are in
millimetres.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import click
from pydantic import Field, FiniteFloat, RootModel

from sdk.bundle.schema import closed_schema, text_of
from sdk.cli.common import run
from sdk.spec import Record

SCHEMA = Path("docs/rig_report.schema.json")

Count = Annotated[int, Field(ge=0)]
Millimetres = Annotated[FiniteFloat, Field(ge=0)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class FitErrors(Record):
    """Distances between the vertices that were wanted and those that the weights pose, and jitter."""

    mean_mm: Millimetres
    p95_mm: Annotated[Millimetres, Field(description="95 % of the distances lie below it.")]
    lips_mm: Annotated[Millimetres | None, Field(description="Mean at the lips; null if the shapes name none.")]
    jitter_in_mm: Annotated[Millimetres, Field(description="RMS second difference of the vertices given.")]
    jitter_out_mm: Annotated[Millimetres, Field(description="The same of the vertices that the weights pose.")]
    cpu_ms_a_frame: Annotated[FiniteFloat, Field(ge=0)]


class SolveReport(FitErrors):
    """Of ``rig solve``."""

    report: Literal["solve"]
    output: str
    frames: Count
    channels: Count
    doubtful: Annotated[bool, Field(description="The error is so large that the clip may be of another face.")]


class PoseReport(Record):
    """Of ``rig pose``."""

    report: Literal["pose"]
    output: str
    frames: Count
    vertices: Count
    missing: Annotated[list[str], Field(description="Channels of the shapes that the weights lack: they stay at 0.")]


class NoiseLevel(FitErrors):
    """What ``rig check`` found at one level of noise."""

    noise_mm: Millimetres
    weight: Annotated[FiniteFloat, Field(ge=0, description="Mean distance of the weights from the true ones.")]


class CheckReport(Record):
    """Of ``rig check``."""

    report: Literal["check"]
    frames: Count
    levels: list[NoiseLevel]
    independence: Annotated[
        dict[str, Share], Field(description="Of each channel: the share of its movement that no mix of others makes.")
    ]
    alike: Annotated[list[str], Field(description="Channels that cannot be told from others.")]


class LandmarksReport(Record):
    """Of ``rig landmarks``."""

    report: Literal["landmarks"]
    output: str
    landmarks: list[str]


class TransferReport(Record):
    """Of ``rig transfer``."""

    report: Literal["transfer"]
    output: str
    pairs: Annotated[str | None, Field(description="File with a pair for every vertex; null if none was asked for.")]
    shapes: Count
    vertices: Count
    size: Annotated[FiniteFloat, Field(gt=0, description="Of the mesh's face against the rig's.")]
    landmark_error_mm: Annotated[Millimetres, Field(description="Mean over the landmarks, after size and place.")]
    distance_mm: Annotated[Millimetres, Field(description="Median distance of a vertex from the rig's surface.")]
    far_mm: Annotated[Millimetres, Field(description="From this distance on a vertex has no part in the rig.")]
    far: Annotated[Count, Field(description="Vertices farther than far_mm.")]


Report = SolveReport | PoseReport | CheckReport | LandmarksReport | TransferReport


class RigReport(RootModel[Annotated[Report, Field(discriminator="report")]]):
    """What a command of ``python -m sdk rig`` did, or found; `report` says which."""


def schema_text() -> str:
    """JSON Schema draft 2020-12 of a report, as the committed file holds it."""
    return text_of(closed_schema(RigReport))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=SCHEMA)
def write_schema(file: Path) -> None:
    """Write the JSON Schema of the reports to FILE."""
    file.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    run(write_schema, "python -m sdk.rigs.reports")
