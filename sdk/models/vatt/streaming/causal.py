"""VATT's transformer made causal: each token from itself and the tokens of a window before it.

The layers are the published ones. Positions are not: the published table counts tokens from the beginning of a clip,
and a stream has none, so scores fall with the age of a key instead (ALiBi, Press et al., ICLR 2022). Nor is there an
aggregating token: the newest token has seen the whole window and stands for it.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.layers.cached_attention import AttentionState, CachedAttention
from sdk.models.layers.periodic import temporal_bias
from sdk.models.vatt.config import TransformerConfig
from sdk.models.vatt.transformer import EPSILON, TransformerEncoder

States = tuple[AttentionState, ...]


class CausalLayer(nn.Module):
    """`sdk.models.vatt.transformer.TransformerLayer` without dropout, over a window of the past."""

    def __init__(self, config: TransformerConfig, window: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=EPSILON)
        self.attention = CachedAttention(config.width, config.heads, window, temporal_bias(config.heads, 1, window))
        self.norm2 = nn.LayerNorm(config.width, eps=EPSILON)
        self.linear1, self.linear2 = nn.Linear(config.width, config.ffn), nn.Linear(config.ffn, config.width)

    def step(self, x: Tensor, state: AttentionState) -> tuple[Tensor, AttentionState]:
        """One token (1, d) to the same shape."""
        attended, after = self.attention.step(self.norm1(x), state)
        return self._finish(x + attended), after

    def forward(self, x: Tensor) -> Tensor:
        """Whole clips (..., T, d) to the same shape."""
        return self._finish(x + self.attention(self.norm1(x)))

    def _finish(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.linear2(F.gelu(self.linear1(self.norm2(x))))
        return out


class CausalTransformer(nn.Module):
    """All layers and the final norm.

    Args:
        config: sizes.
        window: tokens that attention sees.
    """

    def __init__(self, config: TransformerConfig, window: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(CausalLayer(config, window) for _ in range(config.layers))
        self.final_norm = nn.LayerNorm(config.width, eps=EPSILON)

    def init_state(self) -> States:
        """Nothing seen."""
        return tuple(layer.attention.init_state() for layer in self._layers())

    def step(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """One token (1, d) to the same shape."""
        after = []
        for layer, state in zip(self._layers(), states, strict=True):
            x, kept = layer.step(x, state)
            after.append(kept)
        return self.final_norm(x), tuple(after)

    def forward(self, x: Tensor) -> Tensor:
        """Whole clips (..., T, d) to the same shape."""
        for layer in self.layers:
            x = layer(x)
        out: Tensor = self.final_norm(x)
        return out

    def _layers(self) -> list[CausalLayer]:
        return [layer for layer in self.layers if isinstance(layer, CausalLayer)]


NAMES = {
    "layer_norm": "norm1",
    "mha.q": "attention.query",
    "mha.k": "attention.key",
    "mha.v": "attention.value",
    "mha.o": "attention.out",
    "feed_forward.layer_norm": "norm2",
    "feed_forward.mlp.wi": "linear1",
    "feed_forward.mlp.wo": "linear2",
}
"""Parts of a layer of `TransformerEncoder` -> of `CausalLayer`."""


def causal_weights(source: TransformerEncoder) -> dict[str, Tensor]:
    """Weights of a `CausalTransformer` that begins where a published one ended."""
    table = {}
    for key, value in source.state_dict().items():
        part, _, kind = key.rpartition(".")
        if part == "final_layer_norm":
            table[f"final_norm.{kind}"] = value
        else:
            _, index, name = part.split(".", 2)
            table[f"layers.{index}.{NAMES[name]}.{kind}"] = value
    return table
