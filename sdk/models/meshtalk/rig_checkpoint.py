"""A trained MeshTalk of a rig as a folder, see `sdk.models.trained_folder`; weights in half precision."""

from __future__ import annotations

from pathlib import Path

import torch

from sdk.errors import CheckpointError
from sdk.models.meshtalk.config import MeshTalkConfig
from sdk.models.meshtalk.model import MeshTalk
from sdk.models.trained_folder import CONFIG, MEND, read_config, read_weights, write_folder


def save_rig(folder: Path, model: MeshTalk) -> None:
    """Write weights under the model's own names, and its sizes, to `folder`, which is made if need be.

    In half precision, whose rounding of 5e-4 is far below what training leaves to chance: half the size.
    """
    weights = {key: value.half() for key, value in model.state_dict().items()}
    write_folder(folder, model.config.model_dump(mode="json"), weights)


def load_rig(folder: Path) -> MeshTalk:
    """Read what `save_rig` wrote; half-precision weights become float32. The model comes in evaluation mode.

    Raises:
        CheckpointError: a file is missing or damaged, the sizes are impossible, or the weights are of other sizes or
            not finite.
    """
    config = read_config(folder, MeshTalkConfig.model_validate)
    if config.point_size != 1:
        raise CheckpointError(folder / CONFIG, "moves vertices, not the channels of a rig", MEND)
    with torch.device("meta"):
        model = MeshTalk(config)
    model.load_state_dict(read_weights(folder, model.state_dict()), strict=True, assign=True)
    return model.eval()
