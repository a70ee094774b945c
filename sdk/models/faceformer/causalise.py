"""From published weights to the streaming form: what is folded exactly, and what is made causal.

Exact: the feedback through the vertices, the cross-attention to one key, the split of packed projections.
Made causal, and so an approximation of the offline form: the level instead of the whole-clip normaliser; layer 0's
GroupNorm with statistics measured once on speech; the positional convolution without its future taps; attention over
a window of the past; the change to the frame rate by the sample clock from past features only.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from sdk.audio.level import LevelNormaliser
from sdk.models.faceformer.config import FaceFormerConfig
from sdk.models.faceformer.hops import HOP
from sdk.models.faceformer.model import FaceFormer
from sdk.models.faceformer.streaming import build_stages
from sdk.models.faceformer.streaming_config import StreamingConfig, Wav2Vec2EncoderConfig
from sdk.models.registry import BuildOptions
from sdk.models.stage_weights import load_stages
from sdk.spec import FrameRate
from sdk.stage import Stage

DECODER_WINDOW = 600
"""Frames of self-attention: the length that the published code was built for (20 s on VOCASET, 24 s on BIWI)."""

GROUP_NORM_EPS = 1e-5

BLOCK = 16_000
"""Outputs of the first convolution that are held at a time, 5 s of sound: a folder of speech may last hours."""


def streaming_config(config: FaceFormerConfig, options: BuildOptions) -> StreamingConfig:
    """Sizes of the streaming form of an offline model."""
    per_frame = config.dataset == "vocaset"
    return StreamingConfig(
        encoder=Wav2Vec2EncoderConfig(
            **config.encoder.model_dump(exclude={"dropout"}), transformer_clock="frame" if per_frame else "hop"
        ),
        memory="direct" if per_frame else "pair",
        feature_dim=config.feature_dim,
        heads=config.heads,
        vertices=config.vertice_dim // 3,
        subjects=config.subjects,
        period=config.period,
        window=DECODER_WINDOW,
        frame_rate=options.frame_rate or FrameRate(num=config.frame_rate),
        lookahead_samples=options.lookahead_samples,
    )


def causal_stages(
    model: FaceFormer, config: StreamingConfig, unit: str, calibration: NDArray[np.float32]
) -> list[Stage]:
    """Stages with the weights of `model`.

    Args:
        model: the offline form.
        config: from `streaming_config`.
        unit: of the vertices.
        calibration: (N,) speech at 16 kHz that layer 0's statistics are measured on.
    """
    assert isinstance(config.encoder, Wav2Vec2EncoderConfig)
    source = {key: value.detach().float() for key, value in model.state_dict().items()}
    table = {
        **_convolutions(source, config.encoder, calibration),
        **_transformer(source, config.encoder),
        **_identity(source, config),
        **_decoder(source, config),
    }
    stages = build_stages(config, unit)
    load_stages(stages, table)
    return stages


def _convolutions(
    source: Mapping[str, Tensor], config: Wav2Vec2EncoderConfig, calibration: NDArray[np.float32]
) -> dict[str, Tensor]:
    prefix = "audio_encoder.feature_extractor.conv_layers"
    table = {
        f"audio_encoder.convs.{index}.conv.weight": source[f"{prefix}.{index}.conv.weight"]
        for index in range(len(config.kernels))
    }
    first = "audio_encoder.convs.0.conv"
    mean, variance = _group_norm_statistics(table[f"{first}.weight"], config.strides[0], calibration)
    gain = source[f"{prefix}.0.layer_norm.weight"] / torch.sqrt(variance + GROUP_NORM_EPS)
    table[f"{first}.bias"] = source[f"{prefix}.0.layer_norm.bias"] - mean * gain
    table[f"{first}.weight"] = table[f"{first}.weight"] * gain.reshape(-1, 1, 1)
    return table


def _group_norm_statistics(weight: Tensor, stride: int, calibration: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
    """Mean and variance over time of each channel of layer 0, on levelled speech; (C,) each."""
    whole = len(calibration) // HOP * HOP
    assert whole, "calibration needs at least one hop of audio"
    total, squares = torch.zeros(2, len(weight), dtype=torch.float64)
    count = 0
    with torch.no_grad():
        levelled = LevelNormaliser(HOP)(torch.from_numpy(calibration[:whole]).reshape(1, -1))
        for first in range(0, whole - weight.shape[2] + 1, stride * BLOCK):
            block = levelled[:, None, first : first + stride * (BLOCK - 1) + weight.shape[2]]
            response = F.conv1d(block, weight, stride=stride)[0].double()
            total, squares = total + response.sum(1), squares + response.square().sum(1)
            count += response.shape[1]
    mean = total / count
    return mean.float(), (squares / count - mean.square()).clamp(min=0).float()


def _transformer(source: Mapping[str, Tensor], config: Wav2Vec2EncoderConfig) -> dict[str, Tensor]:
    ours, theirs = "audio_transformer", "audio_encoder"
    names = {
        "norm_in": "feature_projection.layer_norm",
        "project": "feature_projection.projection",
        "norm": "encoder.layer_norm",
    }
    for index in range(config.layers):
        layer = f"encoder.layers.{index}"
        names |= {
            f"layers.{index}.attention.query": f"{layer}.attention.q_proj",
            f"layers.{index}.attention.key": f"{layer}.attention.k_proj",
            f"layers.{index}.attention.value": f"{layer}.attention.v_proj",
            f"layers.{index}.attention.out": f"{layer}.attention.out_proj",
            f"layers.{index}.norm1": f"{layer}.layer_norm",
            f"layers.{index}.norm2": f"{layer}.final_layer_norm",
            f"layers.{index}.linear1": f"{layer}.feed_forward.intermediate_dense",
            f"layers.{index}.linear2": f"{layer}.feed_forward.output_dense",
        }
    table = {
        f"{ours}.{to}.{kind}": source[f"{theirs}.{name}.{kind}"]
        for to, name in names.items()
        for kind in ("weight", "bias")
    }
    position = f"{theirs}.encoder.pos_conv_embed.conv"
    # Tap k of the published convolution stands on token i - kernel / 2 + k: the first kernel / 2 + 1 are not future.
    table[f"{ours}.position.conv.weight"] = source[f"{position}.weight"][:, :, : config.pos_conv_kernel // 2 + 1]
    table[f"{ours}.position.conv.bias"] = source[f"{position}.bias"]
    table |= {f"{ours}.map.{kind}": source[f"audio_feature_map.{kind}"] for kind in ("weight", "bias")}
    return table


def _identity(source: Mapping[str, Tensor], config: StreamingConfig) -> dict[str, Tensor]:
    return {
        "identity.embed.weight": source["obj_vector.weight"],
        "identity.offset": source["vertice_map_r.bias"].reshape(config.vertices, 3),
    }


def _decoder(source: Mapping[str, Tensor], config: StreamingConfig) -> dict[str, Tensor]:
    layer, width = "transformer_decoder.layers.0", config.feature_dim
    table = {
        "position.table": source["PPE.pe"][0, : config.period].T.contiguous(),
        "basis.weight": source["vertice_map_r.weight"],
    }
    table |= _unpacked(source, f"{layer}.self_attn", "self_attention", width)
    if config.memory == "pair":
        table |= _unpacked(source, f"{layer}.multihead_attn", "cross", width)
    else:
        packed, bias = source[f"{layer}.multihead_attn.in_proj_weight"], source[f"{layer}.multihead_attn.in_proj_bias"]
        out, out_bias = (
            source[f"{layer}.multihead_attn.out_proj.weight"],
            source[f"{layer}.multihead_attn.out_proj.bias"],
        )
        table["cross.weight"], table["cross.bias"] = _compose(out, out_bias, packed[2 * width :], bias[2 * width :])
    table["feedback.weight"], table["feedback.bias"] = _compose(
        source["vertice_map.weight"],
        source["vertice_map.bias"],
        source["vertice_map_r.weight"],
        source["vertice_map_r.bias"],
    )
    for name in ("norm1", "norm2", "norm3", "linear1", "linear2"):
        table |= {f"{name}.{kind}": source[f"{layer}.{name}.{kind}"] for kind in ("weight", "bias")}
    return {f"motion_decoder.{key}": value for key, value in table.items()}


def _unpacked(source: Mapping[str, Tensor], theirs: str, ours: str, width: int) -> dict[str, Tensor]:
    """Split torch's packed (3d, d) projection into query, key and value."""
    table = {f"{ours}.out.{kind}": source[f"{theirs}.out_proj.{kind}"] for kind in ("weight", "bias")}
    for index, name in enumerate(("query", "key", "value")):
        rows = slice(index * width, (index + 1) * width)
        table[f"{ours}.{name}.weight"] = source[f"{theirs}.in_proj_weight"][rows]
        table[f"{ours}.{name}.bias"] = source[f"{theirs}.in_proj_bias"][rows]
    return table


def _compose(outer: Tensor, outer_bias: Tensor, inner: Tensor, inner_bias: Tensor) -> tuple[Tensor, Tensor]:
    """``outer(inner(x))`` as one affine map, multiplied in float64."""
    weight = (outer.double() @ inner.double()).float()
    return weight, (outer.double() @ inner_bias.double() + outer_bias.double()).float()
