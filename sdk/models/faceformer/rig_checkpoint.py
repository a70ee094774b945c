"""A trained FaceFormer of a rig as a folder: ``model.safetensors`` and ``config.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sdk.errors import CheckpointError
from sdk.models.checkpoint_file import check_finite, check_keys
from sdk.models.faceformer.rig import build_rig_stages
from sdk.models.faceformer.streaming_config import StreamingConfig
from sdk.models.stage_weights import load_stages, stage_weights
from sdk.stage import Stage

WEIGHTS, CONFIG = "model.safetensors", "config.json"
MEND = "give a folder that a training run wrote"
MAX_CONFIG_BYTES = 1 << 20


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
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: value.detach().cpu().float().contiguous() for key, value in stage_weights(stages).items()}
    save_file(weights, folder / WEIGHTS)
    text = json.dumps({"streaming": config.model_dump(mode="json")}, indent=2)
    (folder / CONFIG).write_text(f"{text}\n", encoding="utf-8")


def load_rig(folder: Path) -> TrainedRig:
    """Read what `save_rig` wrote.

    Raises:
        CheckpointError: a file is missing or damaged, the sizes are impossible, or the weights are of other sizes or
            not finite.
    """
    config = _read_config(folder / CONFIG)
    stages = build_rig_stages(config)
    path = folder / WEIGHTS
    try:
        weights: dict[str, Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(path, f"cannot be read ({error})", MEND) from error
    check_keys(weights, {key: tuple(value.shape) for key, value in stage_weights(stages).items()}, path, mend=MEND)
    check_finite(weights, path)
    load_stages(stages, weights)
    return TrainedRig(config, stages)


def _read_config(path: Path) -> StreamingConfig:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise CheckpointError(path, f"is larger than {MAX_CONFIG_BYTES >> 20} MiB", MEND)
        read = json.loads(path.read_text(encoding="utf-8"))
        config = StreamingConfig.model_validate(read["streaming"])
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror or error})", MEND) from error
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(path, f"is no configuration of a rig ({str(error).splitlines()[0]})", MEND) from error
    if not config.channels:
        raise CheckpointError(path, "moves vertices, not the channels of a rig", MEND)
    return config
