"""What the knobs and the smoothing of a retarget do to the default model's speech, in millimetres of lip gap."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.bundle import read_retarget
from sdk.rigs.head import default_head
from sdk.rigs.lip_curves import CLOSED
from sdk.rigs.measure import lip_gap
from sdk.rigs.retargets import ARKIT_52_RETARGET
from sdk.runtime.retarget import (
    ChannelRule,
    Retarget,
    RetargetState,
    plan_retarget,
    retarget_frame,
    with_strength,
)


@pytest.fixture(scope="module")
def weights(bundle):
    """What the model makes of the speech that ships with the SDK, (293, 52)."""
    return bundle.vectors().outputs[bundle.pipeline.values].reshape(-1, 52)


def gaps(bundle, weights, retarget, **strengths):
    plan = plan_retarget(retarget, bundle.rig.names, bundle.pipeline.frame_rate)
    for knob, strength in strengths.items():
        plan = with_strength(plan, knob, strength)
    state, shown = RetargetState(), []
    for frame, row in enumerate(weights):
        values, state = retarget_frame(plan, frame, row, state)
        shown.append(values)
    return lip_gap(default_head(), np.stack(shown))


@pytest.mark.parametrize("jaw", [0, 0.5, 1])
@pytest.mark.parametrize("lips", [0, 0.5, 1])
def test_turned_down_knobs_open_no_closed_lips(bundle, weights, jaw, lips):
    gap = lip_gap(default_head(), weights)
    closed = gap < CLOSED
    assert closed.sum() > 50
    shown = gaps(bundle, weights, read_retarget(ARKIT_52_RETARGET), jaw=jaw, lips=lips)
    assert (shown[closed] < CLOSED).all()
    assert (shown - gap)[closed].max() < 0.5
    assert shown.max() <= gap.max()


@pytest.mark.parametrize(("jaw", "lips"), [(1.5, 1), (1, 1.5), (2, 2)])
def test_turned_up_knobs_keep_nearly_all_of_them(bundle, weights, jaw, lips):
    closed = lip_gap(default_head(), weights) < CLOSED
    shown = gaps(bundle, weights, read_retarget(ARKIT_52_RETARGET), jaw=jaw, lips=lips)
    assert (shown[closed] < CLOSED).mean() > 0.95
    assert shown.max() > 1.05 * lip_gap(default_head(), weights).max()


def test_scaling_every_mouth_channel_would_open_them(bundle, weights):
    """Why the knobs are what they are: so a slider that scales all names with "mouth" does worse."""
    mouth = {name: ChannelRule(gain=0.5) for name in bundle.rig.names if name.startswith("mouth")}
    closed = lip_gap(default_head(), weights) < CLOSED
    assert (gaps(bundle, weights, Retarget(channels=mouth))[closed] < CLOSED).mean() < 0.7


def test_smoothing_opens_closed_lips(bundle, weights):
    """Why the page says to leave the mouth unsmoothed."""
    closed = lip_gap(default_head(), weights) < CLOSED
    smooth = Retarget(other_channels=ChannelRule(smoothing_ms=40))
    assert (gaps(bundle, weights, smooth)[closed] < CLOSED).mean() < 0.8
