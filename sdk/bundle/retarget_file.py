"""A retarget file: closed JSON, checked like a manifest, to a `Retarget`."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from sdk.bundle.errors import shown
from sdk.bundle.json_text import MAX_BYTES, parse_object
from sdk.errors import BundleError, UsageError
from sdk.runtime.retarget import Retarget

_MEND = "see docs/retarget.md for its keys"


def read_retarget(path: Path | str) -> Retarget:
    """Read a retarget file.

    Raises:
        UsageError: it cannot be read, is not JSON in UTF-8, has an unknown key or a key twice, or a value is wrong.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(path, f"cannot be read ({error.strerror})", "give a retarget file") from error
    return parse_retarget(data, path)


def parse_retarget(data: bytes, subject: object = "retarget") -> Retarget:
    """Check the bytes of a retarget file; `subject` names it in messages.

    Raises:
        UsageError: as `read_retarget`.
    """
    try:
        value = parse_object(data, subject)
        version = value.get("format_version")
        if type(version) is not int or version != 1:
            raise UsageError(subject, f"format_version {shown(version)} is not 1", _MEND)
        # Written out again, so that the second parser can see nothing that the checks above did not.
        return Retarget.model_validate_json(json.dumps(value), strict=True)
    except BundleError as error:
        raise UsageError(error.subject, error.problem, _MEND) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = shown(".".join(str(step) for step in first["loc"]) or "retarget")
        problem = shown(f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}", 300)
        raise UsageError(subject, problem, _MEND) from error
