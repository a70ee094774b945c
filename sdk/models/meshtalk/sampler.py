"""Sampling the context model frame by frame, at a cost that does not depend on how much came before.

The published loop runs the whole network once for each head of each frame, and copies a history that grows. Here, with
the same labels:

* *Waves.* Six heads are drawn at once, see `sdk.models.meshtalk.waves`.
* *Rings.* A layer reads the frame before and the one ``1 + dilation`` before. A ring of that many frames is all it
  keeps: 2 + 3 + 5 + 9 = 19 frames. When a ring has gone round once, the older taps of all its frames are one product.
* *Gathers.* Everything up to the first nonlinearity is linear in one-hot vectors: a sum of rows of tables made once.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from sdk.models.meshtalk.config import SLOPE
from sdk.models.meshtalk.context_model import ContextLayer, ContextModel, MaskedLayer
from sdk.models.meshtalk.quantise import gumbel_noise
from sdk.models.meshtalk.waves import wave_spans

BLOCK = 256
"""Frames whose sound and noise are prepared at once."""


@dataclass(frozen=True)
class Band:
    """The heads that a layer can compute in one wave, and the product with the layer below that they need.

    Attributes:
        rows: channels of these heads.
        inputs: channels of the layer below that any of them sees, counted from the first.
        weight: (rows, inputs) masked.
    """

    rows: slice
    inputs: int
    weight: Tensor


@dataclass(frozen=True)
class Wave:
    """What can be computed between two draws.

    Attributes:
        first: channels of the first context layer, whose input comes from gathers.
        layers: bands of the other context layers; None where no head is left.
        logits: band of the logits of the heads drawn next; None after the last draw.
        bias: of these logits.
        draw: these heads.
    """

    first: slice
    layers: list[Band | None]
    logits: Band | None
    bias: Tensor
    draw: slice


@dataclass(frozen=True)
class Taps:
    """The matrices (W, W) of one context layer's past.

    Attributes:
        older: of the frame `reach` frames back.
        newer: of the frame before.
        reach: frames.
    """

    older: Tensor
    newer: Tensor
    reach: int


class Ring:
    """Past inputs of one context layer and what their older taps give to the frames to come."""

    def __init__(self, taps: Taps) -> None:
        self.taps = taps
        self.inputs = torch.zeros(taps.reach, len(taps.newer))
        self.pending = torch.zeros_like(self.inputs)

    def past(self, frame: int, base: Tensor) -> Tensor:
        """The layer's sum of `base` and both taps at `frame`."""
        slot = frame % self.taps.reach
        if slot == 0:
            torch.mm(self.inputs, self.taps.older.mT, out=self.pending)
        return torch.addmv(base + self.pending[slot], self.taps.newer, self.inputs[slot - 1])

    def push(self, frame: int, x: Tensor) -> None:
        """Keep the layer's input at `frame`."""
        self.inputs[frame % self.taps.reach] = x


class ContextSampler:
    """Tables of one `ContextModel`; stale once its weights change.

    Args:
        model: in float32.
    """

    @torch.no_grad()
    def __init__(self, model: ContextModel) -> None:
        self.heads, self.classes = model.heads, model.classes
        layers: list[ContextLayer] = list(model.context_layers)  # type: ignore[arg-type]
        self.head_width = model.embedding.width
        self.width = self.heads * self.head_width
        first = layers[0]
        matrices = torch.cat([first.weight(), *first.historic.weight.unbind(-1)])
        table = _through_embedding(model, matrices)
        self.now = table[:, : self.width].contiguous()
        self.later = table[:, self.width :].contiguous()
        now_bias, self.later_bias = torch.split(
            F.linear(_bias(model.embedding), matrices), [self.width, 2 * self.width]
        )
        self.sound_weight = torch.cat([layer.unmasked_linear.weight[..., 0] for layer in layers])
        biases = [_bias(layer) + _bias(layer, "unmasked_linear") + _bias(layer, "historic") for layer in layers]
        self.sound_bias = torch.cat([biases[0] + now_bias, *biases[1:]])
        self.first_rows = self.classes * torch.arange(self.heads)
        self.taps = []
        for layer in layers[1:]:
            older, newer = layer.historic.weight.detach().unbind(-1)
            self.taps.append(Taps(older.contiguous(), newer.contiguous(), layer.reach))
        self.waves = self._plan(model, [layer.weight() for layer in layers[1:]])

    @torch.no_grad()
    def sample(self, audio_code: Tensor, uniforms: Tensor | None = None) -> Tensor:
        """Draw the categories of a clip.

        Args:
            audio_code: (T, 128).
            uniforms: (T, H, C) in [0, 1] for Gumbel sampling; None takes the likeliest category.

        Returns:
            Labels (T, H) int64.
        """
        labels = torch.empty(len(audio_code), self.heads, dtype=torch.int64)
        rings = [Ring(taps) for taps in self.taps]
        # Of the first layer: the newer tap of the frame before, then the older taps of the two frames before.
        newer, older, oldest = torch.zeros(3, self.width)
        frame = 0
        for start in range(0, len(audio_code), BLOCK):
            sound = F.linear(audio_code[start : start + BLOCK], self.sound_weight, self.sound_bias)
            noise = None if uniforms is None else gumbel_noise(uniforms[start : start + BLOCK])
            for index, heard in enumerate(sound.reshape(len(sound), -1, self.width)):
                bases = [heard[0] + newer + oldest]
                bases += [ring.past(frame, base) for ring, base in zip(rings, heard[1:], strict=True)]
                self._draw(bases, None if noise is None else noise[index], labels[frame])
                later = F.embedding(labels[frame] + self.first_rows, self.later).sum(0) + self.later_bias
                oldest, (older, newer) = older, torch.split(later, self.width)
                for ring, x in zip(rings, bases, strict=False):
                    ring.push(frame, x)
                frame += 1
        return labels

    def _draw(self, bases: list[Tensor], noise: Tensor | None, labels: Tensor) -> None:
        """Draw one frame into `labels` (H,); `bases` (W,) of each layer become the layers' outputs."""
        gathered = torch.zeros(self.width)
        for wave in self.waves:
            x = bases[0]
            rows = x[wave.first]
            F.leaky_relu(rows.add_(gathered[wave.first]), SLOPE, inplace=True)
            for band, base in zip(wave.layers, bases[1:], strict=True):
                if band is not None:
                    rows = base[band.rows].addmv_(band.weight, x[: band.inputs])
                    F.leaky_relu(rows, SLOPE, inplace=True)
                x = base
            if wave.logits is not None:
                logits = torch.addmv(wave.bias, wave.logits.weight, x[: wave.logits.inputs])
                scores = logits.reshape(-1, self.classes)
                # Log-probabilities differ from logits by a constant a head, which no argmax sees.
                chosen = (scores if noise is None else scores + noise[wave.draw]).argmax(-1)
                labels[wave.draw] = chosen
                gathered += F.embedding(chosen + self.first_rows[wave.draw], self.now).sum(0)

    def _plan(self, model: ContextModel, weights: list[Tensor]) -> list[Wave]:
        """Waves of a frame: one a draw, and one that completes the layers for the frames to come."""
        last, bias, width = model.logits.weight(), _bias(model.logits), self.head_width
        waves = []
        for spans in wave_spans(self.heads):
            layers = [_band(weight, width, width, span) for weight, span in zip(weights, spans[1:-1], strict=True)]
            draw = slice(*spans[-1])
            waves.append(
                Wave(
                    first=slice(*(width * head for head in spans[0])),
                    layers=layers,
                    logits=_band(last, self.classes, width, spans[-1]),
                    bias=bias[draw.start * self.classes : draw.stop * self.classes],
                    draw=draw,
                )
            )
        return waves


def _band(weight: Tensor, outputs: int, width: int, heads: tuple[int, int]) -> Band | None:
    start, stop = heads
    if start == stop:
        return None
    rows, inputs = slice(start * outputs, stop * outputs), (stop - 1) * width
    return Band(rows, inputs, weight[rows, :inputs].contiguous())


def _through_embedding(model: ContextModel, matrices: Tensor) -> Tensor:
    """`matrices` (n, W) times the embedding without bias: a row of n for each category, (H * C, n)."""
    embedding = model.embedding.masked_linear.weight[..., 0].reshape(-1, model.heads, model.classes)
    tables = []
    for head in range(model.heads):
        seen = slice((head + 1) * model.embedding.width, None)  # the rows that see this head
        tables.append(embedding[seen, head].mT @ matrices[:, seen].mT)
    return torch.cat(tables)


def _bias(layer: MaskedLayer, part: str = "masked_linear") -> Tensor:
    bias = layer.get_parameter(f"{part}.bias")
    return bias.detach()
