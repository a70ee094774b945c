"""MeshTalk's published checkpoints: three files, each ``torch.save`` of one part's state dict.

The files hold no configuration, so the sizes are read off the shapes, and each key must then be there with the shape
that these sizes ask for, no more and no fewer. They also hold what never changes (masks, tables of the mel spectrum)
and what is never used (sound weights of the embedding and the logits): checked, then left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from sdk.errors import CheckpointError
from sdk.models.checkpoint_file import check_finite, check_keys, read_state, told_size
from sdk.models.meshtalk.config import CODE, DILATIONS, HEAD_WIDTH, MeshTalkConfig
from sdk.models.meshtalk.context_model import MaskedLayer
from sdk.models.meshtalk.front_end import hann_window, mel_filters
from sdk.models.meshtalk.model import MeshTalk

PARTS = ("encoder", "context_model", "vertex_unet")
"""Files of a checkpoint, ``.pkl``, and attributes of `MeshTalk`."""

MEND = "give a state dict as the published MeshTalk saves it"
DEAD = ("embedding", "logits")
"""Layers of the context model whose stored ``unmasked_linear`` is never used."""
WINDOW = "audio_encoder.melspec.spectrogram.window"
FILTERS = "audio_encoder.melspec.mel_scale.fb"
TABLE_TOLERANCE = 1e-4
"""Most that a stored table of the mel spectrum may differ: published ones differ by up to 5e-6 in rounding."""


Shapes = dict[str, tuple[int, ...]]


def load_checkpoint(folder: str | Path) -> MeshTalk:
    """See `MeshTalk.from_checkpoint`."""
    if not Path(folder).is_dir():
        names = ", ".join(f"{part}.pkl" for part in PARTS)
        raise CheckpointError(folder, "is not a folder", f"name the folder that holds {names}")
    states, configs = {}, {}
    for part in PARTS:
        path = Path(folder) / f"{part}.pkl"
        states[part] = read_state(path, example=path.name, mend=MEND)
        configs[part] = infer_config(part, states[part], path)
        check_keys(states[part], published_shapes(_empty(configs[part]), part), path, mend=MEND)
        check_finite(states[part], path)
    model = _empty(_common_config(configs, Path(folder)))
    for part, state in states.items():
        for key in constant_shapes(model, part):
            _check_constant(model, key, state.pop(key), Path(folder) / f"{part}.pkl")
        model.get_submodule(part).load_state_dict(state, strict=True, assign=True)
    return model.eval()


def save_checkpoint(model: MeshTalk, folder: str | Path) -> None:
    """Write `model` as the published three files; what they store without using it is zero.

    Args:
        model: any MeshTalk.
        folder: to write into; made if it is not there.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    for part, state in published_states(model).items():
        torch.save(state, Path(folder) / f"{part}.pkl")


def published_states(model: MeshTalk) -> dict[str, dict[str, Tensor]]:
    """The state dict of each part of `model` as the published code names and fills it; see `save_checkpoint`."""
    states = {}
    for part in PARTS:
        state = model.get_submodule(part).state_dict()
        constants = {key: _constant(model, key) for key in constant_shapes(model, part)}
        dead = {key: torch.zeros(shape) for key, shape in constant_shapes(model, part).items()}
        states[part] = {**state, **dead, **{key: value for key, value in constants.items() if value is not None}}
    return states


def infer_config(part: str, state: Mapping[str, Tensor], path: Path) -> MeshTalkConfig:
    """The configuration that one file tells; sizes that are not in it are 1.

    The encoder and the decoder tell only the product of heads and classes: it is taken as the classes of one head.

    Raises:
        CheckpointError: a key needed is missing or its shape tells nothing.
    """
    if part == "context_model":
        layers = ["embedding", *(f"context_layers.{index}" for index in range(len(DILATIONS)))]
        width = told_size(state, path, [(f"{layer}.masked_linear.bias", 0) for layer in layers], mend=MEND)
        product = [("logits.masked_linear.bias", 0), ("logits.masked_linear.weight", 0)]
        categories = told_size(state, path, [*product, ("embedding.masked_linear.weight", 1)], mend=MEND)
        heads = width // HEAD_WIDTH
        if not heads or width % HEAD_WIDTH or not categories or categories % heads:
            problem = f"has {width} channels for {categories} categories, which fits no number of heads"
            raise CheckpointError(path, problem, MEND)
        return MeshTalkConfig(heads=heads, classes=categories // heads, vertices=1)
    if part == "encoder":
        means = [(f"expression_encoder.{key}", 2) for key in ("mean", "stddev")]
        categories = told_size(state, path, [(f"fusion_model.mlp.4.{key}", 0) for key in ("bias", "weight")], mend=MEND)
    else:
        means = [("mean", 2), ("stddev", 2)]
        categories = told_size(state, path, [("fusion.weight", 1)], mend=MEND) - CODE
    vertices = told_size(state, path, means, mend=MEND)
    if categories < 1 or vertices < 1:
        raise CheckpointError(path, f"has {vertices} vertices and {categories} categories", MEND)
    return MeshTalkConfig(heads=1, classes=categories, vertices=vertices)


def published_shapes(model: MeshTalk, part: str) -> Shapes:
    """Every key of the published state dict of a part, with its shape."""
    own = {key: tuple(tensor.shape) for key, tensor in model.get_submodule(part).state_dict().items()}
    return own | constant_shapes(model, part)


def constant_shapes(model: MeshTalk, part: str) -> Shapes:
    """Keys of the published state dict of a part that hold nothing to load, with their shapes."""
    if part == "encoder":
        return {WINDOW: tuple(hann_window().shape), FILTERS: tuple(mel_filters().shape)}
    shapes: Shapes = {}
    for name, layer in model.get_submodule(part).named_modules():
        if isinstance(layer, MaskedLayer):
            weight = tuple(layer.masked_linear.weight.shape)
            shapes[f"{name}.mask"] = weight
            if name in DEAD:
                shapes[f"{name}.unmasked_linear.weight"] = (weight[0], CODE, 1)
                shapes[f"{name}.unmasked_linear.bias"] = (weight[0],)
    return shapes


def _constant(model: MeshTalk, key: str) -> Tensor | None:
    """What the file must hold under a key of `constant_shapes`; None if that may be anything."""
    if key == WINDOW:
        return hann_window()
    if key == FILTERS:
        return mel_filters()
    name, _, kind = key.rpartition(".")
    if kind != "mask":
        return None
    layer = model.context_model.get_submodule(name)
    assert isinstance(layer, MaskedLayer)
    return layer.mask[..., None]


def _check_constant(model: MeshTalk, key: str, stored: Tensor, path: Path) -> None:
    expected = _constant(model, key)
    if expected is not None and not torch.allclose(stored, expected, rtol=0, atol=TABLE_TOLERANCE):
        raise CheckpointError(path, f"{key} is not the published constant: it would give another model", MEND)


def _common_config(configs: Mapping[str, MeshTalkConfig], folder: Path) -> MeshTalkConfig:
    encoder, context, unet = (configs[part] for part in PARTS)
    mend = "give three files of one training"
    if encoder.vertices != unet.vertices:
        problem = f"has {unet.vertices} vertices, but encoder.pkl has {encoder.vertices}"
        raise CheckpointError(folder / "vertex_unet.pkl", problem, mend)
    for part, config in configs.items():
        if config.heads * config.classes != context.heads * context.classes:
            problem = f"has {config.classes} categories, but context_model.pkl has {context.heads} x {context.classes}"
            raise CheckpointError(folder / f"{part}.pkl", problem, mend)
    return context.model_copy(update={"vertices": encoder.vertices})


def _empty(config: MeshTalkConfig) -> MeshTalk:
    with torch.device("meta"):
        return MeshTalk(config)
