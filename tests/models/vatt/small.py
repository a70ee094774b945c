"""The small VATT of the oracle, and small VATTs of every part with weights that matter."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from sdk.models.vatt.audio import WaveformEncoder
from sdk.models.vatt.config import (
    AudioConfig,
    HeadConfig,
    TextConfig,
    TransformerConfig,
    UnifiedConfig,
    VattConfig,
    VideoConfig,
)

ORACLES = Path(__file__).parents[2] / "oracles" / "vatt"
TINY = TransformerConfig(layers=2, width=32, heads=4, head_width=8, ffn=64)
TINY_VATT = VattConfig(
    audio=AudioConfig(transformer=TINY, patch=16, buckets=12),
    video=VideoConfig(transformer=TINY, patch=(2, 4, 4), buckets=(3, 4, 4)),
    text=TextConfig(transformer=TINY, words=50, word_width=12, distance_buckets=8, distance=16),
    head=HeadConfig(fine=16, coarse=8),
)
TINY_UNIFIED = UnifiedConfig(
    transformer=TINY,
    audio_patch=16,
    audio_buckets=12,
    video_patch=(2, 4, 4),
    video_buckets=(3, 4, 4),
    words=50,
    word_width=12,
    text_buckets=6,
    out_width=24,
    head=HeadConfig(fine=16, coarse=8),
)

Module = TypeVar("Module", bound=nn.Module)


@cache
def oracle(name: str) -> dict[str, Tensor]:
    return load_file(ORACLES / f"{name}.safetensors")


def oracle_weights(name: str) -> dict[str, Tensor]:
    return {key.removeprefix("w."): value for key, value in oracle(name).items() if key.startswith("w.")}


def oracle_encoder(name: str) -> WaveformEncoder:
    encoder = WaveformEncoder(TINY_VATT.audio)
    encoder.load_state_dict(oracle_weights(name))
    return encoder.eval()


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def shaken(module: Module, seed: int = 0) -> Module:
    """Weights of which none is neutral: norms that scale and shift, biases that are not zero, statistics that move."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            drawn = torch.randn(tensor.shape, generator=generator)
            if name.endswith("running_var"):
                tensor.copy_(0.5 + drawn.abs())
            elif tensor.ndim > 1:
                tensor.copy_(drawn / tensor[0].numel() ** 0.5)
            else:
                tensor.add_(0.2 * drawn)
    return module.eval()
