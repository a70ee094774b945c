"""Causal self-attention over a window of fixed length, with keys and values in shift registers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

BLOCKED = -1e4
"""Score of a key that may not be seen: finite, so that fp16 holds it, and its softmax weight is exactly zero."""


@dataclass(frozen=True)
class AttentionState:
    """The newest W keys and values, newest last, and which of them are there yet."""

    keys: Tensor  # (heads, W, head width)
    values: Tensor  # (heads, W, head width)
    valid: Tensor  # (1, 1, W), 1 where a key is there


class CachedAttention(nn.Module):
    """Multi-head self-attention of one new token over itself and the W - 1 before it.

    The newest key is always the last, so that a bias on age is a constant and no position enters the graph.

    Args:
        width: of tokens; a multiple of `heads`.
        heads: number of heads.
        window: W, at least 2 tokens.
        bias_by_age: (heads, window), added to the score of the key `age` tokens back; None for no bias.
    """

    bias: Tensor
    one: Tensor

    def __init__(self, width: int, heads: int, window: int, bias_by_age: Tensor | None = None) -> None:
        super().__init__()
        assert width % heads == 0, "heads must divide the width"
        assert window >= 2, "a window of one token is no attention"
        self.heads, self.window, self.head_width = heads, window, width // heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        ages = torch.zeros(heads, window) if bias_by_age is None else bias_by_age
        assert ages.shape == (heads, window), "one bias for each head and age"
        self.register_buffer("bias", ages.flip(1).reshape(heads, 1, window), persistent=False)
        self.register_buffer("one", torch.ones(1, 1, 1), persistent=False)

    def init_state(self) -> AttentionState:
        """No key is valid."""
        cache = torch.zeros(self.heads, self.window, self.head_width)
        return AttentionState(keys=cache, values=cache.clone(), valid=torch.zeros(1, 1, self.window))

    def step(self, x: Tensor, state: AttentionState) -> tuple[Tensor, AttentionState]:
        """(1, width) to (1, width)."""
        query = (self.query(x) * self.head_width**-0.5).reshape(self.heads, 1, self.head_width)
        key = self.key(x).reshape(self.heads, 1, self.head_width)
        value = self.value(x).reshape(self.heads, 1, self.head_width)
        keys = torch.cat([state.keys[:, 1:], key], 1)
        values = torch.cat([state.values[:, 1:], value], 1)
        valid = torch.cat([state.valid[:, :, 1:], self.one], 2)
        # (1 - valid) is exactly 0 or 1: the mask costs the bias no precision, as adding and removing 1e4 would.
        score = torch.bmm(query, keys.transpose(1, 2)) + (self.bias + (1.0 - valid) * BLOCKED)
        mixed = torch.bmm(torch.softmax(score, -1), values).reshape(1, self.heads * self.head_width)
        return self.out(mixed), AttentionState(keys=keys, values=values, valid=valid)

    def forward(self, x: Tensor) -> Tensor:
        """Whole clips, (..., T, width) to the same shape: token i sees tokens i - W + 1 .. i of its clip."""
        length = x.shape[-2]

        def split(tokens: Tensor) -> Tensor:
            return tokens.reshape(*tokens.shape[:-1], self.heads, self.head_width).transpose(-3, -2)

        query, key, value = split(self.query(x) * self.head_width**-0.5), split(self.key(x)), split(self.value(x))
        places = torch.arange(length, device=x.device)
        age = places.reshape(-1, 1) - places.reshape(1, -1)
        seen = (age >= 0) & (age < self.window)
        by_age = self.bias.reshape(self.heads, self.window).flip(1)
        bias = torch.where(seen, by_age[:, age.clamp(0, self.window - 1)], BLOCKED)
        mixed = torch.softmax(query @ key.transpose(-2, -1) + bias, -1) @ value
        out: Tensor = self.out(mixed.transpose(-3, -2).flatten(-2))
        return out
