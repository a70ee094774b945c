"""Sizes of a VATT read off the shapes of its parameters.

Heads of an attention cannot be read off a shape: how wide each is has to be known.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from sdk.errors import CheckpointError
from sdk.models.checkpoint_file import told_size
from sdk.models.vatt.config import AudioConfig, HeadConfig, TextConfig, TransformerConfig, VideoConfig
from sdk.models.vatt.variables import MEND


def size(table: Mapping[str, Tensor], path: Path, key: str, axis: int) -> int:
    """Size of an axis, at least 1."""
    told = told_size(table, path, [(key, axis)], mend=MEND)
    if not told:
        raise CheckpointError(path, f"{key} is empty", MEND)
    return told


def transformer_config(table: Mapping[str, Tensor], path: Path, head_width: int) -> TransformerConfig:
    """Sizes of the transformer below ``tx``."""
    layers = 1 + max((int(key.split(".")[2]) for key in table if _is_layer(key, "tx")), default=0)
    inner = size(table, path, "tx.layers.0.mha.q.weight", 0)
    if inner % head_width:
        raise CheckpointError(
            path, f"has attention {inner} wide, not a multiple of {head_width}", "give its head_width"
        )
    return TransformerConfig(
        layers=layers,
        width=size(table, path, "tx.layers.0.mha.q.weight", 1),
        heads=inner // head_width,
        head_width=head_width,
        ffn=size(table, path, "tx.layers.0.feed_forward.mlp.wi.weight", 0),
    )


def _is_layer(key: str, part: str) -> bool:
    words = key.split(".")
    return words[:2] == [part, "layers"] and len(words) > 2 and words[2].isdecimal() and len(words[2]) < 4


def audio_config(table: Mapping[str, Tensor], path: Path, head_width: int) -> AudioConfig:
    """Sizes of the sound encoder."""
    return AudioConfig(
        transformer=transformer_config(table, path, head_width),
        patch=size(table, path, "wave_to_patch.weight", 2),
        buckets=size(table, path, "pos_embedding_lookup.temporal_position_embeddings.weight", 0),
    )


def video_config(table: Mapping[str, Tensor], path: Path, head_width: int) -> VideoConfig:
    """Sizes of the video encoder."""
    sizes = video_sizes(table, path, "voxel_to_patch.weight", "pos_embedding_lookup")
    return sizes.model_copy(update={"transformer": transformer_config(table, path, head_width)})


def video_sizes(table: Mapping[str, Tensor], path: Path, kernel: str, places: str) -> VideoConfig:
    """Patch, buckets and channels; the transformer's sizes are none."""
    time, height, width = (size(table, path, kernel, axis) for axis in (2, 3, 4))
    names = ("temporal", "vertical", "horizontal")
    rows = [size(table, path, f"{places}.{name}_position_embeddings.weight", 0) for name in names]
    return VideoConfig(
        transformer=TransformerConfig(layers=1, width=1, heads=1, ffn=1),
        patch=(time, height, width),
        buckets=(rows[0], rows[1], rows[2]),
        channels=size(table, path, kernel, 1),
    )


def text_config(table: Mapping[str, Tensor], path: Path) -> TextConfig:
    """Sizes of the text encoder."""
    layers = 1 + max((int(key.split(".")[2]) for key in table if _is_layer(key, "base_lm")), default=0)
    attention = "base_lm.layers.0.self_attention.attention"
    heads = size(table, path, f"{attention}.relative_attention_bias.weight", 1)
    inner = size(table, path, f"{attention}.q.weight", 0)
    if not heads or inner % heads:
        raise CheckpointError(path, f"has attention {inner} wide for {heads} heads", MEND)
    return TextConfig(
        transformer=TransformerConfig(
            layers=layers,
            width=size(table, path, "pre_proj.weight", 0),
            heads=heads,
            head_width=inner // heads,
            ffn=size(table, path, "base_lm.layers.0.feed_forward.mlp.wi.weight", 0),
        ),
        words=size(table, path, "embedding.weight", 0),
        word_width=size(table, path, "embedding.weight", 1),
        distance_buckets=size(table, path, f"{attention}.relative_attention_bias.weight", 0),
    )


def head_config(table: Mapping[str, Tensor], path: Path) -> HeadConfig:
    """Sizes of the head."""
    if "vid_to_hid.weight" in table:
        fine, coarse = (size(table, path, key, 0) for key in ("aud_to_va.weight", "txt_to_vat.weight"))
        return HeadConfig(kind="fac", fine=fine, coarse=coarse)
    return HeadConfig(kind="joint", fine=size(table, path, "aud_to_vat.dense.weight", 0))
