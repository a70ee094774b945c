"""Convolutions as linear layers over their taps, the form that every target quantises.

Dynamic int8 of ExecuTorch and ONNX Runtime takes matrix products and leaves one-dimensional convolutions in floating
point without a word.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.targets.rewrites import ModuleRewrite, replace_layers

LEAST_TAPS = 256
"""Inputs under the taps of one group: fewer make products too small to gain, and a depthwise convolution hundreds."""


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
        kernel, stride = self.kernel_size[0], self.stride[0]
        count = (x.shape[2] - kernel) // stride + 1
        columns = x.reshape(self.in_channels, x.shape[2]).transpose(0, 1)
        taps = [_blocks(columns, tap, min(stride, kernel - tap), stride, count) for tap in range(0, kernel, stride)]
        rows: Tensor = self.linear(torch.cat(taps, 1) if len(taps) > 1 else taps[0])
        return rows.transpose(0, 1).reshape(1, -1, count)


class GroupedLinearConvolution(nn.Module):
    """``nn.Conv1d`` whose channels fall into groups, (1, C_in, n) -> (1, C_out, m), as a product for each group.

    Its window lies in memory channel by channel, as the state of a streaming convolution does, so that one output is
    a product with the window as it is: nothing is turned. Made for few outputs a step.

    Attributes:
        in_channels, kernel_size, stride: as of the convolution.
        groups: from C_in / groups * kernel, the first channel's taps first.
    """

    def __init__(self, layer: nn.Conv1d) -> None:
        super().__init__()
        self.in_channels, self.kernel_size, self.stride = layer.in_channels, layer.kernel_size, layer.stride
        inputs, outputs = layer.weight[0].numel(), layer.out_channels // layer.groups
        self.groups = nn.ModuleList(nn.Linear(inputs, outputs, layer.bias is not None) for _ in range(layer.groups))
        with torch.no_grad():
            for index, group in enumerate(self._groups()):
                rows = slice(index * outputs, (index + 1) * outputs)
                group.weight.copy_(layer.weight[rows].flatten(1))
                if layer.bias is not None:
                    group.bias.copy_(layer.bias[rows])

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        (kernel,), (stride,), groups = self.kernel_size, self.stride, self._groups()
        count = (x.shape[2] - kernel) // stride + 1
        if x.shape[2] == kernel:
            rows = x.reshape(1, len(groups), -1)
        else:
            windows = [x[:, :, first : first + kernel] for first in range(0, count * stride, stride)]
            rows = torch.cat([window.reshape(1, len(groups), -1) for window in windows], 0)
        parts = [group(rows[:, index]) for index, group in enumerate(groups)]
        return torch.cat(parts, 1).transpose(0, 1).reshape(1, -1, count)

    def _groups(self) -> list[nn.Linear]:
        return [group for group in self.groups if isinstance(group, nn.Linear)]


def _blocks(columns: Tensor, first: int, width: int, stride: int, count: int) -> Tensor:
    """`width` of the columns (n, C) at each output, from `first` on, as (count, width * C).

    A whole stride of columns lies in memory as its row of taps does: only the shape changes. A slice for each tap, out
    of blocks as well, for delegates take none with a step, took two thirds of a step of wav2vec 2.0's convolutions in 8
    bits on ExecuTorch.
    """
    channels, end = columns.shape[1], first + (count - 1) * stride
    if width == stride:
        return columns[first : end + stride].reshape(count, stride * channels)
    last = columns[end : end + width].reshape(1, width * channels)
    if count == 1:
        return last
    before = columns[first:end].reshape(count - 1, stride * channels)
    return torch.cat([before[:, : width * channels], last], 0)


def _linear_form(layer: nn.Module) -> nn.Module | None:
    if (
        isinstance(layer, nn.Conv1d)
        and layer.dilation == (1,)
        and layer.padding == (0,)
        and layer.kernel_size[0] >= layer.stride[0]
        and not nn.utils.parametrize.is_parametrized(layer)
    ):
        if layer.groups == 1:
            return LinearConvolution(layer)
        if layer.in_channels // layer.groups * layer.kernel_size[0] >= LEAST_TAPS:
            return GroupedLinearConvolution(layer)
    return None


CONVOLUTION_TO_LINEAR = ModuleRewrite("convolution_to_linear", lambda module: replace_layers(module, _linear_form))
