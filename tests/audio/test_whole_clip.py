"""The fast whole-clip level against the streaming layer that it must repeat."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from sdk.audio.files import load_speech
from sdk.audio.level import LevelNormaliser
from sdk.audio.whole_clip import level_clip
from sdk.pretrained import SPEECH

HOP = 320


def streamed(pcm: np.ndarray) -> np.ndarray:
    whole = torch.from_numpy(pcm[: len(pcm) // HOP * HOP])[None]
    with torch.no_grad():
        return LevelNormaliser(HOP)(whole)[0].numpy()


@pytest.mark.parametrize("gain", [1.0, 0.02, 0.001])
@pytest.mark.parametrize("offset", [0.0, 0.05])
def test_it_is_the_streaming_layer(gain, offset):
    pcm = (load_speech(SPEECH)[: 16_000 * 5 + 77] * gain + offset).astype(np.float32)
    np.testing.assert_allclose(level_clip(pcm, HOP), streamed(pcm), atol=2e-4, rtol=2e-4)


def test_silence_and_nothing_give_silence_and_nothing():
    np.testing.assert_array_equal(level_clip(np.zeros(3200, np.float32), HOP), np.zeros(3200, np.float32))
    assert len(level_clip(np.zeros(HOP - 1, np.float32), HOP)) == 0


def test_ten_minutes_take_seconds():
    pcm = np.random.default_rng(0).normal(0, 0.1, 16_000 * 600).astype(np.float32)
    began = time.process_time()
    level_clip(pcm, HOP)
    assert time.process_time() - began < 5
