"""The JSON Schema of `manifest.json`, for editors and for readers in other languages.

``python -m sdk.bundle.schema [FILE]`` writes it (default ``docs/manifest.schema.json``). It is generated from the
records of `sdk.bundle.manifest`; what a schema cannot say (sources exist, files are listed) only the reader checks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DictSchema

from sdk.bundle.manifest import Manifest

DEFAULT = Path("docs/manifest.schema.json")


class _Closed(GenerateJsonSchema):
    """Closes maps too: pydantic gives a map with a pattern for its keys `patternProperties` and leaves it open."""

    def dict_schema(self, schema: DictSchema) -> JsonSchemaValue:
        built = super().dict_schema(schema)
        if "patternProperties" in built:
            built["additionalProperties"] = False
        return built


def manifest_schema() -> dict[str, Any]:
    """JSON Schema draft 2020-12 of a manifest."""
    schema = Manifest.model_json_schema(schema_generator=_Closed)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(manifest_schema(), indent=2) + "\n"


if __name__ == "__main__":
    destination = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    destination.write_text(schema_text(), encoding="utf-8")
