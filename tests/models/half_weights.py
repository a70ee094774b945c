"""Folders of trained models hold half precision; a test that compares with what was saved rounds alike."""

from __future__ import annotations

from torch import nn


def round_to_half(module: nn.Module) -> None:
    """Round every parameter and buffer to the nearest number of 16 bits."""
    module.load_state_dict({key: value.half().float() for key, value in module.state_dict().items()})
