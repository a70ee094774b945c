"""Small FaceFormers with weights that matter, for tests."""

from __future__ import annotations

import torch
from torch import Tensor

from sdk.models.faceformer import FaceFormer, FaceFormerConfig
from sdk.models.faceformer.config import Dataset
from sdk.models.layers.wav2vec2 import Wav2Vec2Config


def tiny_config(
    dataset: Dataset = "vocaset",
    *,
    feature_dim: int = 16,
    vertice_dim: int = 12,
    subjects: int = 3,
    period: int | None = None,
    hidden: int = 32,
    layers: int = 1,
    ffn: int = 48,
    channels: int = 8,
) -> FaceFormerConfig:
    """A configuration whose encoder has 2 heads, as `default_encoder_heads` says of widths below 128."""
    encoder = Wav2Vec2Config(hidden=hidden, layers=layers, heads=2, ffn=ffn, conv_dim=(channels,) * 7)
    return FaceFormerConfig(
        dataset=dataset,
        feature_dim=feature_dim,
        vertice_dim=vertice_dim,
        subjects=subjects,
        period=period or {"vocaset": 30, "biwi": 25}[dataset],
        encoder=encoder,
    )


def redraw(module: torch.nn.Module, seed: int = 0) -> None:
    """Draw every parameter anew so that none hides what comes before it (`vertice_map_r` starts as zeros)."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1:
                scale_of_norm = "norm" in name and name.endswith("weight")
                parameter.copy_(0.2 * noise + (1.0 if scale_of_norm else 0.0))
            else:
                fan_in = parameter[0].numel()
                parameter.copy_(1.2 * noise / fan_in**0.5)


def tiny_faceformer(config: FaceFormerConfig, seed: int = 0) -> FaceFormer:
    model = FaceFormer(config).eval()
    redraw(model, seed)
    return model


def example(config: FaceFormerConfig, samples: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Noise as audio (1, N), a template (1, V * 3) and a one-hot style (1, S)."""
    generator = torch.Generator().manual_seed(seed)
    audio = 0.1 * torch.randn(1, samples, generator=generator) + 0.02
    template = torch.randn(1, config.vertice_dim, generator=generator)
    style = torch.eye(config.subjects)[[seed % config.subjects]]
    return audio, template, style
