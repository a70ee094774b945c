"""The fast sampler against the published loop, `NaiveContext`, and against teacher forcing."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sdk.models.meshtalk.quantise import choose, one_hot
from sdk.models.meshtalk.sampler import BLOCK, ContextSampler
from tests.models.meshtalk.naive_context import NaiveContext
from tests.models.meshtalk.small import oracle_model, small_meshtalk


def draw(heads: int, classes: int, frames: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    audio_code = torch.randn(frames, 128, generator=generator)
    return audio_code, torch.rand(frames, heads, classes, generator=generator)


def check_labels(heads: int, classes: int, frames: int) -> None:
    model = small_meshtalk(heads, classes).context_model
    sampler, naive = ContextSampler(model), NaiveContext(model)
    audio_code, uniforms = draw(heads, classes, frames)
    for chance in (None, uniforms):
        labels = sampler.sample(audio_code, chance)
        assert torch.equal(labels, naive.sample(audio_code, chance))
    moving = labels.amax(0) > labels.amin(0)
    assert moving.float().mean() > 0.6


@pytest.mark.parametrize(("heads", "classes"), [(1, 9), (2, 3), (6, 8), (7, 8), (12, 4), (13, 4), (16, 16)])
def test_labels_of_the_published_loop(heads: int, classes: int) -> None:
    check_labels(heads, classes, frames=24)


@pytest.mark.slow
@pytest.mark.parametrize(("heads", "classes", "frames"), [(64, 4, 24), (16, 128, 300)])
def test_labels_of_the_published_loop_at_full_size(heads: int, classes: int, frames: int) -> None:
    """As many heads as the paper has; the size of the published code."""
    check_labels(heads, classes, frames)


@settings(deadline=None, max_examples=8)
@given(heads=st.integers(1, 14), frames=st.integers(1, 30), seed=st.integers(0, 1000), random=st.booleans())
def test_labels_of_the_published_loop_at_any_size(heads: int, frames: int, seed: int, random: bool) -> None:
    model = small_meshtalk(heads, 3, seed=seed).context_model
    audio_code, uniforms = draw(heads, 3, frames, seed)
    given_uniforms = uniforms if random else None
    naive = NaiveContext(model).sample(audio_code, given_uniforms)
    assert torch.equal(ContextSampler(model).sample(audio_code, given_uniforms), naive)


@torch.no_grad()
def test_labels_are_those_that_teacher_forcing_would_choose() -> None:
    """Longer than the blocks in which sound and noise are prepared."""
    model = oracle_model().context_model
    audio_code, uniforms = draw(model.heads, model.classes, BLOCK + 40)
    for chance in (None, uniforms):
        labels = ContextSampler(model).sample(audio_code, chance)[None]
        logprobs = model(one_hot(labels, model.classes), audio_code[None])
        assert torch.equal(choose(logprobs, None if chance is None else chance[None]), labels)


def test_the_start_of_a_clip_does_not_depend_on_its_length() -> None:
    sampler = ContextSampler(oracle_model().context_model)
    audio_code, uniforms = draw(7, 8, BLOCK + 20)
    whole = sampler.sample(audio_code, uniforms)
    for frames in (1, 19, BLOCK - 1, BLOCK, BLOCK + 1):
        assert torch.equal(sampler.sample(audio_code[:frames], uniforms[:frames]), whole[:frames])


@torch.no_grad()
def test_history_reaches_19_frames_and_no_further() -> None:
    """The last frame of 30 depends on the one 19 before it, and not on the one 20 before."""
    model = oracle_model().context_model
    codes = one_hot(torch.randint(8, (1, 30, 7), generator=torch.Generator().manual_seed(0)), 8)
    audio_code = torch.zeros(1, 30, 128)
    logprobs = model(codes, audio_code)[:, -1]
    for lag, matters in [(1, True), (19, True), (20, False)]:
        other = codes.clone()
        other[:, 29 - lag] = codes[:, 29 - lag].roll(1, -1)
        assert torch.equal(model(other, audio_code)[:, -1], logprobs) != matters


@torch.no_grad()
def test_a_head_depends_on_heads_six_below_and_lower() -> None:
    model = small_meshtalk(16, 4).context_model
    codes = one_hot(torch.randint(4, (1, 1, 16), generator=torch.Generator().manual_seed(0)), 4)
    logprobs = model(codes, torch.zeros(1, 1, 128))[0, 0]
    for head in range(16):
        other = codes.clone()
        other[:, :, head] = codes[:, :, head].roll(1, -1)
        changed = (model(other, torch.zeros(1, 1, 128))[0, 0] != logprobs).any(-1)
        assert changed.tolist() == [seeing >= head + 6 for seeing in range(16)]


@torch.no_grad()
def test_head_0_hears_nothing() -> None:
    model = oracle_model().context_model
    codes = one_hot(torch.randint(8, (1, 5, 7), generator=torch.Generator().manual_seed(0)), 8)
    logprobs = model(codes, torch.randn(1, 5, 128))
    constant = model.logits.masked_linear.bias[:8].log_softmax(0)
    torch.testing.assert_close(logprobs[0, :, 0], constant.expand(5, 8))
    assert (logprobs[0, 1:, 1] - logprobs[0, :-1, 1]).abs().max() > 0.1


def test_uniforms_at_the_ends_of_their_range() -> None:
    """1 gives infinite noise, which wins; 0 is raised, which all but rules its category out."""
    sampler = ContextSampler(oracle_model().context_model)
    audio_code, uniforms = draw(7, 8, 4)
    uniforms[:, :, 5] = 1.0
    assert (sampler.sample(audio_code, uniforms) == 5).all()
    uniforms[:, :, 5] = 0.0
    assert torch.equal(
        sampler.sample(audio_code, uniforms), NaiveContext(oracle_model().context_model).sample(audio_code, uniforms)
    )
