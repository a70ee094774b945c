"""Which heads of a frame each layer of the context model can compute between two draws.

A head depends on heads of its own frame `MASKED_LAYERS` and more below it. So that many heads are drawn at once, and
each layer computes only what the draw before made possible: in a frame every value is computed once.
"""

from __future__ import annotations

from sdk.models.meshtalk.config import MASKED_LAYERS

Span = tuple[int, int]
"""Heads from the first up to and without the second."""


def wave_spans(heads: int) -> list[list[Span]]:
    """The heads that each context layer, then the logits, compute in each wave.

    One wave a draw, and one that completes the layers for the frames to come: there the last context layer, which only
    the logits read, and the logits have nothing to do.
    """
    draws = -(-heads // MASKED_LAYERS)
    waves = []
    for wave in range(draws + 1):
        # Heads up to this many are computed by each layer, the embedding first and the logits last.
        ready = [min(heads, MASKED_LAYERS * wave + depth + 1) for depth in range(MASKED_LAYERS)]
        done = [min(heads, max(0, MASKED_LAYERS * (wave - 1) + depth + 1)) for depth in range(MASKED_LAYERS)]
        spans = list(zip(done, ready, strict=True))[1:]
        if wave == draws:
            spans[-2:] = [(heads, heads)] * 2
        waves.append(spans)
    return waves
