"""The published multimodal encoder: sound and tracked geometry to log-probabilities of the categorical latent face.

Richard et al. 2021, section 3.1 and supplement; the published code where it differs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.meshtalk.config import CODE, DROPOUT, SLOPE, MeshTalkConfig
from sdk.models.meshtalk.front_end import BANDS, log_mel

KERNEL = 5
DILATIONS = (2, 4, 6, 2, 4, 6)
BLOCK = 64
"""Frames that pass the audio encoder at once in inference, so that its memory does not grow with the clip."""


class AudioEncoder(nn.Module):
    """One second of sound to one code: log-mel and seven valid convolutions, which see exactly its 101 columns."""

    def __init__(self) -> None:
        super().__init__()
        self.convert_dimensions = nn.Conv1d(BANDS, CODE, KERNEL)
        self.convs = nn.ModuleList(nn.Conv1d(CODE, CODE, KERNEL, dilation=dilation) for dilation in DILATIONS)
        self.code = nn.Linear(CODE, CODE)
        self.dropout = nn.Dropout(DROPOUT)
        for conv in [self.convert_dimensions, *self.convs]:  # the published initialisation
            nn.init.xavier_uniform_(conv.weight)
            nn.init.constant_(conv.bias, 0.01)

    def forward(self, sound: Tensor) -> Tensor:
        """Chunks (B, T, 16000) of normalised sound to codes (B, T, 128)."""
        return self.encode_columns(log_mel(sound).flatten(0, 1)).reshape(*sound.shape[:2], CODE)

    def encode_columns(self, columns: Tensor) -> Tensor:
        """Log-mel columns (B, 80, 101) to codes (B, 128)."""
        code: Tensor = self.code(self.convolve(columns).mean(-1))
        return code

    def convolve(self, columns: Tensor) -> Tensor:
        """Log-mel columns (B, 80, n) to what the code is made of, (B, 128, n - 100): one for each 101 columns."""
        x = F.leaky_relu(self.convert_dimensions(columns), SLOPE)
        for conv, dilation in zip(self.convs, DILATIONS, strict=True):
            y = self.dropout(F.leaky_relu(conv(x), SLOPE))
            crop = (KERNEL - 1) // 2 * dilation
            # The paper shows skip connections; the published code averages with them.
            x = (x[..., crop:-crop] + y) / 2
        return x


class ExpressionEncoder(nn.Module):
    """Tracked geometry to one code a frame, from this frame and the ones before."""

    mean: Tensor
    stddev: Tensor

    def __init__(self, config: MeshTalkConfig) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, 1, config.vertices, config.point_size))
        self.register_buffer("stddev", torch.ones(1, 1, config.vertices, config.point_size))
        self.layers = nn.ModuleList([nn.Linear(config.numbers, 256), nn.Linear(256, CODE)])
        self.lstm = nn.LSTM(CODE, CODE, batch_first=True)
        self.code = nn.Linear(CODE, CODE)

    def forward(self, geometry: Tensor) -> Tensor:
        """Geometry (B, T, V, 3) in mm to codes (B, T, 128)."""
        x = ((geometry - self.mean) / self.stddev).flatten(2)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        code: Tensor = self.code(self.lstm(x)[0])
        return code


class FusionMlp(nn.Module):
    """Both codes of a frame to the log-probabilities of its categories."""

    def __init__(self, heads: int, classes: int) -> None:
        super().__init__()
        self.heads, self.classes = heads, classes
        width = 2 * CODE
        self.mlp = nn.Sequential(
            nn.Linear(width, width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(width, width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(width, heads * classes),
        )

    def forward(self, expression_code: Tensor, audio_code: Tensor) -> Tensor:
        """Codes (B, T, 128) each, to log-probabilities (B, T, H, C)."""
        logits: Tensor = self.mlp(torch.cat([expression_code, audio_code], -1))
        return logits.reshape(*logits.shape[:-1], self.heads, self.classes).log_softmax(-1)


class MultimodalEncoder(nn.Module):
    """The three parts that the published ``encoder.pkl`` holds."""

    def __init__(self, config: MeshTalkConfig) -> None:
        super().__init__()
        self.audio_encoder = AudioEncoder()
        self.expression_encoder = ExpressionEncoder(config)
        self.fusion_model = FusionMlp(config.heads, config.classes)

    def forward(self, geometry: Tensor, sound: Tensor) -> Tensor:
        """Geometry (B, T, V, 3) in mm and sound (B, T, 16000) to log-probabilities (B, T, H, C)."""
        fused: Tensor = self.fusion_model(self.expression_encoder(geometry), self.audio_encoder(sound))
        return fused
