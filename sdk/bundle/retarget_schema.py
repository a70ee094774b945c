"""The JSON Schema of a retarget file, for editors that complete and check while one writes.

``python -m sdk.bundle.retarget_schema [FILE]`` writes it (default ``docs/retarget.schema.json``). It is generated from
the records of `sdk.runtime.retarget`; what a schema cannot say (names that the model has, a low below its high) only
the readers check.
"""

from __future__ import annotations

from pathlib import Path

import click

from sdk.bundle.schema import closed_schema, text_of
from sdk.cli.common import run
from sdk.runtime.retarget import Retarget

DEFAULT = Path("docs/retarget.schema.json")


def schema_text() -> str:
    """JSON Schema draft 2020-12 of a retarget file, as the committed file holds it."""
    return text_of(closed_schema(Retarget) | {"required": ["format_version"]})


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT)
def write_schema(file: Path) -> None:
    """Write the JSON Schema of a retarget file to FILE."""
    file.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    run(write_schema, "python -m sdk.bundle.retarget_schema")
