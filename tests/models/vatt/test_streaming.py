"""The causal form: causal bit for bit, the stream equal to the whole clip, and its layers the published ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.errors import CheckpointError, UsageError
from sdk.models.registry import BuildOptions, find_model
from sdk.models.vatt.config import TransformerConfig
from sdk.models.vatt.entry import ENTRY, SYNC_ENTRY, VattEntry
from sdk.models.vatt.streaming.causal import CausalTransformer, causal_weights
from sdk.models.vatt.streaming.config import CausalConfig, StreamingConfig
from sdk.models.vatt.streaming.pipeline import build_pipeline, build_stages
from sdk.models.vatt.streaming.stages import AudioEncoderStage, AudioHeadStage
from sdk.models.vatt.transformer import TransformerEncoder
from sdk.runtime import EagerExecutor, Frame, Session
from sdk.spec import FrameRate
from sdk.stage import Stage
from tests.models.vatt.small import TINY, noise, shaken

WINDOW, HOP = 5, 80
SMALL = StreamingConfig(audio=CausalConfig(transformer=TINY, patch=HOP, window=WINDOW), space=16)


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    return [shaken(stage) for stage in build_stages(SMALL)]


def stream(stages: list[Stage], pcm: np.ndarray, chunks: list[int]) -> list[Frame]:
    frames: list[Frame] = []
    with Session(build_pipeline(SMALL, stages), EagerExecutor(stages), {}) as session:
        for part in np.split(pcm, np.cumsum(chunks)):
            session.push(part)
            frames += session.poll()
    return frames


def sound(samples: int, seed: int = 0) -> np.ndarray:
    return (0.1 * noise(samples, seed=seed)).clamp(-1, 1).numpy()


def test_layers_are_the_published_ones_over_the_past() -> None:
    """Oracle: the exact transformer under a causal mask, where no score falls with age."""
    exact = shaken(TransformerEncoder(TINY))
    causal = CausalTransformer(TINY, 8)
    causal.load_state_dict(causal_weights(exact))
    for name, buffer in causal.named_buffers():
        if name.endswith("attention.bias"):
            buffer.zero_()
    x = noise(2, 8, 32)
    later = torch.ones(8, 8, dtype=torch.bool).triu(1)
    mask = torch.zeros(1, 1, 8, 8).masked_fill(later, -torch.inf)
    torch.testing.assert_close(causal(x), exact(x, mask), atol=5e-6, rtol=1e-5)


def test_scores_fall_with_age() -> None:
    """Four heads: 1/4, 1/16, 1/64 and 1/256 a token."""
    bias = CausalTransformer(TINY, 3).get_buffer("layers.0.attention.bias")
    slopes = torch.tensor([1 / 4, 1 / 16, 1 / 64, 1 / 256])
    assert torch.equal(bias[:, 0], -slopes[:, None] * torch.tensor([2.0, 1.0, 0.0]))


def test_the_stream_is_the_whole_clip(stages: list[Stage]) -> None:
    """Longer than the window, so that keys leave it."""
    encoder = stages[0]
    assert isinstance(encoder, AudioEncoderStage)
    pcm = torch.from_numpy(sound(20 * HOP))[None]
    state, rows = encoder.init_state(), []
    for hop in pcm.split(HOP, 1):
        outputs, state = encoder.step({"pcm": hop}, state)
        rows.append(outputs["features"])
    torch.testing.assert_close(torch.cat(rows), encoder.whole(pcm), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("chunks", [[1600], [1] * 7 + [79, 80, 81, 333], [4000]])
def test_a_session_gives_the_same_for_every_chunking(stages: list[Stage], chunks: list[int]) -> None:
    pcm = sound(4000)
    head = stages[1]
    assert isinstance(head, AudioHeadStage)
    frames = stream(stages, pcm, chunks)
    assert len(frames) == 7
    whole = stages[0].whole(torch.from_numpy(pcm)[None])  # type: ignore[operator]
    for frame in frames:
        newest = frame.due_sample // HOP - 1
        np.testing.assert_allclose(frame.values, head.embed(whole[newest]).numpy(), rtol=0, atol=2e-5)


@pytest.mark.parametrize("cut", [1, 1000, 2133, 2134, 3999])
def test_later_sound_changes_no_earlier_frame(stages: list[Stage], cut: int) -> None:
    pcm, other = sound(4000), sound(4000)
    other[cut:] = sound(4000, seed=1)[cut:]
    ours, changed = stream(stages, pcm, [1000]), stream(stages, other, [1000])
    for before, after in zip(ours, changed, strict=True):
        same = np.array_equal(before.values, after.values)
        assert same or before.due_sample > cut
        assert not same or before.due_sample // HOP * HOP <= cut


def test_what_left_the_window_is_forgotten(stages: list[Stage]) -> None:
    """Each of two layers looks 4 tokens back: token 9 knows nothing of token 0."""
    encoder = stages[0]
    assert isinstance(encoder, AudioEncoderStage)
    hops = noise(1, 14, HOP)
    other = hops.clone()
    other[:, 0] = 0
    ours, changed = encoder.encode(hops)[0], encoder.encode(other)[0]
    torch.testing.assert_close(ours[9:], changed[9:], atol=1e-6, rtol=0)
    assert ((ours[:9] - changed[:9]).abs().amax(1) > 1e-5).all()


def test_an_embedding_has_length_one(stages: list[Stage]) -> None:
    head = stages[1]
    assert isinstance(head, AudioHeadStage)
    features = noise(6, 32)
    expected: Tensor = F.normalize(head.aud_to_va(features))
    torch.testing.assert_close(head.embed(features), expected, atol=1e-5, rtol=1e-5)


def test_training_reads_whole_clips_with_gradients(stages: list[Stage]) -> None:
    encoder = build_stages(SMALL)[0].requires_grad_(True)
    assert isinstance(encoder, AudioEncoderStage)
    with torch.enable_grad():
        encoder.encode(noise(2, 4, HOP)).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


def test_heads_that_do_not_share_the_width_are_refused() -> None:
    odd = TransformerConfig(layers=1, width=32, heads=3, head_width=8, ffn=8)
    with pytest.raises(ValidationError, match="share its width"):
        CausalConfig(transformer=odd, patch=80)


def test_the_registry_builds_the_same_weights_each_time_and_leaves_chance_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    staged = find_model("vatt").build(BuildOptions(frame_rate=FrameRate(num=60)))
    assert torch.equal(torch.rand(3), expected)
    again = ENTRY.build(BuildOptions())
    assert staged.pipeline.frame_rate == FrameRate(num=60)
    assert staged.card.trained
    assert staged.weights.keys() == again.weights.keys()
    assert all(torch.equal(value, again.weights[name]) for name, value in staged.weights.items())
    for entry in (ENTRY, SYNC_ENTRY):
        rebuilds(entry)


def rebuilds(entry: VattEntry) -> None:
    again = entry.build(BuildOptions())
    rebuilt = entry.from_reference(again.config, again.weights)
    for stage, other in zip(again.stages, rebuilt, strict=True):
        assert stage.spec == other.spec
        for one, two in zip(stage(*stage.example()), other(*other.example()), strict=True):
            assert torch.equal(one, two)


def test_what_the_registry_refuses(tmp_path) -> None:
    published = tmp_path / "ckpt-500000.index"
    published.touch()
    with pytest.raises(CheckpointError, match="48 kHz"):
        ENTRY.build(BuildOptions(checkpoint=published))
    with pytest.raises(CheckpointError, match="cannot be read"):
        ENTRY.build(BuildOptions(checkpoint=tmp_path))
    with pytest.raises(UsageError, match="30 frames a second"):
        SYNC_ENTRY.build(BuildOptions(frame_rate=FrameRate(num=60)))
    with pytest.raises(UsageError, match="template"):
        ENTRY.build(BuildOptions(template=np.zeros((3, 3), np.float32)))
    with pytest.raises(UsageError, match="lookahead"):
        ENTRY.build(BuildOptions(lookahead_samples=1))


def test_no_weight_is_dead(stages: list[Stage]) -> None:
    """Every parameter of both stages moves what a frame shows."""
    pcm = sound(1600)
    before = stream(stages, pcm, [800])[-1].values
    for stage in stages:
        parts: list[tuple[str, nn.Parameter]] = list(stage.named_parameters())
        for name, parameter in parts:
            kept = parameter.clone()
            parameter.add_(0.1 * torch.randn_like(parameter))
            moved = stream(stages, pcm, [800])[-1].values
            parameter.copy_(kept)
            # A key's bias adds the same to all scores of a query, which a softmax does not see.
            assert np.array_equal(moved, before) is False or name.endswith("key.bias"), name
