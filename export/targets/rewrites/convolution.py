"""Convolutions as linear layers over their taps, the form that every target quantises.

Dynamic int8 of ExecuTorch and ONNX Runtime takes matrix products and leaves one-dimensional convolutions in floating
point without a word.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.targets.rewrites import ModuleRewrite, replace_layers


class LinearConvolution(nn.Module):
    """``nn.Conv1d`` without padding, dilation or groups, (1, C_in, n) -> (1, C_out, m), as one product of rows of taps.

    Attributes:
        in_channels, kernel_size, stride: as of the convolution.
        linear: from kernel * C_in, the oldest tap first.
    """

    def __init__(self, layer: nn.Conv1d) -> None:
        super().__init__()
        self.in_channels, self.kernel_size, self.stride = layer.in_channels, layer.kernel_size, layer.stride
        inputs = layer.kernel_size[0] * layer.in_channels
        self.linear = nn.Linear(inputs, layer.out_channels, bias=layer.bias is not None)
        with torch.no_grad():
            self.linear.weight.copy_(layer.weight.permute(0, 2, 1).flatten(1))
            if layer.bias is not None:
                self.linear.bias.copy_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        count = (x.shape[2] - self.kernel_size[0]) // self.stride[0] + 1
        taps = torch.cat([self._tap(x, tap, count) for tap in range(self.kernel_size[0])], 1)
        rows: Tensor = self.linear(taps.transpose(1, 2))
        return rows.transpose(1, 2)

    def _tap(self, x: Tensor, tap: int, count: int) -> Tensor:
        """What lies under one tap at each output, (1, C_in, count): a column of blocks, because delegates do not take
        slices with a step.
        """
        stride = self.stride[0]
        start = min(tap, self.kernel_size[0] - stride)
        blocks = x[:, :, start : start + count * stride].reshape(x.shape[1], count, stride)
        return blocks[:, :, tap - start : tap - start + 1].reshape(1, x.shape[1], count)


def _linear_form(layer: nn.Module) -> nn.Module | None:
    if (
        isinstance(layer, nn.Conv1d)
        and layer.groups == 1
        and layer.dilation == (1,)
        and layer.padding == (0,)
        and layer.kernel_size[0] >= layer.stride[0]
        and not nn.utils.parametrize.is_parametrized(layer)
    ):
        return LinearConvolution(layer)
    return None


CONVOLUTION_TO_LINEAR = ModuleRewrite("convolution_to_linear", lambda module: replace_layers(module, _linear_form))
