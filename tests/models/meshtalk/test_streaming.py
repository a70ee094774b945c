"""The streaming form against the whole one, with the same sound: labels identical, numbers to rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sdk.models.layers.lstm_cell import LstmCell, lstm_cell_weights
from sdk.models.meshtalk.streaming.audio_encoder import AudioEncoderStage
from sdk.models.meshtalk.waves import wave_spans
from sdk.stage import flatten
from tests.models.meshtalk.streams import Streaming, geometry_of, labels_of, speechlike

SECOND = 16_000


@pytest.mark.parametrize(("heads", "seed"), [(1, 11), (6, 11), (7, None), (16, 11), (16, None)])
def test_labels_and_geometry_are_those_of_the_whole_form(heads: int, seed: int | None) -> None:
    both, pcm = Streaming(heads=heads), speechlike(SECOND)
    frames = both.stream(pcm, seed)
    codes = both.audio_codes(pcm, len(frames))
    drawn = both.model.sample(codes, None if seed is None else both.uniforms(seed, len(frames)))
    assert torch.equal(labels_of(frames), drawn)
    geometry = both.model.decode(torch.from_numpy(both.template)[None], drawn)
    torch.testing.assert_close(geometry_of(frames), geometry, rtol=1e-5, atol=1e-4)
    assert heads == 1 or (drawn != drawn[:, :1]).any()


def test_log_probabilities_are_those_of_teacher_forcing() -> None:
    both, pcm = Streaming(), speechlike(SECOND)
    frames = both.stream(pcm, seed=3)
    codes = nn.functional.one_hot(labels_of(frames), both.classes).float()
    with torch.no_grad():
        forced = both.model.context_model(codes, both.audio_codes(pcm, len(frames)))[0]
    said = torch.from_numpy(np.stack([frame.outputs["context_model.logprobs"] for frame in frames]))
    torch.testing.assert_close(said, forced, rtol=1e-4, atol=1e-4)


def test_categories_are_the_labels_as_one_hot() -> None:
    both = Streaming()
    for frame in both.stream(speechlike(SECOND), seed=1):
        one_hot = frame.outputs["context_model.categories"].reshape(both.heads, both.classes)
        assert np.array_equal(one_hot.argmax(1), frame.outputs["context_model.labels"][0])
        assert np.array_equal(one_hot.sum(1), np.ones(both.heads))


@given(cut=st.integers(1, 90), seed=st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_the_audio_encoder_may_be_cut_anywhere(cut: int, seed: int) -> None:
    encoder = Streaming().stages[0]
    assert isinstance(encoder, AudioEncoderStage)
    columns = torch.randn(1, 91, 80, generator=torch.Generator().manual_seed(seed))
    whole, last = encoder.encode(columns, encoder.init_state().layers)
    first, state = encoder.encode(columns[:, :cut], encoder.init_state().layers)
    second, after = encoder.encode(columns[:, cut:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=1e-5, atol=1e-5)
    for (_, one), (_, other) in zip(flatten(after), flatten(last), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_later_sound_changes_no_earlier_frame() -> None:
    both, pcm = Streaming(), speechlike(SECOND)
    frames = both.stream(pcm, seed=2)
    for index in (0, 7, 21):
        due = frames[index].due_sample
        changed = pcm.copy()
        changed[due:] = speechlike(len(pcm), seed=9)[due:] + 0.3
        again = both.stream(changed, seed=2)
        for before, after in zip(frames[: index + 1], again, strict=False):
            for name, value in before.outputs.items():
                assert np.array_equal(value, after.outputs[name]), name
        name = "context_model.logprobs"
        assert not np.array_equal(frames[-1].outputs[name], again[-1].outputs[name])


def test_a_stream_begins_as_if_it_had_been_silent_for_ever() -> None:
    both, silence = Streaming(), SECOND + 160
    encoder = both.stages[0]
    assert isinstance(encoder, AudioEncoderStage)
    quiet = torch.zeros(1, 160)
    state = encoder.init_state()
    first, _ = encoder.step({"pcm": quiet}, state)
    for _ in range(silence // 160):
        last, state = encoder.step({"pcm": quiet}, state)
    torch.testing.assert_close(first["audio_code"], last["audio_code"], rtol=0, atol=1e-5)
    with torch.no_grad():
        columns = torch.full((1, 80, 101), float(np.log(np.float32(1e-3))) - 2.5)
        whole = both.model.encoder.audio_encoder.encode_columns(columns)
    torch.testing.assert_close(first["audio_code"], whole, rtol=1e-4, atol=1e-4)


def test_the_past_beyond_nineteen_frames_is_forgotten() -> None:
    stage = Streaming().stages[-2]
    generator = torch.Generator().manual_seed(0)
    state = stage.init_state()
    names = [name for name, _ in flatten(state)]
    assert max(leaf.shape[0] for _, leaf in flatten(state)) == 9
    inputs = [
        {"audio_code": torch.randn(1, 128, generator=generator), "uniforms": torch.rand(1, 40, generator=generator)}
        for _ in range(60)
    ]
    for given_now in inputs:
        _, state = stage.step(given_now, state)
    assert [name for name, _ in flatten(state)] == names


def test_lstm_cell_is_a_layer_of_nn_lstm() -> None:
    """Oracle: `torch.nn.LSTM`."""
    torch.manual_seed(0)
    lstm = nn.LSTM(5, 7, num_layers=2, batch_first=True)
    x = torch.randn(1, 9, 5)
    expected, _ = lstm(x)
    cells = [LstmCell(5, 7), LstmCell(7, 7)]
    for layer, cell in enumerate(cells):
        cell.load_state_dict(lstm_cell_weights(lstm, layer))
    states = [cell.init_state() for cell in cells]
    for frame in range(9):
        y = x[:, frame]
        for layer, cell in enumerate(cells):
            y, states[layer] = cell.step(y, states[layer])
        torch.testing.assert_close(y, expected[:, frame])


@pytest.mark.parametrize("heads", [1, 5, 6, 7, 16, 64])
def test_every_layer_computes_every_head_once_and_never_too_early(heads: int) -> None:
    waves = wave_spans(heads)
    for layer in range(len(waves[0])):
        done = [head for spans in waves for head in range(*spans[layer])]
        assert done == list(range(len(done)))
        # Only the logits read the last context layer, and none of them reads its highest head.
        assert len(done) == heads or (layer == len(waves[0]) - 2 and len(done) == heads - 1)
    drawn = 0
    for spans in waves:
        for depth, (_, stop) in enumerate(spans, 1):
            # A head of layer d at wave w reads heads below it that were drawn before, d layers further down.
            assert stop <= drawn + depth + 1
        drawn = max(drawn, spans[-1][1])
    assert drawn == heads
