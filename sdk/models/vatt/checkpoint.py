"""VATT's published checkpoints: TensorFlow's files of the pre-training, and of models fine-tuned on one modality.

They hold no configuration, so sizes are read off the shapes; each variable must then be there with the shape that these
sizes ask for, no more and no fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from sdk.models.checkpoint_file import check_finite, check_keys
from sdk.models.tensor_bundle import TensorBundle
from sdk.models.vatt.audio import WaveformEncoder
from sdk.models.vatt.config import UnifiedConfig, VattConfig
from sdk.models.vatt.model import UnifiedVatt, Vatt
from sdk.models.vatt.sizes import (
    audio_config,
    head_config,
    size,
    text_config,
    transformer_config,
    video_config,
    video_sizes,
)
from sdk.models.vatt.variables import MEND, PARTS, Table, read_backbone, read_head, read_part
from sdk.models.vatt.video import VideoEncoder

HEAD_WIDTH = 64
"""Of the attention of every published model."""

Module = TypeVar("Module", bound=nn.Module)


def load_vatt(path: str | Path, *, head_width: int = HEAD_WIDTH) -> Vatt:
    """The modality-specific model of a pre-training checkpoint, in evaluation mode.

    Args:
        path: prefix of the files such as ``ckpt-500000``, the ``.index`` file, or the folder that holds it.
        head_width: of the encoders' attention.

    Raises:
        CheckpointError: it is missing, damaged, or not a modality-specific VATT.
    """
    bundle = TensorBundle(path)
    tables = {part: read_part(bundle, word) for word, part in PARTS.items() if part != "encoder"}
    head = read_head(bundle)
    config = VattConfig(
        audio=audio_config(tables["audio"], bundle.prefix, head_width),
        video=video_config(tables["video"], bundle.prefix, head_width),
        text=text_config(tables["text"], bundle.prefix),
        head=head_config(head, bundle.prefix),
    )
    with torch.device("meta"):
        model = Vatt(config)
    return _fill(model, {**_below("head", head), **_joined(tables)}, bundle.prefix)


def load_unified(path: str | Path, *, head_width: int = HEAD_WIDTH) -> UnifiedVatt:
    """The modality-agnostic model of a pre-training checkpoint, in evaluation mode; arguments as `load_vatt`.

    Raises:
        CheckpointError: it is missing, damaged, or not a modality-agnostic VATT.
    """
    bundle = TensorBundle(path)
    table, head, prefix = read_part(bundle, "unified_backbone"), read_head(bundle), bundle.prefix
    raw, places = "raw_to_embeddings", "pos_embedding_lookup"
    video = video_sizes(table, prefix, f"{raw}.video.weight", f"{places}.video")
    config = UnifiedConfig(
        transformer=transformer_config(table, prefix, head_width),
        audio_patch=size(table, prefix, f"{raw}.audio.weight", 2),
        audio_buckets=size(table, prefix, f"{places}.audio.temporal_position_embeddings.weight", 0),
        video_patch=video.patch,
        video_buckets=video.buckets,
        video_channels=video.channels,
        words=size(table, prefix, f"{raw}.text.weight", 0),
        word_width=size(table, prefix, f"{raw}.text.weight", 1),
        text_buckets=size(table, prefix, f"{places}.text.temporal_position_embeddings.weight", 0),
        out_width=size(table, prefix, "post_proj.audio.bias", 0),
        head=head_config(head, prefix),
    )
    with torch.device("meta"):
        model = UnifiedVatt(config)
    return _fill(model, {**_below("head", head), **_below("encoder", table)}, prefix)


def load_waveform_encoder(path: str | Path, *, head_width: int = HEAD_WIDTH) -> WaveformEncoder:
    """The sound encoder alone, of a pre-training checkpoint or of one fine-tuned on sounds; arguments as `load_vatt`.

    Raises:
        CheckpointError: it is missing, damaged, or holds no such encoder.
    """
    bundle = TensorBundle(path)
    table = read_backbone(bundle, "aud_backbone", "wave_to_patch")
    with torch.device("meta"):
        model = WaveformEncoder(audio_config(table, bundle.prefix, head_width))
    return _fill(model, table, bundle.prefix)


def load_video_encoder(path: str | Path, *, head_width: int = HEAD_WIDTH) -> VideoEncoder:
    """The video encoder alone, of a pre-training checkpoint or of one fine-tuned on videos; arguments as `load_vatt`.

    Raises:
        CheckpointError: it is missing, damaged, or holds no such encoder.
    """
    bundle = TensorBundle(path)
    table = read_backbone(bundle, "vid_backbone", "voxel_to_patch")
    with torch.device("meta"):
        model = VideoEncoder(video_config(table, bundle.prefix, head_width))
    return _fill(model, table, bundle.prefix)


def _below(name: str, table: Mapping[str, Tensor]) -> Table:
    return {f"{name}.{key}": value for key, value in table.items()}


def _joined(tables: Mapping[str, Table]) -> Table:
    return {key: value for name, table in tables.items() for key, value in _below(name, table).items()}


def _fill(model: Module, table: Mapping[str, Tensor], path: Path) -> Module:
    check_keys(table, {key: tuple(value.shape) for key, value in model.state_dict().items()}, path, mend=MEND)
    check_finite(table, path)
    fixed = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    model.load_state_dict(table, strict=True, assign=True)
    for name in fixed:
        model.get_parameter(name).requires_grad_(False)
    return model.eval()
