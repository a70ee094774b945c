"""A tracked face beside the sound: followed while it is seen, carried on from the same history when it is lost."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from sdk.models.meshtalk.streaming.config import TrackingConfig
from sdk.models.meshtalk.streaming.context_model import ContextModelStage
from sdk.models.meshtalk.streaming.expression_encoder import SIGNAL
from sdk.runtime import Frame
from sdk.runtime.plan import make_plan
from tests.models.meshtalk.streams import Streaming, geometry_of, labels_of, speechlike

TRACKING = TrackingConfig(regions=("upper_face", "mouth"), hold_samples=0, blend_frames=4)
PCM = speechlike(16_000)
FRAMES = 30


def faces(both: Streaming, seed: int = 1) -> NDArray[np.float32]:
    """A face that moves, (T, V, 3)."""
    walk = np.random.default_rng(seed).standard_normal((FRAMES, *both.template.shape)).cumsum(0)
    return (both.template + 0.3 * walk).astype(np.float32)


def track(
    both: Streaming, tracked: NDArray[np.float32], confidence: NDArray[np.float32], seed: int | None = None
) -> list[Frame]:
    """Stream `PCM` with a face for every frame, confidence (T, 2)."""
    clock = make_plan(both.pipeline).clock
    with both.session(seed) as session:
        for frame in range(FRAMES):
            values = {"expression": tracked[frame], "confidence": confidence[frame][None]}
            session.push_signal(SIGNAL, values, sample=clock.due(frame))
        session.push(PCM)
        return list(session.poll())


@pytest.fixture(scope="module")
def both() -> Streaming:
    return Streaming(tracking=TRACKING)


@pytest.fixture(scope="module")
def seen(both: Streaming) -> list[Frame]:
    return track(both, faces(both), np.ones((FRAMES, 2), np.float32))


def test_a_face_that_is_seen_is_the_whole_forms_reconstruction(both: Streaming, seen: list[Frame]) -> None:
    """Oracle: `ExpressionEncoder` and `FusionMlp` of the whole form, on the same codes of the sound."""
    codes = both.audio_codes(PCM, FRAMES)
    with torch.no_grad():
        expression = both.model.encoder.expression_encoder(torch.from_numpy(faces(both))[None])
        expected = both.model.encoder.fusion_model(expression, codes)
    evidence = torch.from_numpy(np.stack([frame.outputs["fusion.evidence"] for frame in seen]))
    said = evidence.reshape(1, FRAMES, both.heads, both.classes).log_softmax(-1)
    torch.testing.assert_close(said, expected, rtol=1e-4, atol=1e-4)
    trusted = slice(TRACKING.blend_frames, None)
    assert torch.equal(labels_of(seen)[:, trusted], expected.argmax(-1)[:, trusted])
    template = torch.from_numpy(both.template)[None]
    torch.testing.assert_close(geometry_of(seen), both.model.decode(template, labels_of(seen)), rtol=1e-5, atol=1e-4)


def test_without_a_face_it_is_the_model_without_tracking(both: Streaming) -> None:
    alone = Streaming().stream(PCM, seed=4)
    assert torch.equal(labels_of(both.stream(PCM, seed=4)), labels_of(alone))


@pytest.mark.parametrize("seed", [None, 6])
def test_a_lost_face_is_carried_on_from_its_own_history(both: Streaming, seen: list[Frame], seed: int | None) -> None:
    confidence = np.ones((FRAMES, 2), np.float32)
    confidence[12:20] = 0
    frames = track(both, faces(both), confidence, seed)
    assert torch.equal(labels_of(frames)[:, 4:12], labels_of(seen)[:, 4:12])
    history = F.one_hot(labels_of(frames), both.classes).float()
    with torch.no_grad():
        context = both.model.context_model(history, both.audio_codes(PCM, FRAMES))[0]
    said = torch.from_numpy(np.stack([frame.outputs["context_model.logprobs"] for frame in frames]))
    torch.testing.assert_close(said[12:20], context[12:20], rtol=1e-4, atol=1e-4)
    regained = slice(20 + TRACKING.blend_frames - 1, None)
    assert torch.equal(labels_of(frames)[:, regained], labels_of(seen)[:, regained])


def test_what_a_lost_face_shows_does_not_matter(both: Streaming) -> None:
    confidence = np.ones((FRAMES, 2), np.float32)
    confidence[10:, :] = 0
    other = faces(both)
    other[10:] = 1e3
    frames, again = (track(both, face, confidence, 2) for face in (faces(both), other))
    assert torch.equal(geometry_of(frames), geometry_of(again))


@pytest.mark.parametrize(
    ("name", "broken"), [("expression", 1e30), ("expression", 3e38), ("expression", 10_001), ("confidence", 1.01)]
)
def test_numbers_that_no_tracker_means_are_as_if_it_had_lost_the_face(
    both: Streaming, name: str, broken: float
) -> None:
    given = {"expression": faces(both), "confidence": np.ones((FRAMES, 2), np.float32)}
    given[name][10:14].reshape(4, -1)[:, 0] = broken
    clock = make_plan(both.pipeline).clock
    lost = np.ones((FRAMES, 2), np.float32)
    lost[10:14] = 0
    with both.session(2) as session:
        for frame in range(FRAMES):
            values = {"expression": given["expression"][frame], "confidence": given["confidence"][frame][None]}
            session.push_signal(SIGNAL, values, sample=clock.due(frame))
        session.push(PCM)
        frames = list(session.poll())
    assert {event.kind for event in session.events} == {"out_of_range_signal"}
    assert torch.equal(geometry_of(frames), geometry_of(track(both, faces(both), lost, 2)))


def test_a_hidden_region_is_not_looked_at_and_the_other_is(both: Streaming) -> None:
    confidence = np.ones((FRAMES, 2), np.float32)
    confidence[10:, 1] = 0
    hidden, shown = faces(both), faces(both)
    hidden.reshape(FRAMES, -1)[10:, 1::2] += 500
    shown.reshape(FRAMES, -1)[10:, 0::2] += 5
    first, second, third = (track(both, face, confidence) for face in (faces(both), hidden, shown))
    assert torch.equal(geometry_of(first), geometry_of(second))
    assert not np.array_equal(first[-1].outputs["fusion.evidence"], third[-1].outputs["fusion.evidence"])


def test_trust_falls_at_once_and_returns_in_the_stated_frames(both: Streaming) -> None:
    stage = next(stage for stage in both.stages if stage.name == "context_model")
    state, trusts = stage.init_state(), []
    for confidence in [1.0] * 6 + [0.2] * 2 + [0.0] + [0.9] * 6:
        inputs = {
            "audio_code": torch.zeros(1, 128),
            "uniforms": torch.full((1, 40), 0.5),
            "evidence": torch.zeros(1, 40),
            "confidence": torch.tensor([[0.0, confidence]]),
        }
        _, state = stage.step(inputs, state)
        trusts.append(round(float(state.trust), 4))
    assert trusts == [0.25, 0.5, 0.75, 1, 1, 1, 0.2, 0.2, 0, 0.25, 0.5, 0.75, 0.9, 0.9, 0.9]


def test_trust_does_not_fall_below_its_floor() -> None:
    stage = ContextModelStage(Streaming().model.config, TRACKING.model_copy(update={"floor": 0.5}))
    state, trusts = stage.init_state(), []
    for confidence in [0.0] * 3 + [1.0] * 3 + [0.2] + [0.0] * 2:
        inputs = {
            "audio_code": torch.zeros(1, 128),
            "uniforms": torch.full((1, 40), 0.5),
            "evidence": torch.zeros(1, 40),
            "confidence": torch.tensor([[confidence, 0.0]]),
        }
        _, state = stage.step(inputs, state)
        trusts.append(round(float(state.trust), 4))
    assert trusts == [0.25, 0.5, 0.5, 0.75, 1, 1, 0.6, 0.5, 0.5]


def test_a_hidden_face_fades_to_the_mean_face(both: Streaming) -> None:
    stage = next(stage for stage in both.stages if stage.name == "expression_encoder")
    state = stage.init_state()
    seen, lost = torch.ones(1, 2), torch.zeros(1, 2)
    face = torch.from_numpy(both.template)
    _, state = stage.step({"expression": face, "confidence": seen}, state)
    first = state.seen.clone()
    for _ in range(3):
        _, state = stage.step({"expression": face * 0, "confidence": lost}, state)
    torch.testing.assert_close(state.seen, first * TRACKING.forget**3)
