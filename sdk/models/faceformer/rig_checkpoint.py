"""A trained FaceFormer of a rig as a folder, see `sdk.models.trained_folder`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sdk.errors import CheckpointError
from sdk.models.faceformer.rig import build_rig_stages
from sdk.models.faceformer.streaming_config import StreamingConfig
from sdk.models.stage_weights import load_stages, stage_weights
from sdk.models.trained_folder import CONFIG, MEND, read_config, read_weights, write_folder
from sdk.stage import Stage


@dataclass(frozen=True)
class TrainedRig:
    """What a folder holds.

    Attributes:
        config: the sizes it was trained with.
        stages: with the trained weights.
    """

    config: StreamingConfig
    stages: list[Stage]


def save_rig(folder: Path, config: StreamingConfig, stages: Iterable[Stage]) -> None:
    """Write weights, keys ``STAGE.parameter``, and sizes to `folder`, which is made if need be."""
    write_folder(folder, {"streaming": config.model_dump(mode="json")}, stage_weights(stages))


def load_rig(folder: Path) -> TrainedRig:
    """Read what `save_rig` wrote; half-precision weights become float32.

    Raises:
        CheckpointError: a file is missing or damaged, the sizes are impossible, or the weights are of other sizes or
            not finite.
    """
    config = read_config(folder, lambda read: StreamingConfig.model_validate(read["streaming"]))
    if not config.channels:
        raise CheckpointError(folder / CONFIG, "moves vertices, not the channels of a rig", MEND)
    stages = build_rig_stages(config)
    load_stages(stages, read_weights(folder, stage_weights(stages)))
    return TrainedRig(config, stages)
