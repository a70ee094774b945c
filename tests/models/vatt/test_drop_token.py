"""DropToken: how many tokens are kept, which, and that the rest of the clip is not looked at."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.errors import UsageError
from sdk.models.vatt.audio import WaveformEncoder
from sdk.models.vatt.config import DROP_RATE, AudioConfig, vatt_bbs
from sdk.models.vatt.drop_token import choose_tokens, drop_tokens, kept_count
from sdk.models.vatt.video import VideoEncoder
from tests.models.vatt.small import TINY_VATT, noise, shaken


def test_published_counts() -> None:
    """Oracle: the published code keeps 600 of 1,200 sound tokens and 784 of 1,568 video tokens."""
    config = vatt_bbs()
    assert kept_count(config.audio.buckets, DROP_RATE) == 600
    time, height, width = config.video.buckets
    assert kept_count(time * height * width, DROP_RATE) == 784


@given(uniforms=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40), share=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_the_smallest_uniforms_are_kept_in_their_order(uniforms: list[float], share: float) -> None:
    count = int(share * len(uniforms))
    kept = choose_tokens(torch.tensor(uniforms), count).tolist()
    assert len(set(kept)) == count
    assert [uniforms[place] for place in kept] == sorted(uniforms)[:count]


def test_more_than_there_are() -> None:
    with pytest.raises(UsageError, match="6 of 5"):
        choose_tokens(torch.rand(5), 6)


def test_tokens_at_those_places_are_kept_for_every_clip() -> None:
    tokens = noise(3, 7, 2)
    kept = torch.tensor([5, 0, 2])
    dropped = drop_tokens(tokens, kept)
    for row, place in enumerate(kept.tolist()):
        assert torch.equal(dropped[:, row], tokens[:, place])
    assert drop_tokens(tokens, None) is tokens


@torch.no_grad()
def test_dropped_sound_is_not_heard_and_kept_sound_keeps_its_position() -> None:
    encoder = shaken(WaveformEncoder(TINY_VATT.audio))
    waveform, kept = noise(2, 192), torch.tensor([9, 1, 4])
    other = noise(2, 192, seed=1)
    for place in kept.tolist():
        other[:, place * 16 : place * 16 + 16] = waveform[:, place * 16 : place * 16 + 16]
    assert torch.equal(encoder(waveform, kept).tokens, encoder(other, kept).tokens)
    assert not torch.equal(encoder(waveform).pooled, encoder(other).pooled)
    moved = encoder(waveform.roll(16, 1), kept + 1)  # the same sound one token later
    assert not torch.allclose(moved.pooled, encoder(waveform, kept).pooled, atol=1e-3)


@torch.no_grad()
def test_dropped_video_is_not_seen() -> None:
    """Token 21 of a grid of 3 x 4 x 4 is in time 1, row 1, column 1."""
    encoder = shaken(VideoEncoder(TINY_VATT.video))
    video = noise(1, 6, 16, 16, 3)
    other = noise(1, 6, 16, 16, 3, seed=1)
    other[:, 2:4, 4:8, 4:8] = video[:, 2:4, 4:8, 4:8]
    kept = torch.tensor([21])
    torch.testing.assert_close(encoder(video, kept).pooled, encoder(other, kept).pooled)
    assert not torch.allclose(encoder(video, kept).pooled, encoder(other, kept + 1).pooled, atol=1e-3)


@pytest.mark.parametrize(("encoder", "clip", "tokens"), [
    (shaken(WaveformEncoder(TINY_VATT.audio)), noise(2, 192), 12),
    (shaken(VideoEncoder(TINY_VATT.video)), noise(2, 6, 16, 16, 3), 48),
])  # fmt: skip
@torch.no_grad()
def test_their_order_changes_no_vector(encoder, clip, tokens: int) -> None:
    """Positions are added before, so the clip's vector is the same, and tokens come in the order they are named in."""
    shuffled = choose_tokens(torch.rand(tokens, generator=torch.Generator().manual_seed(2)), tokens)
    whole, again = encoder(clip), encoder(clip, shuffled)
    torch.testing.assert_close(again.pooled, whole.pooled, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(again.tokens, whole.tokens[:, shuffled], atol=1e-5, rtol=1e-4)


def test_only_kept_tokens_are_trained() -> None:
    encoder = WaveformEncoder(AudioConfig(transformer=TINY_VATT.audio.transformer, patch=16, buckets=12)).train()
    waveform = noise(1, 192).requires_grad_()
    encoder(waveform, torch.tensor([2, 7])).pooled.square().sum().backward()
    assert waveform.grad is not None
    heard = waveform.grad.reshape(12, 16).abs().sum(1) > 0
    assert heard.nonzero().flatten().tolist() == [2, 7]
