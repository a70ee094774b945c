"""The default head under the channels of other rigs."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.channel_set import channel_set
from sdk.rigs.head import default_head
from sdk.rigs.rig_map import rig_map
from sdk.rigs.rigged_head import shapes_for


@pytest.mark.parametrize("name", ["arkit_52_header", "meta_fb2_70", "android_xr_68", "a2f_68"])
def test_a_rig_that_holds_all_of_arkit_moves_the_head_alike(name):
    head, weights = default_head(), np.random.default_rng(0).random(52, np.float32)
    there = rig_map("arkit_52", name)
    shapes = shapes_for(head, there.target.channels)
    moved = head.vertices + np.tensordot(there.apply(weights), shapes, 1)
    np.testing.assert_allclose(moved, head.pose(weights), atol=1e-3)


def test_a_viseme_moves_the_head_as_its_arkit_weights_do():
    head, back = default_head(), rig_map("viseme_15", "arkit_52")
    shapes = shapes_for(head, channel_set("viseme_15").channels)
    pp = back.source.index("PP")
    np.testing.assert_allclose(head.vertices + shapes[pp], head.pose(back.apply(np.eye(15)[pp])), atol=1e-3)


def test_any_of_the_heads_own_channels_will_do():
    head = default_head()
    shapes = shapes_for(head, ("tongueOut", "jawOpen"))
    np.testing.assert_array_equal(shapes, head.shapes[[51, ARKIT_52.index("jawOpen")]])


def test_channels_of_nobody_have_no_shapes():
    assert shapes_for(default_head(), ("smile", "frown")) is None
    assert shapes_for(default_head(), channel_set("viseme_15").channels[1:]) is None
