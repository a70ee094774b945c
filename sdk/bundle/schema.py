"""The JSON Schema of `manifest.json`, for editors and for readers in other languages.

``python -m sdk.bundle.schema [FILE]`` writes it (default ``docs/manifest.schema.json``). It is generated from the
records of `sdk.bundle.manifest`; what a schema cannot say (sources exist, files are listed) only the reader checks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DictSchema

from sdk.bundle.manifest import Manifest
from sdk.cli.common import run

DEFAULT = Path("docs/manifest.schema.json")


class Closed(GenerateJsonSchema):
    """Closes maps too: pydantic gives a map with a pattern for its keys `patternProperties` and leaves it open."""

    def dict_schema(self, schema: DictSchema) -> JsonSchemaValue:
        """A map; with a pattern for its keys it takes no others."""
        built = super().dict_schema(schema)
        if "patternProperties" in built:
            built["additionalProperties"] = False
        return built


def closed_schema(record: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema draft 2020-12 of a record, its maps closed."""
    schema = record.model_json_schema(schema_generator=Closed)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def text_of(schema: dict[str, Any]) -> str:
    """A schema as its committed file holds it."""
    return json.dumps(schema, indent=2) + "\n"


def manifest_schema() -> dict[str, Any]:
    """JSON Schema draft 2020-12 of a manifest."""
    return closed_schema(Manifest)


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return text_of(manifest_schema())


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT)
def write_schema(file: Path) -> None:
    """Write the JSON Schema of a bundle's manifest to FILE."""
    file.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    run(write_schema, "python -m sdk.bundle.schema")
