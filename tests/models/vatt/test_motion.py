"""Face motion in the place of video: its tokens, its statistics, and that it can be paired with sound."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sdk.models.vatt.audio import WaveformEncoder
from sdk.models.vatt.config import AudioConfig, HeadConfig, MotionConfig
from sdk.models.vatt.drop_token import choose_tokens
from sdk.models.vatt.heads import FacHead
from sdk.models.vatt.losses import nce, normalise
from sdk.models.vatt.motion import MotionEncoder
from tests.models.vatt.small import TINY, noise, shaken

CONFIG = MotionConfig(transformer=TINY, numbers=7, patch=2, buckets=10)


@torch.no_grad()
def test_a_token_is_a_few_frames_times_a_matrix() -> None:
    """Oracle: a loop over tokens; the last frame, which fills no token, is left."""
    encoder = shaken(MotionEncoder(CONFIG))
    motion = noise(3, 21, 7)
    tokens = encoder.tokens(motion)
    assert tokens.shape == (3, 10, 32)
    for index in range(10):
        frames = (motion[:, 2 * index : 2 * index + 2] - encoder.mean) * encoder.scale
        expected = frames.flatten(1) @ encoder.motion_to_patch.weight.T + encoder.motion_to_patch.bias
        torch.testing.assert_close(tokens[:, index], expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_what_hardly_moves_is_seen_and_what_is_still_is_not_blown_up() -> None:
    """Oracle: numpy's mean and standard deviation."""
    encoder = MotionEncoder(CONFIG)
    motion = noise(4, 50, 7) * torch.tensor([1.0, 0.1, 0.01, 10.0, 1.0, 1.0, 0.0]) + 3
    encoder.set_statistics(motion)
    flat = motion.reshape(-1, 7).numpy()
    np.testing.assert_allclose(encoder.mean, flat.mean(0), rtol=1e-5)
    np.testing.assert_allclose(encoder.scale[:6], 1 / flat[:, :6].std(0), rtol=1e-4)
    assert encoder.scale[6] == pytest.approx(1e3, rel=1e-5)


@torch.no_grad()
def test_the_clip_s_vector_depends_on_the_order_of_its_frames() -> None:
    encoder = shaken(MotionEncoder(CONFIG))
    motion = noise(1, 20, 7)
    encoded = encoder(motion)
    assert encoded.pooled.shape == (1, 32)
    assert encoded.tokens.shape == (1, 10, 32)
    assert not torch.allclose(encoder(motion.flip(1)).pooled, encoded.pooled, atol=1e-3)
    kept = choose_tokens(torch.rand(10, generator=torch.Generator().manual_seed(1)), 5)
    other = motion.clone()
    for place in set(range(10)) - set(kept.tolist()):
        other[:, 2 * place : 2 * place + 2] += 5
    assert torch.equal(encoder(motion, kept).pooled, encoder(other, kept).pooled)


def test_sound_finds_its_motion() -> None:
    """Four sources drive both; after a short training each sound lies nearest to its own motion, DropToken on."""
    torch.manual_seed(0)
    audio = WaveformEncoder(AudioConfig(transformer=TINY, patch=16, buckets=12))
    motion, head = MotionEncoder(CONFIG), FacHead(video=32, audio=32, text=32, config=HeadConfig(fine=16, coarse=8))
    modules = torch.nn.ModuleList([audio, motion, head]).train()
    optimiser = torch.optim.Adam(modules.parameters(), 3e-3)
    sounds, faces = noise(4, 16, seed=1).repeat(1, 12), noise(4, 1, 7, seed=2).repeat(1, 20, 1)
    motion.set_statistics(faces)
    for _ in range(40):
        fine, _ = head.project_video(motion(faces, torch.randperm(10)[:5]).pooled)
        loss = nce(fine, head.project_audio(audio(sounds, torch.randperm(12)[:6]).pooled))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    modules.eval()
    with torch.no_grad():
        fine, _ = head.project_video(motion(faces).pooled)
        cosines = normalise(fine) @ normalise(head.project_audio(audio(sounds).pooled)).T
    assert cosines.argmax(1).tolist() == [0, 1, 2, 3]
