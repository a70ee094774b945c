"""Weights of all stages of a model as one table, keys ``STAGE.parameter``: the form a bundle keeps them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

from sdk.stage import Stage


def stage_weights(stages: Iterable[Stage]) -> dict[str, Tensor]:
    """State dict of all stages."""
    return {f"{stage.name}.{key}": value for stage in stages for key, value in stage.state_dict().items()}


def load_stages(stages: Iterable[Stage], weights: Mapping[str, Tensor]) -> None:
    """Load weights, strictly.

    Raises:
        RuntimeError: a key is missing, left over or of another shape.
    """
    left = set(weights)
    for stage in stages:
        prefix = f"{stage.name}."
        mine = {key: value for key, value in weights.items() if key.startswith(prefix)}
        stage.load_state_dict({key.removeprefix(prefix): value for key, value in mine.items()})
        left -= set(mine)
    if left:
        raise RuntimeError(f"weights that no stage takes: {', '.join(sorted(left)[:3])}")
