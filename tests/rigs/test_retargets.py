"""The knobs of the ARKit retarget on the default head, in millimetres of lip gap: no strength opens a closed mouth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.bundle import read_retarget
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from sdk.rigs.measure import lip_gap, lip_gap_basis
from sdk.rigs.retargets import ARKIT_52_RETARGET
from sdk.runtime.retarget import RetargetState, plan_retarget, retarget_frame, with_strength
from sdk.spec import FrameRate

HEAD = default_head()
PLAN = plan_retarget(read_retarget(ARKIT_52_RETARGET), ARKIT_52, FrameRate(num=30))
KNOBS = PLAN.retarget.knobs
AT = {name: index for index, name in enumerate(ARKIT_52)}
REST, PER_CHANNEL = lip_gap_basis(HEAD)
CLOSING = KNOBS["lips"].closing
OPENING = tuple(name for name in KNOBS["lips"].channels if PER_CHANNEL[AT[name]] > 0)


def turned(weights: np.ndarray, jaw: float, lips: float) -> np.ndarray:
    plan = with_strength(with_strength(PLAN, "jaw", jaw), "lips", lips)
    return retarget_frame(plan, 0, weights, RetargetState())[0]


def pose(**weights: float) -> np.ndarray:
    row = np.zeros(52, np.float32)
    for name, weight in weights.items():
        row[AT[name]] = weight
    return row


def gap(weights: np.ndarray) -> float:
    return float(lip_gap(HEAD, weights))


def test_the_file_changes_nothing_as_it_stands() -> None:
    weights = np.random.default_rng(0).uniform(0, 1, 52).astype(np.float32)
    np.testing.assert_array_equal(turned(weights, 1, 1), weights)


def test_the_knobs_name_the_mouth_and_the_jaw_and_all_that_closes() -> None:
    named = {name for knob in KNOBS.values() for name in (*knob.channels, *knob.closing)}
    assert named == {name for name in ARKIT_52 if name.startswith(("jaw", "mouth"))}
    assert KNOBS["jaw"].closing == KNOBS["lips"].closing
    assert all(PER_CHANNEL[AT[name]] < 0 for name in CLOSING)


def test_mouth_close_lifts_the_lip_as_far_as_the_jaw_takes_it() -> None:
    """Why it turns with the jaw: the sum of both moves the lips by nothing, at every strength of the jaw."""
    assert PER_CHANNEL[AT["jawOpen"]] == pytest.approx(-PER_CHANNEL[AT["mouthClose"]], abs=1e-4)
    closed = pose(jawOpen=0.4, mouthClose=0.4)
    for jaw in (0, 0.3, 1, 1.7, 2):
        assert gap(turned(closed, jaw, 1)) == pytest.approx(REST, abs=1e-3)


weight = st.floats(0, 0.5, width=32)


@st.composite
def shut_poses(draw: st.DrawFn) -> np.ndarray:
    """Mouths that the lips shut over a jaw that is open: what is open is closed by the closing channels, or more."""
    jaw = draw(weight)
    row = pose(jawOpen=jaw, mouthClose=jaw * draw(st.floats(0.9, 1)))
    for name in draw(st.lists(st.sampled_from(OPENING), unique=True, max_size=4)):
        row[AT[name]] = 0.2 * draw(weight)
    closers = draw(st.lists(st.floats(0.125, 0.5, width=32), min_size=len(CLOSING), max_size=len(CLOSING)))
    shuts = sum(w * -PER_CHANNEL[AT[n]] for n, w in zip(CLOSING, closers, strict=True))
    enough = max(1.0, 1.001 * (gap(row) - REST) / shuts)
    for name, w in zip(CLOSING, closers, strict=True):
        row[AT[name]] = w * enough
    return row


@settings(deadline=None, max_examples=200)
@given(shut=shut_poses(), jaw=st.floats(0, 2), lips=st.floats(0, 2))
def test_no_strength_opens_a_shut_mouth(shut: np.ndarray, jaw: float, lips: float) -> None:
    assert gap(shut) <= REST
    assert gap(turned(shut, jaw, lips)) <= REST + 1e-3


@settings(deadline=None, max_examples=100)
@given(weights=st.lists(weight, min_size=52, max_size=52), lips=st.floats(0, 1))
def test_lips_turned_down_take_nothing_from_what_closes(weights: list[float], lips: float) -> None:
    row = np.array(weights, np.float32)
    shown = turned(row, 1, lips)
    for name in (*CLOSING, "jawOpen", "mouthClose", "eyeBlinkLeft"):
        assert shown[AT[name]] == row[AT[name]]
    for name in KNOBS["lips"].channels:
        assert shown[AT[name]] == row[AT[name]] * np.float32(lips)


def test_without_the_closing_channels_spared_the_lips_would_part() -> None:
    """What the rule is for: a /b/ whose lips press over a jaw 1.2 mm open."""
    b = pose(jawOpen=0.15, mouthClose=0.115, mouthPressLeft=0.2, mouthPressRight=0.2, mouthRollLower=0.25)
    assert gap(b) < 0.2
    scaled = b.copy()
    scaled[[AT[name] for name in CLOSING]] *= 0.2
    assert gap(scaled) > 1
    assert gap(turned(b, 1, 0.2)) < 0.2
