"""A trained MeshTalk of a rig as a folder: ``model.safetensors`` and ``config.json``."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from sdk.errors import CheckpointError
from sdk.models.checkpoint_file import check_finite, check_keys
from sdk.models.meshtalk.config import MeshTalkConfig
from sdk.models.meshtalk.model import MeshTalk

WEIGHTS, CONFIG = "model.safetensors", "config.json"
MEND = "give a folder that a training run wrote"
MAX_CONFIG_BYTES = 1 << 20


def save_rig(folder: Path, model: MeshTalk) -> None:
    """Write weights under the model's own names, and its sizes, to `folder`, which is made if need be.

    In half precision, whose rounding of 5e-4 is far below what training leaves to chance: half the size.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: value.detach().cpu().half().contiguous() for key, value in model.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    (folder / CONFIG).write_text(f"{model.config.model_dump_json(indent=2)}\n", encoding="utf-8")


def load_rig(folder: Path) -> MeshTalk:
    """Read what `save_rig` wrote; half-precision weights become float32. The model comes in evaluation mode.

    Raises:
        CheckpointError: a file is missing or damaged, the sizes are impossible, or the weights are of other sizes or
            not finite.
    """
    config, path = _read_config(folder / CONFIG), folder / WEIGHTS
    with torch.device("meta"):
        model = MeshTalk(config)
    try:
        weights = {key: value.float() for key, value in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(path, f"cannot be read ({error})", MEND) from error
    check_keys(weights, {key: tuple(value.shape) for key, value in model.state_dict().items()}, path, mend=MEND)
    check_finite(weights, path)
    model.load_state_dict(weights, strict=True, assign=True)
    return model.eval()


def _read_config(path: Path) -> MeshTalkConfig:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise CheckpointError(path, f"is larger than {MAX_CONFIG_BYTES >> 20} MiB", MEND)
        config = MeshTalkConfig.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror or error})", MEND) from error
    except (ValidationError, ValueError) as error:
        raise CheckpointError(path, f"is no configuration of a rig ({str(error).splitlines()[0]})", MEND) from error
    if config.point_size != 1:
        raise CheckpointError(path, "moves vertices, not the channels of a rig", MEND)
    return config
