"""The ``[model]`` table of a training recipe, as a task's own record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from sdk.errors import UsageError


@contextmanager
def table_errors() -> Iterator[None]:
    """Around the validation of the table and of what is made of it: what does not fit is the recipe's mistake.

    Raises:
        UsageError: there are unknown keys or impossible values; names the key.
    """
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"[model] {place}".rstrip(), str(first["msg"]), "mend the recipe") from error
