"""Template to identity, once a session; categories to geometry, every frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.layers.lstm_cell import LstmCell, LstmState
from sdk.models.layers.positions import Displace
from sdk.models.meshtalk.config import CODE, SLOPE
from sdk.models.meshtalk.geometry_decoder import WIDTHS
from sdk.models.meshtalk.streaming.config import StreamingConfig
from sdk.models.meshtalk.streaming.standard import StandardFace
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage

NARROW = tuple(reversed(WIDTHS[:-1]))
"""Widths of the skip connections inside the network, in the order that the decoder adds them."""


class IdentityEncoderStage(Stage):
    """The half of the UNet that reads only the template."""

    name, clock = "identity_encoder", "prepare"

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        numbers = config.model.numbers
        self.inputs = (
            InputSpec(name="template", shape=config.face_shape, unit=config.unit, source="parameter.template"),
        )
        self.outputs = (
            TensorSpec(name="rest", shape=config.face_shape, unit=config.unit),
            *(TensorSpec(name=f"skip_{width}", shape=(1, width)) for width in NARROW),
            TensorSpec(name="fused", shape=(1, CODE)),
        )
        self.standard, self.displace = StandardFace(numbers), Displace()
        self.offset = nn.Parameter(torch.zeros(config.face_shape))
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise((numbers, *WIDTHS)))
        self.fuse = nn.Linear(CODE, CODE)

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        """Template to the face at rest, the skip connections, and the template's share of the fusion."""
        x, skips = self.standard(inputs["template"]), []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
            skips.append(x)
        named = {f"skip_{width}": skip for width, skip in zip(WIDTHS, skips[:-1], strict=False)}
        return {"rest": self.displace(inputs["template"], self.offset), **named, "fused": self.fuse(x)}, state


@dataclass(frozen=True)
class GeometryState:
    """Both layers of the LSTM."""

    layers: tuple[LstmState, ...]


class GeometryDecoderStage(Stage):
    """Categories of one frame to its geometry."""

    name, clock = "geometry_decoder", "frame"
    deviation: Tensor  # the shape of a face

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        model = config.model
        categories = model.heads * model.classes
        self.inputs = (
            InputSpec(name="categories", shape=(1, categories), unit="one-hot", source="context_model.categories"),
            InputSpec(name="rest", shape=config.face_shape, unit=config.unit, source="identity_encoder.rest"),
            *(
                InputSpec(name=f"skip_{width}", shape=(1, width), source=f"identity_encoder.skip_{width}")
                for width in NARROW
            ),
            InputSpec(name="fused", shape=(1, CODE), source="identity_encoder.fused"),
        )
        self.bounded = config.bounded
        self.outputs = (TensorSpec(name="geometry", shape=config.face_shape, unit=config.unit),)
        self.register_buffer("deviation", torch.ones(config.face_shape))
        self.displace = Displace()
        self.categories = nn.Linear(categories, CODE, bias=False)
        self.lstm = nn.ModuleList([LstmCell(CODE, CODE), LstmCell(CODE, CODE)])
        sizes = (CODE, *NARROW, model.numbers)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))

    def init_state(self) -> GeometryState:
        """Zeros."""
        return GeometryState(layers=tuple(cell.init_state() for cell in self._cells()))

    def step(self, inputs: Mapping[str, Tensor], state: GeometryState) -> tuple[dict[str, Tensor], GeometryState]:
        """Categories (1, H * C) to geometry of `face_shape`."""
        x = F.leaky_relu(inputs["fused"] + self.categories(inputs["categories"]), SLOPE)
        after = []
        for cell, before in zip(self._cells(), state.layers, strict=True):
            x, kept = cell.step(x, before)
            after.append(kept)
        *inner, last = self.layers
        for width, layer in zip(NARROW, inner, strict=True):
            x = inputs[f"skip_{width}"] + F.leaky_relu(layer(x), SLOPE)
        moved = F.leaky_relu(last(x), SLOPE).reshape(self.deviation.shape)
        geometry = self.displace(inputs["rest"], moved * self.deviation)
        if self.bounded:
            geometry = geometry.clamp(0.0, 1.0)
        return {"geometry": geometry}, GeometryState(layers=tuple(after))

    def _cells(self) -> list[LstmCell]:
        return [cell for cell in self.lstm if isinstance(cell, LstmCell)]
