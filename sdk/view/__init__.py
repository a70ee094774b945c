"""One HTML page that plays faces with their speech: for `python -m sdk view`, and for whoever has frames to show."""

from __future__ import annotations

from sdk.view.page import Speech, page
from sdk.view.takes import Take, read_take

__all__ = ["Speech", "Take", "page", "read_take"]
