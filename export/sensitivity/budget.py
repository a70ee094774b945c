"""What the user allows a mixed precision to cost on the face."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from sdk.errors import UsageError

DEFAULT_LIP_ERROR_MM = 0.05
"""Half the noise of a face scan, and what ``int8`` is held to as well."""
_TEXT = re.compile(r"lip-error=([0-9.]+(?:e-?[0-9]+)?)\s*(mm)?")


@dataclass(frozen=True)
class Budget:
    """`lip_error_mm`: RMS of the distance between a lip vertex of the artefact and of the model, closed loop."""

    lip_error_mm: float = DEFAULT_LIP_ERROR_MM

    @classmethod
    def parse(cls, text: str) -> Budget:
        """From ``lip-error=0.1mm``.

        Raises:
            UsageError: anything else, or no positive number.
        """
        found = _TEXT.fullmatch(text.strip())
        try:
            millimetres = float(found[1]) if found else math.nan
        except ValueError:
            millimetres = math.nan
        if not 0 < millimetres < math.inf:
            raise UsageError(f"--budget {text}", "is not a budget", "give one such as lip-error=0.1mm")
        return cls(millimetres)
