"""The ``[model]`` table of a training recipe, as a task's own record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from sdk.errors import UsageError
from sdk.spec import Record

Table = TypeVar("Table", bound=Record)


def read_table(kind: type[Table], table: Mapping[str, Any]) -> Table:
    """`table` as a `kind`.

    Raises:
        UsageError: it has unknown keys or impossible values; names the key.
    """
    try:
        return kind.model_validate(dict(table))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"[model] {place}".rstrip(), str(first["msg"]), "mend the recipe") from error
