"""The fast whole-clip front end against the streaming layers that it must repeat."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from sdk.audio.files import load_speech
from sdk.audio.level import LevelNormaliser
from sdk.audio.logmel import LogMel
from sdk.audio.whole_clip import level_clip, log_mel_clip
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


@pytest.mark.parametrize("hop", [160, 320])
def test_rows_are_the_columns_of_the_streaming_layers(hop):
    pcm = load_speech(SPEECH)[: 16_000 * 3 + 250]
    whole = torch.from_numpy(pcm[: 16_000 * 3])[None]
    with torch.no_grad():
        columns = LogMel(hop)(LevelNormaliser(hop)(whole))
    rows = log_mel_clip(pcm, LogMel(hop))
    assert rows.shape == (150, 160)
    np.testing.assert_allclose(rows.reshape(300, 80), columns[0].numpy(), atol=1e-3)


def test_a_clip_shorter_than_a_row_has_none():
    assert log_mel_clip(np.zeros(319, np.float32), LogMel(160)).shape == (0, 160)


def test_ten_minutes_take_seconds():
    pcm = np.random.default_rng(0).normal(0, 0.1, 16_000 * 600).astype(np.float32)
    began = time.process_time()
    level_clip(pcm, HOP)
    assert time.process_time() - began < 5
