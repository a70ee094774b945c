"""The contrastive losses of the published pre-training (Akbari et al. 2021, section 3.5, and the published code).

NCE (Gutmann and Hyvarinen 2010) compares video with one sound a clip, MIL-NCE (Miech et al. 2020) with several
sentences a clip of which any may be the right one. Both are one function here: NCE is the case of one candidate.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sdk.models.vatt.config import TEMPERATURE
from sdk.models.vatt.heads import Embeddings

FAR = -1e9
"""Similarity of what a clip does not have (published code)."""

FLOOR = 1e-12
"""Least squared norm of an embedding before it is normalised (TensorFlow's ``l2_normalize``)."""


def nce(anchors: Tensor, others: Tensor, valid: Tensor | None = None, temperature: float = TEMPERATURE) -> Tensor:
    """The published asymmetric loss, with one joint denominator for both directions.

    ``loss_i = logsumexp(s(a_i, o_jl) for all j, l; s(a_j, o_il) for all j, l) - logsumexp(s(a_i, o_il) for all l)``,
    s the cosine over the temperature. The right pairs stand twice in the denominator, so that the least loss is ln 2.
    The published training takes the negatives from all its machines; here they are those of the batch.

    Args:
        anchors: (B, d), of video; any length.
        others: (B * L, d): row i * L + l is candidate l of clip i.
        valid: (B,), 0 where a clip has no candidates: it then has no loss and is no negative. The loss is the mean over
            the others, 0 if there are none.
        temperature: divides cosines.

    Returns:
        A scalar, in nats.
    """
    similarity = _similarity(anchors, others, temperature)  # (anchor, clip, candidate)
    if valid is not None:
        similarity = torch.where(valid[None, :, None] > 0, similarity, FAR)
    positive = similarity.diagonal().mT.logsumexp(1)
    both = torch.cat([similarity.flatten(1), similarity.transpose(0, 1).flatten(1)], 1)
    return _mean_of_valid(both.logsumexp(1) - positive, valid)


def symmetric_nce(
    anchors: Tensor, others: Tensor, valid: Tensor | None = None, temperature: float = TEMPERATURE
) -> Tensor:
    """The published code's symmetric variant: a denominator for each direction, and the sum of both; least value 0.

    Arguments and result as `nce`.
    """
    similarity = _similarity(anchors, others, temperature)
    if valid is not None:
        similarity = torch.where(valid[None, :, None] > 0, similarity, FAR)
    positive = similarity.diagonal().mT.logsumexp(1)
    to_others = similarity.flatten(1).logsumexp(1) - positive
    to_anchors = similarity.transpose(0, 1).flatten(1).logsumexp(1) - positive
    return _mean_of_valid(to_others + to_anchors, valid)


def vatt_loss(
    embeddings: Embeddings,
    audio_valid: Tensor | None = None,
    text_valid: Tensor | None = None,
    *,
    text_weight: float = 1.0,
    audio_weight: float = 1.0,
    temperature: float = TEMPERATURE,
) -> Tensor:
    """The published total: video with text and video with audio, by their weights over the sum of the weights.

    A pair without a valid clip adds 0, but its weight stays in the sum.

    Args:
        embeddings: of B clips, with L sentences each.
        audio_valid: (B,), 0 where a clip has no sound.
        text_valid: (B,), 0 where a clip has no text.
        text_weight: of video with text.
        audio_weight: of video with audio.
        temperature: divides cosines.
    """
    text = nce(embeddings.video_to_text, embeddings.text_to_video, text_valid, temperature)
    audio = nce(embeddings.video_to_audio, embeddings.audio_to_video, audio_valid, temperature)
    return (text_weight * text + audio_weight * audio) / (text_weight + audio_weight)


def normalise(embeddings: Tensor) -> Tensor:
    """Each row (..., d) to length 1."""
    return embeddings * torch.rsqrt(embeddings.square().sum(-1, keepdim=True).clamp(min=FLOOR))


def _similarity(anchors: Tensor, others: Tensor, temperature: float) -> Tensor:
    clips = len(anchors)
    assert len(others) % clips == 0, "every clip has as many candidates"
    return (normalise(anchors) @ normalise(others).T).reshape(clips, clips, -1) / temperature


def _mean_of_valid(losses: Tensor, valid: Tensor | None) -> Tensor:
    if valid is None:
        return losses.mean()
    kept = valid.to(losses)
    return (losses * kept).sum() / kept.sum().clamp(min=1.0)
