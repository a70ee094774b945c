"""Visemes on the default head, in millimetres: what each shows, and what a mouth read as visemes still shows."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.channel_set import channel_set
from sdk.rigs.head import default_head
from sdk.rigs.measure import UP, lip_gap, lip_protrusion
from sdk.rigs.rig_map import rig_map

CLOSED = 1.0
"""Millimetres: below it the lips count as closed."""


def shown(name):
    """(52,) ARKit weights of a viseme at 1."""
    back = rig_map("viseme_15", "arkit_52")
    return back.apply(np.eye(15)[back.source.index(name)])


def weights(**channels):
    """(52,); a name without a side sets both."""
    array = np.zeros(52, np.float32)
    for name, value in channels.items():
        for full in (name, f"{name}Left", f"{name}Right"):
            if full in ARKIT_52:
                array[ARKIT_52.index(full)] = value
    return array


def test_pp_closes_the_lips_all_along():
    head = default_head()
    vertices = head.pose(shown("PP"))
    upper, lower = head.lip_pairs.T
    gaps = vertices[upper, UP] - vertices[lower, UP]
    assert -2 < gaps[0] < -0.5, "the middle presses"
    assert (gaps < CLOSED).all()


def test_ff_brings_the_lower_lip_to_the_upper_teeth():
    head = default_head()
    rest = head.vertices
    roll = np.linalg.norm(head.shapes[ARKIT_52.index("mouthRollLower")], axis=1)
    lip = np.flatnonzero((roll > 2) & (np.abs(rest[:, 0]) < 9))
    teeth = np.unique(head.triangles[head.parts["teeth"]])
    edge = teeth[(np.abs(rest[teeth, 0]) < 9) & (rest[teeth, 1] > -69) & (rest[teeth, 2] > 18)]

    def between(pose):
        return np.linalg.norm(pose[lip][:, None] - pose[edge], axis=2).min()

    assert between(rest) > 3
    assert between(head.pose(shown("FF"))) < 0.5


def test_vowels_open_in_the_order_of_their_height():
    gaps = [float(lip_gap(default_head(), shown(name))) for name in ("sil", "ou", "ih", "E", "oh", "aa")]
    assert gaps == sorted(gaps)
    assert gaps[-1] == pytest.approx(16, abs=1)
    assert float(lip_gap(default_head(), shown("SS"))) == pytest.approx(4, abs=0.5)


def test_rounded_visemes_push_the_lips_forward():
    rounded = [float(lip_protrusion(default_head(), shown(name))) for name in ("CH", "RR", "oh", "ou")]
    others = [float(lip_protrusion(default_head(), shown(name))) for name in ("DD", "SS", "aa", "E", "ih")]
    assert min(rounded) > 4
    assert max(others) < 0.5


@pytest.mark.parametrize("name", [name for name in channel_set("viseme_15").channels if name != "sil"])
def test_a_viseme_read_back_has_its_lip_gap(name):
    there, back = rig_map("arkit_52", "viseme_15"), rig_map("viseme_15", "arkit_52")
    again = back.apply(there.apply(shown(name)))
    assert float(lip_gap(default_head(), again)) == pytest.approx(float(lip_gap(default_head(), shown(name))), abs=2)


@pytest.mark.parametrize("jaw", [0.1, 0.25, 0.4])
def test_lips_that_close_over_an_open_jaw_are_read_as_pp(jaw):
    """What mouthClose undoes must not come back as a vowel."""
    there, back = rig_map("arkit_52", "viseme_15"), rig_map("viseme_15", "arkit_52")
    visemes = there.apply(weights(jawOpen=jaw, mouthClose=jaw, mouthPress=0.4))
    assert visemes[there.target.index("PP")] > 0.8
    assert float(lip_gap(default_head(), back.apply(visemes))) < CLOSED
    vowels = rig_map("arkit_52", "vrm_1")
    closed = vowels.apply(weights(jawOpen=jaw, mouthClose=jaw, mouthPress=0.4))
    assert closed[[vowels.target.index(name) for name in ("aa", "ih", "ou", "ee", "oh")]].max() < 0.05


def test_a_face_at_rest_is_silence():
    there = rig_map("arkit_52", "viseme_15")
    silence = there.apply(np.zeros(52))
    assert silence[there.target.index("sil")] == 1
    assert silence.sum() == 1
    assert there.apply(shown("aa"))[there.target.index("sil")] < 0.5


def test_eyes_are_no_part_of_a_viseme():
    there = rig_map("arkit_52", "viseme_15")
    open_eyes = there.apply(shown("oh"))
    np.testing.assert_array_equal(there.apply(shown("oh") + weights(eyeBlink=1, browInnerUp=1)), open_eyes)


def test_vrm_blinks():
    there, back = rig_map("arkit_52", "vrm_1"), rig_map("vrm_1", "arkit_52")
    both = back.apply(np.eye(18)[back.source.index("blink")])
    np.testing.assert_array_equal(both, weights(eyeBlink=1))
    again = there.apply(both)
    assert {there.target.channels[index] for index in np.flatnonzero(again)} == {"blinkLeft", "blinkRight"}
