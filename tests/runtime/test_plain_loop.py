"""The session against a loop written straight from the definition of the clocks."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from tests.runtime.streams import (
    FRAME_RATES,
    HOP,
    TOY,
    as_float,
    hops_seen,
    noise,
    ramp,
    ramp_session,
    toy_pipeline,
    toy_session,
    whole,
)
from tests.toy import WIDTH


def plain_frames(pcm: np.ndarray, fps: str, lookahead: int) -> list[np.ndarray]:
    """Every hop first, every frame after, by the stages' own `step` and the clock in fractions."""
    encoder, identity, decoder = TOY.stages
    rate = toy_pipeline(fps).frame_rate.fraction
    frames = math.ceil(len(pcm) * rate / 16000)
    ends = [math.ceil((t + 1) * 16000 / rate) + lookahead for t in range(frames)]
    padded = torch.zeros(1, max(ends))
    padded[0, : len(pcm)] = torch.from_numpy(pcm)
    made, _ = identity.step({name: torch.from_numpy(value) for name, value in TOY.parameters.items()}, ())
    state, features = encoder.init_state(), [torch.zeros(1, WIDTH)] * 2
    for hop in range(max(ends) // HOP):
        given, state = encoder.step({"pcm": padded[:, hop * HOP : (hop + 1) * HOP]}, state)
        features.append(given["features"])
    state, values = decoder.init_state(), []
    for end in ends:
        hops = end // HOP
        phase = torch.full((1, 1), float(Fraction(end, HOP) % 1))
        outputs, state = decoder.step(
            {"features": torch.cat(features[hops : hops + 2]), "phase": phase, **made},
            state,
        )
        values.append(outputs["vertices"].numpy())
    return values


@pytest.mark.parametrize("lookahead", [0, 1, 320, 1000])
@pytest.mark.parametrize("fps", FRAME_RATES)
def test_values_equal_the_plain_loop(fps: str, lookahead: int) -> None:
    """Oracle: the toy's own `step` functions, in a loop that knows no queue, chunk or schedule. To the bit."""
    pcm = as_float(noise(9_000))
    with torch.inference_mode():
        expected = plain_frames(pcm, fps, lookahead)
    frames = whole(toy_session(fps, lookahead), pcm)
    assert [frame.index for frame in frames] == list(range(len(expected)))
    for frame, values in zip(frames, expected, strict=True):
        assert frame.values.tobytes() == values.tobytes()


@pytest.mark.parametrize("lookahead", [0, 100])
@pytest.mark.parametrize("fps", FRAME_RATES)
def test_a_frame_sees_the_newest_complete_hops(fps: str, lookahead: int) -> None:
    """Oracle: ``floor((due + lookahead) / hop) - 1`` is the newest hop; hops before the stream are absent."""
    session = ramp_session(fps, lookahead)
    session.push(ramp(6_000))
    frames = list(session.poll())
    for frame, seen in zip(frames, hops_seen(frames), strict=True):
        newest = (frame.due_sample + lookahead) // 160 - 1
        assert seen == tuple(max(-1, newest - back) for back in (2, 1, 0))
        assert frame.values[3] == newest + 1
        assert frame.values[4] == np.float32((frame.due_sample + lookahead) % 160 / 160)
        assert frame.values[5] == frame.index + 1


def test_a_frame_waits_for_its_last_sample() -> None:
    """Frame 0 at 30 fps is due at ceil(16000 / 30) = 534: one sample fewer gives nothing."""
    session = ramp_session()
    session.push(ramp(533))
    assert list(session.poll()) == []
    session.push(ramp(534)[533:])
    assert [frame.due_sample for frame in session.poll()] == [534]


def test_leading_one_is_squeezed_and_the_output_kept() -> None:
    frame = whole(ramp_session(), ramp(600))[0]
    assert frame.values.shape == (6,)
    assert frame.outputs["face.seen"].shape == (1, 6)
    assert list(frame.outputs) == ["face.seen"]
