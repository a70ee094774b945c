"""Hostile JSON to a plain object: size, depth, duplicate keys and non-finite numbers are checked while reading.

The result holds only dict, list, str, int, finite float, bool and None; readers that differ on duplicate keys, NaN or
huge numbers (RFC 8259 leaves these open) therefore cannot disagree about a manifest that passed here.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from sdk.bundle.errors import REEXPORT, DuplicateKeyError, ManifestNotJsonError, ManifestTooBigError, WrongValueError
from sdk.bundle.errors import shown as shown_text

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 32
MAX_ITEMS = 4096
"""Entries of one array or object; keeps every later check, some of them quadratic, within seconds."""
MAX_INTEGER = 2**53
"""Largest integer that a reader with float64 numbers (JavaScript, C# JSON nodes) holds exactly."""


def parse_object(data: bytes, subject: object) -> dict[str, Any]:
    """Parse one JSON object.

    Args:
        data: the file's bytes.
        subject: the file, for the messages.

    Raises:
        ManifestTooBigError, ManifestNotJsonError, DuplicateKeyError, WrongValueError: see each class.
    """
    if len(data) > MAX_BYTES:
        raise ManifestTooBigError(subject, f"longer than {MAX_BYTES} bytes", "this is not a manifest; " + REEXPORT)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            names = [name for name, _ in items]
            twice = next(name for name in names if names.count(name) > 1)
            raise DuplicateKeyError(subject, f"key {shown_text(twice)!r} stands twice in one object", REEXPORT)
        return result

    def constant(text: str) -> NoReturn:
        raise ManifestNotJsonError(subject, f"{text} is not JSON", REEXPORT)

    def number(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise WrongValueError(subject, f"number {shown_text(text)} is too large", REEXPORT)
        return value

    def integer(text: str) -> int:
        if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
            raise WrongValueError(subject, f"integer {shown_text(text, 20)} is too large", REEXPORT)
        return int(text)

    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=pairs,
            parse_constant=constant,
            parse_float=number,
            parse_int=integer,
        )
    except (ValueError, RecursionError) as error:
        raise ManifestNotJsonError(subject, f"not JSON ({shown_text(error)})", REEXPORT) from error
    if not isinstance(value, dict):
        raise ManifestNotJsonError(subject, "not a JSON object", REEXPORT)
    _check_form(value, subject, MAX_DEPTH)
    return value


def _check_form(value: Any, subject: object, depth: int) -> None:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ManifestNotJsonError(subject, f"text {shown_text(value)!r} is half a character", REEXPORT) from error
    if not isinstance(value, dict | list):
        return
    if depth == 0:
        raise WrongValueError(subject, f"nested deeper than {MAX_DEPTH}", REEXPORT)
    if len(value) > MAX_ITEMS:
        raise WrongValueError(subject, f"an array or object has more than {MAX_ITEMS} entries", REEXPORT)
    for child in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
        _check_form(child, subject, depth - 1)
