"""The published prediction loop at a fixed cost a frame, besides the attention over the frames before it.

Four things the loop need not do, none of which changes the result:

- recompute the prefix: with one causal layer and absolute positions, keys and values of earlier tokens never change;
- go through the vertices: the two maps between them and the decoder are linear, so are one matrix;
- form the token, then its query, key and value: all four are linear in the hidden vector of the frame before, so are
  one matrix, and what position and style add is known for all frames beforehand;
- cross-attend, where a frame sees one encoder vector only (see `AlignedMemory`).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from sdk.models.faceformer.decoder import AlignedMemory, DecoderLayer
from sdk.models.layers.periodic import temporal_bias


@torch.no_grad()
def rollout(
    layer: DecoderLayer,
    memory: AlignedMemory,
    *,
    style: Tensor,
    feedback: tuple[Tensor, Tensor],
    places: Tensor,
    period: int,
) -> Tensor:
    """Make every frame of `memory` in turn, without dropout.

    Token 0 is `style`, token t > 0 is ``weight @ hidden[t - 1] + bias``; `places` is added to each.

    Args:
        layer: the decoder's only layer.
        memory: T frames.
        style: the style's embedding (1, d).
        feedback: weight (d, d) and bias (d,).
        places: positional encodings (T, d).
        period: of the temporal bias, in frames.

    Returns:
        Hidden vectors (1, T, d).
    """
    attention = layer.self_attn
    length, width = places.shape
    heads, size = attention.heads, width // attention.heads
    weight, bias = feedback

    # Columns of `step` and `known`: the token with its position, then its query, key and value.
    tokens = places + torch.cat([style, bias.expand(length - 1, width)])
    known = torch.cat([tokens, F.linear(tokens, attention.in_proj_weight, attention.in_proj_bias)], 1)
    step = torch.cat([weight, attention.in_proj_weight @ weight]).T.contiguous()  # (d, 4 d)

    keys = places.new_zeros(heads, size, length)
    values = places.new_zeros(heads, length, size)
    # Reversed, so that the biases of the frames so far are one slice that ends at distance 0.
    biases = temporal_bias(heads, period, length).flip(1)[:, None].to(places)  # (heads, 1, T)
    hidden = places.new_zeros(1, width)
    made = []
    for frame in range(length):
        token_query_key_value = torch.addmm(known[frame], hidden, step)
        token = token_query_key_value[:, :width]
        query, key, value = token_query_key_value[:, width:].view(3, heads, size).unbind()
        keys[:, :, frame], values[:, frame] = key, value
        scores = torch.baddbmm(
            biases[..., length - 1 - frame :], query[:, None], keys[..., : frame + 1], alpha=1 / math.sqrt(size)
        )
        mixed = torch.bmm(scores.softmax(-1), values[:, : frame + 1]).view(1, width)
        hidden = layer.finish(token, mixed, memory, slice(frame, frame + 1))
        made.append(hidden)
    return torch.cat(made)[None]
