"""FaceFormer's sizes, read off the shapes of a published state dict.

Each size is told by several tensors; the one that most of them tell is taken, so that one misshaped tensor is found
out by the others and not the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from pydantic import ValidationError
from torch import Tensor

from sdk.errors import CheckpointError, UsageError
from sdk.models.checkpoint_file import told_size
from sdk.models.faceformer.config import PERIODS, POSITIONS, Dataset, FaceFormerConfig
from sdk.models.layers.wav2vec2 import Wav2Vec2Config

PUBLISHED = Wav2Vec2Config()
ENCODER = "audio_encoder."
LAYER = "transformer_decoder.layers.0."
DIRECTIONS = tuple(
    f"{ENCODER}encoder.pos_conv_embed.conv.{name}" for name in ("weight_v", "parametrizations.weight.original1")
)

Axis = tuple[str, int]
"""A key and one axis of its tensor."""


def infer_config(
    state: Mapping[str, Tensor], path: str, *, dataset: Dataset | None = None, encoder_heads: int | None = None
) -> FaceFormerConfig:
    """The configuration that the shapes tell.

    Not told by shapes, hence as published: kernels and strides of the feature extractor and the decoder's 4 heads.

    Args:
        state: published keys to tensors.
        path: for messages.
        dataset: None for the one whose published period the positional table has.
        encoder_heads: None for `default_encoder_heads`.

    Raises:
        CheckpointError: a key needed is missing or its shape tells nothing.
        UsageError: `dataset` or `encoder_heads` cannot be used.
    """
    if dataset not in (None, *PERIODS.values()):
        raise UsageError("dataset", f"{dataset!r} is unknown", f"use one of {', '.join(PERIODS.values())}")
    period = table_period(state, path)
    if dataset is None and period not in PERIODS:
        raise CheckpointError(path, f"PPE.pe has a period of {period}, neither 30 nor 25", "give dataset=")
    hidden = _size(
        state,
        path,
        [("audio_feature_map.weight", 1)]
        + [(f"{ENCODER}{key}", 0) for key in ("masked_spec_embed", "encoder.layer_norm.weight")]
        + [(f"{ENCODER}feature_projection.projection.{key}", 0) for key in ("weight", "bias")],
    )
    heads = default_encoder_heads(hidden, path) if encoder_heads is None else encoder_heads
    if heads < 1 or hidden % heads:
        raise UsageError("encoder_heads", f"{heads} heads cannot share a width of {hidden}", "give a divisor of it")
    direction = next((key for key in DIRECTIONS if key in state), DIRECTIONS[0])
    group_width = _size(state, path, [(direction, 1)])
    if not group_width or hidden % group_width:
        raise CheckpointError(path, f"{direction} has shape {tuple(state[direction].shape)}", "give a published one")
    width_keys = ("audio_feature_map.bias", "vertice_map.bias", f"{LAYER}norm1.weight", f"{LAYER}norm2.weight")
    try:
        return FaceFormerConfig(
            dataset=dataset or PERIODS[period],
            feature_dim=_size(state, path, [(key, 0) for key in width_keys]),
            vertice_dim=_size(
                state, path, [("vertice_map_r.bias", 0), ("vertice_map_r.weight", 0), ("vertice_map.weight", 1)]
            ),
            period=period,
            subjects=_size(state, path, [("obj_vector.weight", 1)]),
            encoder=Wav2Vec2Config(
                hidden=hidden,
                layers=_count_layers(state, path),
                heads=heads,
                ffn=_ffn(state, path),
                conv_dim=_conv_dims(state, path),
                pos_conv_kernel=_size(state, path, [(direction, 2)]),
                pos_conv_groups=hidden // group_width,
            ),
        )
    except ValidationError as error:
        raise CheckpointError(
            path, f"has impossible sizes: {error.errors()[0]['msg']}", "give a published one"
        ) from error


def default_encoder_heads(hidden: int, path: str = "checkpoint") -> int:
    """Attention heads of an encoder of width `hidden`: 64 wide as published, but 2 heads for widths below 128.

    The published sizes are 768 with 12 heads (wav2vec2-base); narrower encoders are for tests.

    Raises:
        CheckpointError: the width is not a multiple of 64.
    """
    if hidden < 128:
        return 2
    if hidden % 64:
        raise CheckpointError(path, f"an encoder width of {hidden} does not tell its heads", "give encoder_heads=")
    return hidden // 64


def table_period(state: Mapping[str, Tensor], path: str) -> int:
    """Period of the positional table ``PPE.pe``: the shortest one whose published tiling it is.

    The published code tiles p rows ``600 // p + 1`` times, so that 30 gives 630 rows and 25 gives 625.

    Raises:
        CheckpointError: it is missing or not such a table.
    """
    if "PPE.pe" not in state:
        raise CheckpointError(path, "lacks PPE.pe", "give a published one")
    shape = tuple(state["PPE.pe"].shape)
    rows = shape[1] if len(shape) == 3 and shape[0] == 1 else 0
    table = state["PPE.pe"].reshape(max(rows, 1), -1)
    for period in range(1, POSITIONS + 1):
        if period * (POSITIONS // period + 1) == rows and torch.equal(table[period:], table[:-period]):
            return period
    raise CheckpointError(path, f"PPE.pe, shape {shape}, is no periodic table", "give a published one")


def _count_layers(state: Mapping[str, Tensor], path: str) -> int:
    pattern = re.compile(re.escape(f"{ENCODER}encoder.layers.") + r"(\d+)\.")
    found = {match[1] for match in map(pattern.match, state) if match}
    if not found:
        raise CheckpointError(path, f"lacks {ENCODER}encoder.layers.0", "give a published one")
    return len(found)


def _ffn(state: Mapping[str, Tensor], path: str) -> int:
    dense = f"{ENCODER}encoder.layers.0.feed_forward."
    keys = [(f"intermediate_dense.{kind}", 0) for kind in ("weight", "bias")] + [("output_dense.weight", 1)]
    return _size(state, path, [(dense + key, axis) for key, axis in keys])


def _conv_dims(state: Mapping[str, Tensor], path: str) -> tuple[int, ...]:
    layers = f"{ENCODER}feature_extractor.conv_layers."
    count = len(PUBLISHED.kernels)
    own = [(f"{layers}{index}.conv.weight", 0) for index in range(count)]
    following = [(f"{layers}{index}.conv.weight", 1) for index in range(1, count)]
    following.append((f"{ENCODER}feature_projection.layer_norm.weight", 0))
    # All are alike in the published sizes; what most say decides where a layer and the one after it disagree.
    usual = _size(state, path, own)
    return tuple(_size(state, path, pair, usual) for pair in zip(own, following, strict=True))


def _size(state: Mapping[str, Tensor], path: str, axes: Iterable[Axis], *usual: int) -> int:
    return told_size(state, path, axes, *usual, mend="give a published one")
