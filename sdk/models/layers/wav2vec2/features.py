"""The convolutional feature extractor: waveform to one feature vector every 20 ms (Baevski et al. 2020, section 2)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.layers.wav2vec2.config import Wav2Vec2Config


class ConvLayer(nn.Module):
    """Convolution without bias or padding, optional normalisation over time, exact (erf) GELU.

    Args:
        normalise: put a GroupNorm with one group a channel (eps 1e-5) after the convolution, as the first layer has.
            Its statistics run over the whole clip.
    """

    layer_norm: nn.GroupNorm | None

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, *, normalise: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_channels, out_channels, kernel, stride, bias=False)
        self.layer_norm = nn.GroupNorm(out_channels, out_channels) if normalise else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, C_in, N) to (B, C_out, (N - kernel) // stride + 1)."""
        x = self.conv(x)
        if self.layer_norm is not None:
            x = self.layer_norm(x)
        return F.gelu(x)


class FeatureExtractor(nn.Module):
    """The stack of convolutions, the first one normalised over the clip."""

    def __init__(self, config: Wav2Vec2Config) -> None:
        super().__init__()
        inputs = (1, *config.conv_dim[:-1])
        sizes = zip(inputs, config.conv_dim, config.kernels, config.strides, strict=True)
        self.conv_layers = nn.ModuleList(ConvLayer(*size, normalise=index == 0) for index, size in enumerate(sizes))

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, N) at 16 kHz, zero mean and unit variance, to features (B, L, C), L as `feature_count` says."""
        x = audio[:, None]
        for layer in self.conv_layers:
            x = layer(x)
        return x.transpose(1, 2)
