"""Extension of griffe, which reads the docstrings: literal blocks marked with ``::`` become plain Markdown.

Markdown takes an indented block as code without a mark, and would print the mark.
"""

from __future__ import annotations

import re
from typing import Any

import griffe


class LiteralBlocks(griffe.Extension):
    """Removes the marks."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for every object that was read."""
        if obj.docstring:
            text = re.sub(r"^ *::\n", "", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = re.sub(r"(?<=\w)::$", ":", text, flags=re.MULTILINE)
