"""The context model as a stage: it draws all categories of one frame inside the graph, from uniforms that are an input.

The same waves, tables and taps as `sdk.models.meshtalk.sampler`, which explains them, with shift registers in place of
rings: those are what every target lowers.

With a tracked face the scores are ``c * evidence + (1 - c) * (context + noise)``. The history holds what was chosen,
whoever chose it: when the face is lost, the context model goes on from the very categories that tracking gave. Trust
`c` falls at once with the confidence, to a floor, and rises by ``1 / blend_frames`` a frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.layers.row_table import RowTable
from sdk.models.meshtalk.config import CODE, DILATIONS, SLOPE, MeshTalkConfig
from sdk.models.meshtalk.quantise import gumbel_noise
from sdk.models.meshtalk.streaming.config import TrackingConfig
from sdk.models.meshtalk.streaming.expression_encoder import confidence_input
from sdk.models.meshtalk.waves import wave_spans
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage


class GumbelNoise(nn.Module):
    """Standard Gumbel noise from uniforms; see `sdk.models.meshtalk.quantise`."""

    full_precision = True
    """In half precision one uniform of 4,096 rounds to 1, whose noise is infinite."""

    def forward(self, uniforms: Tensor) -> Tensor:
        """Any shape, in [0, 1]."""
        return gumbel_noise(uniforms)


class LogProbabilities(nn.Module):
    """Scores (H, C) less the logarithm of their summed exponentials, a head."""

    full_precision = True
    """Written out and in full precision: Core ML's form is the logarithm of a softmax, which half precision rounds to
    zero 17 nat below the likeliest class."""

    def forward(self, scores: Tensor) -> Tensor:
        """(H, C) to (H, C), in nats."""
        lower = scores - scores.amax(1, keepdim=True)
        return lower - torch.log(torch.exp(lower).sum(1, keepdim=True))


@dataclass(frozen=True)
class ContextState:
    """History of the categories; W = heads * head width.

    The first context layer is linear in one-hot vectors, so of the past it keeps what its taps will add; the others
    keep their inputs, oldest first, one row a frame of their reach.
    """

    newer: Tensor  # (1, W) what the frame before adds to the next frame
    older: Tensor  # (1, W) what the frame before adds to the frame after the next
    oldest: Tensor  # (1, W) what the frame before that adds to the next frame
    inputs: tuple[Tensor, ...]  # (reach, W) of the second context layer and those after it
    trust: Tensor  # (1, 1) c of the frame before


class ContextModelStage(Stage):
    """Sound, noise and history to the categories of one frame.

    Args:
        config: sizes.
        tracking: None for a face from sound alone.
    """

    name, clock = "context_model", "frame"
    later_bias: Tensor  # (1, 2 * W)
    one_hot: Tensor  # (C, C)
    rows: Tensor  # (H,)

    def __init__(self, config: MeshTalkConfig, tracking: TrackingConfig | None) -> None:
        super().__init__()
        self.heads, self.classes, self.head_width = config.heads, config.classes, config.head_width
        self.width, self.tracking = config.heads * config.head_width, tracking
        categories = self.heads * self.classes
        self.inputs = (
            InputSpec(name="audio_code", shape=(1, CODE), source="audio_encoder.audio_code"),
            InputSpec(name="uniforms", shape=(1, categories), source="noise.uniforms"),
        )
        if tracking:
            evidence = InputSpec(name="evidence", shape=(1, categories), source="fusion.evidence")
            self.inputs = (*self.inputs, evidence, confidence_input(tracking))
        self.outputs = (
            TensorSpec(name="categories", shape=(1, categories), unit="one-hot"),
            TensorSpec(name="labels", shape=(1, self.heads), unit="label"),
            TensorSpec(name="logprobs", shape=(self.heads, self.classes), unit="nat"),
        )
        self.reaches = tuple(1 + dilation for dilation in DILATIONS[1:])
        self.spans = wave_spans(self.heads)
        self.noise, self.logprobs = GumbelNoise(), LogProbabilities()
        self.sound = nn.Linear(CODE, len(DILATIONS) * self.width)
        self.past = nn.ModuleList(nn.Linear(2 * self.width, self.width, bias=False) for _ in self.reaches)
        self.bands = nn.ModuleDict()
        for wave, spans in enumerate(self.spans):
            for layer, (start, stop) in enumerate(spans[1:], 1):
                if start < stop:
                    last = layer == len(DILATIONS)
                    outputs = (stop - start) * (self.classes if last else self.head_width)
                    inputs = max(1, stop - 1) * self.head_width
                    self.bands[f"{wave}_{layer}"] = nn.Linear(inputs, outputs, bias=last)
        self.table = RowTable(categories, 3 * self.width)
        self.register_buffer("later_bias", torch.zeros(1, 2 * self.width))
        self.register_buffer("one_hot", torch.eye(self.classes), persistent=False)
        self.register_buffer("rows", self.classes * torch.arange(self.heads), persistent=False)

    def init_state(self) -> ContextState:
        """No frame before the stream."""
        newer, older, oldest = (torch.zeros(1, self.width) for _ in range(3))
        inputs = tuple(torch.zeros(reach, self.width) for reach in self.reaches)
        return ContextState(newer=newer, older=older, oldest=oldest, inputs=inputs, trust=torch.zeros(1, 1))

    def step(self, inputs: Mapping[str, Tensor], state: ContextState) -> tuple[dict[str, Tensor], ContextState]:
        """Draw one frame.

        Args:
            inputs: ``audio_code`` (1, 128), ``uniforms`` (1, H * C) in [0, 1], and with tracking ``evidence``
                (1, H * C) and ``confidence`` (1, R) in [0, 1].
            state: history.

        Returns:
            ``categories`` (1, H * C) one-hot, head by head; ``labels`` (1, H); ``logprobs`` (H, C) of the distribution
            that was drawn from.
        """
        width = self.width
        sound = self.sound(inputs["audio_code"])
        bases = [sound[:, :width] + state.newer + state.oldest]
        for index, (taps, past) in enumerate(zip(self.past, state.inputs, strict=True), 1):
            pair = torch.cat([past[:1], past[past.shape[0] - 1 :]], 1)
            bases.append(sound[:, index * width : (index + 1) * width] + taps(pair))
        noise = self.noise(inputs["uniforms"])
        trust = self._trust(inputs, state)

        layers: list[list[Tensor]] = [[] for _ in bases]
        scores, labels, one_hots = [], [], []
        gathered: Tensor | None = None
        for wave, spans in enumerate(self.spans):
            rows = slice(*(self.head_width * head for head in spans[0]))
            if rows.start < rows.stop:
                now = bases[0][:, rows]
                layers[0].append(F.leaky_relu(now if gathered is None else now + gathered[:, rows], SLOPE))
            self._climb(wave, bases, layers)
            start, stop = spans[-1]
            if start == stop:
                continue
            drawn = slice(start * self.classes, stop * self.classes)
            score = self._band(wave, len(DILATIONS), layers[-1])
            chance = noise[:, drawn]
            if trust is not None:
                score = trust * inputs["evidence"][:, drawn] + (1 - trust) * score
                chance = (1 - trust) * chance
            label = (score + chance).reshape(stop - start, self.classes).argmax(1)
            rows_drawn = self.table(label + self.rows[start:stop])
            added = rows_drawn.sum(0, keepdim=True)
            gathered = added if gathered is None else gathered + added
            scores.append(score.reshape(stop - start, self.classes))
            labels.append(label)
            one_hots.append(F.embedding(label, self.one_hot))
        assert gathered is not None, "the first wave draws"
        later = gathered[:, width:] + self.later_bias
        outputs = {
            "categories": torch.cat(one_hots, 0).reshape(1, self.heads * self.classes),
            "labels": torch.cat(labels, 0).reshape(1, self.heads).to(torch.float32),
            "logprobs": self.logprobs(torch.cat(scores, 0)),
        }
        kept = tuple(
            torch.cat([past[1:], torch.cat(layer, 1)], 0)
            for past, layer in zip(state.inputs, layers[: len(state.inputs)], strict=True)
        )
        after = ContextState(
            newer=later[:, width:],
            older=later[:, :width],
            oldest=state.older,
            inputs=kept,
            trust=state.trust if trust is None else trust,
        )
        return outputs, after

    def _climb(self, wave: int, bases: list[Tensor], layers: list[list[Tensor]]) -> None:
        """Compute what the second context layer and those above it can in this wave; adds it to `layers`."""
        for layer in range(1, len(bases)):
            start, stop = self.spans[wave][layer]
            if start < stop:
                rows = slice(start * self.head_width, stop * self.head_width)
                value = bases[layer][:, rows] + self._band(wave, layer, layers[layer - 1])
                layers[layer].append(F.leaky_relu(value, SLOPE))

    def _band(self, wave: int, layer: int, below: list[Tensor]) -> Tensor:
        band = self.bands[f"{wave}_{layer}"]
        seen = torch.cat(below, 1)
        value: Tensor = band(seen[:, : band.in_features])
        return value

    def _trust(self, inputs: Mapping[str, Tensor], state: ContextState) -> Tensor | None:
        """Trust (1, 1): the confidence of the region seen best, no more than a step above the frame before."""
        if self.tracking is None:
            return None
        confidence = inputs["confidence"]
        best = confidence[:, :1]
        for region in range(1, confidence.shape[1]):
            best = torch.maximum(best, confidence[:, region : region + 1])
        floor = self.tracking.floor
        return torch.minimum(floor + (1 - floor) * best, state.trust + 1 / self.tracking.blend_frames)
