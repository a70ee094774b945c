"""A trained MeshTalk of a rig as a folder, see `sdk.models.trained_folder`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import NonNegativeInt

from sdk.errors import CheckpointError
from sdk.models.meshtalk.config import MeshTalkConfig
from sdk.models.meshtalk.model import MeshTalk
from sdk.models.trained_folder import CONFIG, MEND, read_config, read_weights, write_folder


class TrainedConfig(MeshTalkConfig):
    """Sizes, and the samples of the future that a frame was trained to hear."""

    lookahead_samples: NonNegativeInt = 0


@dataclass(frozen=True)
class TrainedRig:
    """What a folder holds.

    Attributes:
        model: with the trained weights, in evaluation mode.
        lookahead_samples: see `TrainedConfig`.
    """

    model: MeshTalk
    lookahead_samples: int


def save_rig(folder: Path, model: MeshTalk, lookahead_samples: int) -> None:
    """Write weights under the model's own names, and its sizes, to `folder`, which is made if need be."""
    config = model.config.model_dump(mode="json") | {"lookahead_samples": lookahead_samples}
    write_folder(folder, config, model.state_dict())


def load_rig(folder: Path) -> TrainedRig:
    """Read what `save_rig` wrote; half-precision weights become float32.

    Raises:
        CheckpointError: a file is missing or damaged, the sizes are impossible, or the weights are of other sizes or
            not finite.
    """
    trained = read_config(folder, TrainedConfig.model_validate)
    if trained.point_size != 1:
        raise CheckpointError(folder / CONFIG, "moves vertices, not the channels of a rig", MEND)
    with torch.device("meta"):
        model = MeshTalk(MeshTalkConfig(**trained.model_dump(exclude={"lookahead_samples"})))
    model.load_state_dict(read_weights(folder, model.state_dict()), strict=True, assign=True)
    return TrainedRig(model.eval(), trained.lookahead_samples)
