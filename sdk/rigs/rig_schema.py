"""The JSON Schema of a rig's file, for editors that complete and check while one writes.

``python -m sdk.rigs.rig_schema [FILE]`` writes it (default ``docs/rig.schema.json``). It is generated from the records
of `sdk.rigs.rig_file`; what a schema cannot say (names that the source has, a low below its high) only the reader
checks.
"""

from __future__ import annotations

from pathlib import Path

import click

from sdk.bundle.schema import closed_schema, text_of
from sdk.cli.common import run
from sdk.rigs.rig_file import RigFile

DEFAULT = Path("docs/rig.schema.json")


def schema_text() -> str:
    """JSON Schema draft 2020-12 of a rig's file, as the committed file holds it."""
    return text_of(closed_schema(RigFile))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT)
def write_schema(file: Path) -> None:
    """Write the JSON Schema of a rig's file to FILE."""
    file.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    run(write_schema, "python -m sdk.rigs.rig_schema")
