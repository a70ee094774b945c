"""A trained streaming VATT as a folder, see `sdk.models.trained_folder`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from sdk.models.stage_weights import load_stages, stage_weights
from sdk.models.trained_folder import read_config, read_weights, write_folder
from sdk.models.vatt.streaming.config import StreamingConfig
from sdk.models.vatt.streaming.pipeline import build_stages
from sdk.stage import Stage


def save_streaming(folder: Path, config: StreamingConfig, stages: Iterable[Stage]) -> None:
    """Write weights, keys ``STAGE.parameter``, and sizes to `folder`, which is made if need be."""
    write_folder(folder, {"streaming": config.model_dump(mode="json")}, stage_weights(stages))


def load_streaming(folder: Path) -> tuple[StreamingConfig, list[Stage]]:
    """Read what `save_streaming` wrote: sizes, and stages in the order they run.

    Raises:
        CheckpointError: a file is missing or damaged, the sizes are impossible, or the weights are of other sizes or
            not finite.
    """
    config = read_config(folder, lambda read: StreamingConfig.model_validate(read["streaming"]))
    with torch.random.fork_rng(devices=[]):  # weights are drawn before they are read, and that is nobody's business
        stages = build_stages(config)
    load_stages(stages, read_weights(folder, stage_weights(stages)))
    return config, stages
