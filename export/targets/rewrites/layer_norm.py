"""LayerNorm as two linear layers, for delegates that have matrix products but no reduction over the last axis."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.targets.rewrites import ModuleRewrite, replace_layers


class LinearLayerNorm(nn.Module):
    """``nn.LayerNorm`` over the last axis, (..., d) -> (..., d), whose mean and variance are products with the constant
    row 1/d (1, d).

    The constants are buffers and not an ``nn.Linear``, so that no quantiser takes them. Epsilon is the bias of the
    variance's product: as a scalar added afterwards it stops the Core ML converter (coremltools 9.0, fuse_linear_bias).
    """

    average: Tensor
    epsilon: Tensor

    def __init__(self, layer: nn.LayerNorm) -> None:
        super().__init__()
        (width,) = layer.normalized_shape
        self.weight, self.bias = layer.weight, layer.bias
        self.register_buffer("average", torch.full((1, width), 1.0 / width))
        self.register_buffer("epsilon", torch.full((1,), layer.eps))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis."""
        centred = x - F.linear(x, self.average)
        normal = centred * torch.rsqrt(F.linear(centred * centred, self.average, self.epsilon))
        if self.weight is not None:
            normal = normal * self.weight
        return normal if self.bias is None else normal + self.bias


def _linear_form(layer: nn.Module) -> nn.Module | None:
    if isinstance(layer, nn.LayerNorm) and len(layer.normalized_shape) == 1:
        return LinearLayerNorm(layer)
    return None


LAYER_NORM_TO_LINEAR = ModuleRewrite("layer_norm_to_linear", lambda module: replace_layers(module, _linear_form))
