"""The small MeshTalk of the oracle, and MeshTalks of other sizes with weights that matter."""

from __future__ import annotations

import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from sdk.models.meshtalk import MeshTalk, MeshTalkConfig
from sdk.models.meshtalk.front_end import chunks, normalise_level

ORACLES = Path(__file__).parents[2] / "oracles" / "meshtalk"


@cache
def oracle() -> dict[str, Tensor]:
    return load_file(ORACLES / "meshtalk_small.safetensors")


@cache
def oracle_model() -> MeshTalk:
    """The oracle's model, its weights drawn as the README beside the oracle says."""
    recipe: dict[str, Any] = json.loads((ORACLES / "meshtalk_small_weights.json").read_text())

    def draw(key: str, shape: list[int]) -> Tensor:
        seed = (zlib.crc32(key.encode()) + recipe["seed"]) % 2**31
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    vertices = recipe["n_vertices"]
    config = MeshTalkConfig(heads=recipe["heads"], classes=recipe["classes"], vertices=vertices)
    mean = 40 * draw("mean", [vertices, 3])
    stddev = 0.5 + 2 * draw("stddev", [vertices, 3]).abs()
    state = {key: draw(key, entry["shape"]) * entry["scale"] for key, entry in recipe["parameters"].items()}
    for part in ("encoder.expression_encoder", "vertex_unet"):
        state |= {f"{part}.mean": mean[None, None], f"{part}.stddev": stddev[None, None]}
    model = MeshTalk(config)
    # Drawn for the published layers, which never use them.
    dead = {key for key in state if ".unmasked_linear." in key and "context_layers" not in key}
    model.load_state_dict({key: value for key, value in state.items() if key not in dead})
    return model.eval()


def oracle_chunks() -> Tensor:
    return chunks(normalise_level(oracle()["audio_16k"]))


def small_meshtalk(heads: int = 3, classes: int = 5, vertices: int = 4, seed: int = 0) -> MeshTalk:
    """Weights as large as the oracle's, so that every input moves the labels."""
    model = MeshTalk(MeshTalkConfig(heads=heads, classes=classes, vertices=vertices)).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            fan_in = parameter[0].numel() if parameter.ndim > 1 else 100
            gain = 6.0 if name.startswith("context_model.embedding") else 1.6
            parameter.copy_(noise * gain / fan_in**0.5)
        for part in (model.encoder.expression_encoder, model.vertex_unet):
            part.mean.copy_(40 * torch.randn(part.mean.shape, generator=generator))
            part.stddev.copy_(0.5 + torch.rand(part.stddev.shape, generator=generator))
    return model
