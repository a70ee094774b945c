"""The published geometry decoder: a UNet over the vertices of a template with the categories at its waist.

Richard et al. 2021, section 3.1 and supplement.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.meshtalk.config import CODE, SLOPE, MeshTalkConfig

WIDTHS = (512, 256, CODE)


@dataclass(frozen=True)
class Identity:
    """What the decoder needs of a template, computed once.

    Attributes:
        skips: inputs of the encoder's layers, narrowest first: (B, 256), (B, 512), (B, V * 3).
        fused: the template's share of the fusion, bias included, (B, 128).
    """

    skips: tuple[Tensor, ...]
    fused: Tensor


class VertexUnet(nn.Module):
    """Template and categories to geometry; its parameters bear the published names."""

    mean: Tensor
    stddev: Tensor

    def __init__(self, config: MeshTalkConfig) -> None:
        super().__init__()
        sizes = (config.numbers, *WIDTHS)
        self.classes = config.classes
        self.vertex_bias = nn.Parameter(torch.zeros(sizes[0]))
        self.register_buffer("mean", torch.zeros(1, 1, config.vertices, config.point_size))
        self.register_buffer("stddev", torch.ones(1, 1, config.vertices, config.point_size))
        self.encoder = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))
        self.fusion = nn.Linear(CODE + config.heads * config.classes, CODE)
        self.temporal = nn.LSTM(CODE, CODE, num_layers=2, batch_first=True)
        self.decoder = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(reversed(sizes)))

    def forward(self, template: Tensor, codes: Tensor) -> Tensor:
        """Template (B, V, 3) in mm and one-hot categories (B, T, H, C) to geometry (B, T, V, 3)."""
        identity = self.encode_identity(template)
        return self.decode(identity, F.linear(codes.flatten(2), self.fusion.weight[:, CODE:]))

    def decode_labels(self, identity: Identity, labels: Tensor) -> Tensor:
        """Labels (B, T, H) to geometry (B, T, V, 3), with a gather in place of the product with one-hot vectors."""
        columns = self.fusion.weight[:, CODE:].mT
        rows = labels + self.classes * torch.arange(labels.shape[-1], device=labels.device)
        return self.decode(identity, F.embedding(rows, columns).sum(-2))

    def encode_identity(self, template: Tensor) -> Identity:
        """The half of the network that reads only the template (B, V, 3)."""
        x = ((template - self.mean[0]) / self.stddev[0]).flatten(1)
        skips = []
        for layer in self.encoder:
            skips.append(x)
            x = F.leaky_relu(layer(x), SLOPE)
        fused = F.linear(x, self.fusion.weight[:, :CODE], self.fusion.bias)
        return Identity(tuple(reversed(skips)), fused)

    def decode(self, identity: Identity, categories: Tensor) -> Tensor:
        """The half that runs every frame.

        Args:
            identity: from `encode_identity`.
            categories: the categories' share of the fusion (B, T, 128).

        Returns:
            (B, T, V, 3) in mm.
        """
        x = self.temporal(F.leaky_relu(identity.fused[:, None] + categories, SLOPE))[0]
        for skip, layer in zip(identity.skips, self.decoder, strict=True):
            # The last layer's activation comes before the template is added, as published: it shrinks negative offsets.
            x = skip[:, None] + F.leaky_relu(layer(x), SLOPE)
        vertices = (x + self.vertex_bias).reshape(*x.shape[:2], *self.mean.shape[2:])
        geometry: Tensor = vertices * self.stddev + self.mean
        return geometry
