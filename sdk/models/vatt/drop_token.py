"""DropToken: train on a random part of the tokens of sound and video (Akbari et al. 2021, section 3.2).

Attention costs the square of the number of tokens, and neighbouring tokens say nearly the same. The choice is an input:
nothing here draws at random.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sdk.errors import UsageError


def kept_count(buckets: int, rate: float) -> int:
    """Tokens that are kept, of any clip: the published code counts the places of the position tables, not the tokens.

    Args:
        buckets: rows of the position table; of video the product over its axes.
        rate: share to keep, 0.5 as published.
    """
    return int(rate * buckets)


def choose_tokens(uniforms: Tensor, count: int) -> Tensor:
    """The places of the `count` smallest of `uniforms`, in their order: a random permutation, cut.

    Args:
        uniforms: (n,), one for each token of a clip, e.g. ``torch.rand(n)``.
        count: at most n.

    Returns:
        (count,) int64, for `drop_tokens`. One choice serves every clip of a batch; sound and video have their own.

    Raises:
        UsageError: there are fewer tokens than `count`.
    """
    if len(uniforms) < count:
        raise UsageError("kept tokens", f"{count} of {len(uniforms)}", "give longer clips or keep fewer")
    return torch.argsort(uniforms, stable=True)[:count]


def drop_tokens(tokens: Tensor, kept: Tensor | None) -> Tensor:
    """Tokens (B, n, d) at the places `kept` (K,), in that order: (B, K, d); all of them for None."""
    return tokens if kept is None else tokens.index_select(1, kept)
