"""What a training run leaves as a folder: ``model.safetensors``, its weights in half precision, and ``config.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from sdk.errors import CheckpointError
from sdk.models.checkpoint_file import check_finite, check_keys

WEIGHTS, CONFIG = "model.safetensors", "config.json"
MEND = "give a folder that a training run wrote"
MAX_CONFIG_BYTES = 1 << 20

Config = TypeVar("Config")


def write_folder(folder: Path, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Write both files to `folder`, which is made if need be.

    The weights in half precision, whose rounding of 5e-4 is far below what training leaves to chance: half the size.

    Args:
        folder: to write to.
        config: what JSON can hold.
        weights: key -> tensor on any device.
    """
    folder.mkdir(parents=True, exist_ok=True)
    halves = {key: value.detach().half().cpu().contiguous() for key, value in weights.items()}
    (folder / WEIGHTS).write_bytes(save(halves))  # `save_file` would let no other user read it
    (folder / CONFIG).write_text(f"{json.dumps(config, indent=2)}\n", encoding="utf-8")


def read_config(folder: Path, parse: Callable[[Any], Config]) -> Config:
    """The sizes in `folder`, as `parse` makes them of what the JSON holds.

    Raises:
        CheckpointError: the file is missing, too large or damaged, or `parse` raises on it.
    """
    path = folder / CONFIG
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise CheckpointError(path, f"is larger than {MAX_CONFIG_BYTES >> 20} MiB", MEND)
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror or error})", MEND) from error
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(path, f"is no configuration of a rig ({str(error).splitlines()[0]})", MEND) from error


def read_weights(folder: Path, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights in `folder`, as float32: the keys and shapes of `like`, and finite.

    Raises:
        CheckpointError: the file is missing or damaged, has other keys or shapes, or a value that is not finite.
    """
    path = folder / WEIGHTS
    try:
        weights = {key: value.float() for key, value in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(path, f"cannot be read ({error})", MEND) from error
    check_keys(weights, {key: tuple(value.shape) for key, value in like.items()}, path, mend=MEND)
    check_finite(weights, path)
    return weights
