"""The published sampling loop, written from what is known of it: one head of one frame at a time, each layer's output
for that head written into a fresh copy of a history that is never trimmed."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sdk.models.meshtalk.config import HEAD_WIDTH, SLOPE
from sdk.models.meshtalk.context_model import ContextLayer, ContextModel, MaskedLayer

LOWEST = 1e-10


class NaiveContext:
    def __init__(self, model: ContextModel) -> None:
        self.heads, self.classes = model.heads, model.classes
        self.layers = [model.embedding, *model.context_layers, model.logits]
        self.weights = [layer.weight().detach() for layer in self.layers]  # type: ignore[union-attr, operator]

    @torch.no_grad()
    def sample(self, audio_code: Tensor, uniforms: Tensor | None = None) -> Tensor:
        """(T, 128) and (T, H, C) to labels (T, H)."""
        labels = torch.zeros(len(audio_code), self.heads, dtype=torch.int64)
        # Inputs of each layer, (channels, frames so far).
        history = [torch.zeros(weight.shape[1], 0) for weight in self.weights]
        for frame, heard in enumerate(audio_code):
            history = [F.pad(past, (0, 1)) for past in history]
            for head in range(self.heads):
                logprobs = self.logprobs(history, heard, head)
                if uniforms is not None:
                    logprobs = logprobs - torch.log(-torch.log(uniforms[frame, head].clamp(LOWEST, 1.0)))
                labels[frame, head] = logprobs.argmax()
                history[0] = history[0].clone()
                history[0][head * self.classes + labels[frame, head], -1] = 1.0
        return labels

    def logprobs(self, history: list[Tensor], heard: Tensor, head: int) -> Tensor:
        """Of one head at the newest frame; the head's outputs of every layer but the last are added to `history`."""
        for index, (layer, weight) in enumerate(zip(self.layers, self.weights, strict=True)):
            assert isinstance(layer, MaskedLayer)
            outputs = self.classes if index == len(self.layers) - 1 else HEAD_WIDTH
            rows = slice(head * outputs, (head + 1) * outputs)
            y = weight[rows] @ history[index][:, -1] + layer.masked_linear.bias[rows]
            if isinstance(layer, ContextLayer):
                y = y + layer.unmasked_linear.weight[rows, :, 0] @ heard + layer.unmasked_linear.bias[rows]
                before = F.pad(history[index][None, :, :-1], (layer.reach, 0))[..., -layer.reach :]
                conv = layer.historic
                y = y + F.conv1d(before, conv.weight[rows], conv.bias[rows], dilation=conv.dilation)[0, :, 0]  # type: ignore[index]
                y = F.leaky_relu(y, SLOPE)
            if index < len(self.layers) - 1:
                history[index + 1] = history[index + 1].clone()
                history[index + 1][rows, -1] = y
        return y.log_softmax(-1)
