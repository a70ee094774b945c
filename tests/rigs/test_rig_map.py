"""Channel sets and the maps between them: what goes through comes back, keeps its range, and is not made up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sdk.errors import UsageError
from sdk.rigs import fit_visemes
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.channel_set import channel_set, channel_sets, set_of
from sdk.rigs.rig_map import rig_map

SIZES = {
    "a2f_68": 68,
    "android_xr_68": 68,
    "arkit_52": 52,
    "arkit_52_header": 52,
    "mediapipe_52": 52,
    "meta_fb2_70": 70,
    "viseme_15": 15,
    "vrm_1": 18,
}
THERE_AND_BACK = ["a2f_68", "android_xr_68", "arkit_52_header", "meta_fb2_70"]
"""Sets that hold all 52 movements of ARKit."""
BY_NAME = [*THERE_AND_BACK, "mediapipe_52"]

values = arrays(np.float32, (3, 52), elements=st.floats(0, 1, width=32))


def test_the_sets_hold_what_their_names_say():
    assert {name: len(channel_set(name).channels) for name in channel_sets()} == SIZES
    for name in channel_sets():
        each = channel_set(name)
        assert each.name == name
        assert each.source
        assert set(each.low) == {0.0}
        assert set(each.high) == {1.0}


def test_the_order_of_arkit_is_that_of_the_documentation():
    assert ARKIT_52[:2] == ("eyeBlinkLeft", "eyeLookDownLeft")
    assert ARKIT_52[-1] == "tongueOut"
    header = channel_set("arkit_52_header")
    assert list(header.channels) == sorted(ARKIT_52)
    assert channel_set("arkit_52").spellings["runtime"][0] == "eyeBlink_L"


def test_traps_of_the_sets():
    mediapipe = channel_set("mediapipe_52")
    assert mediapipe.channels[0] == "_neutral"
    assert set(ARKIT_52) - set(mediapipe.channels) == {"tongueOut"}
    meta, android = (channel_set(name).channels for name in ("meta_fb2_70", "android_xr_68"))
    assert meta[:63] == android[:63]
    assert (meta.index("TONGUE_OUT"), android.index("TONGUE_OUT")) == (68, 63)
    visemes = channel_set("viseme_15")
    gltf = dict(zip(visemes.channels, visemes.spellings["gltf"], strict=True))
    assert (gltf["ih"], gltf["oh"], gltf["ou"], gltf["sil"]) == ("viseme_I", "viseme_O", "viseme_U", "viseme_sil")


def test_an_eye_that_looks_in_looks_at_the_nose():
    weights = np.zeros(52)
    weights[ARKIT_52.index("eyeLookInLeft")] = 1
    for name in ("meta_fb2_70", "android_xr_68"):
        there = rig_map("arkit_52", name)
        assert moved(there, weights) == {"EYES_LOOK_RIGHT_L": 1}
    weights[ARKIT_52.index("eyeLookOutRight")] = 1
    assert moved(rig_map("arkit_52", "vrm_1"), weights) == {"lookRight": 1}


def moved(rig, weights):
    return {name: value for name, value in zip(rig.target.channels, rig.apply(weights), strict=True) if value}


def test_one_shape_drives_all_that_it_is_split_into():
    weights = np.zeros(52)
    weights[ARKIT_52.index("mouthFunnel")] = 0.6
    parts = moved(rig_map("arkit_52", "meta_fb2_70"), weights)
    assert parts == {f"LIP_FUNNELER_{part}": np.float32(0.6) for part in ("LB", "LT", "RB", "RT")}


def test_a_shape_is_the_mean_of_its_parts():
    back = rig_map("meta_fb2_70", "arkit_52")
    weights = np.zeros(70)
    weights[back.source.index("LIP_PUCKER_L")] = 1
    assert moved(back, weights) == {"mouthPucker": 0.5}


@pytest.mark.parametrize("name", THERE_AND_BACK)
@settings(deadline=None, max_examples=15)
@given(weights=values)
def test_arkit_weights_come_back(name, weights):
    there, back = rig_map("arkit_52", name), rig_map(name, "arkit_52")
    np.testing.assert_allclose(back.apply(there.apply(weights)), weights, atol=1e-6)
    assert there.unused == ()
    assert back.unmapped == ()
    assert set(there.unmapped) == set(back.unused)


def test_what_has_no_counterpart_is_listed_and_stays_zero():
    assert rig_map("arkit_52", "mediapipe_52").unmapped == ("_neutral",)
    assert rig_map("arkit_52", "mediapipe_52").unused == ("tongueOut",)
    assert len(rig_map("arkit_52", "a2f_68").unmapped) == 16
    for name, count in (("meta_fb2_70", 10), ("android_xr_68", 8)):
        there = rig_map("arkit_52", name)
        assert len(there.unmapped) == count
        places = [there.target.index(channel) for channel in there.unmapped]
        assert not there.apply(np.ones(52))[places].any()
    moods = ("happy", "angry", "sad", "relaxed", "surprised", "blink", "neutral")
    assert rig_map("arkit_52", "vrm_1").unmapped == moods
    assert rig_map("arkit_52", "viseme_15").unmapped == ()


@pytest.mark.parametrize("target", sorted(SIZES))
@pytest.mark.parametrize("source", sorted(SIZES))
def test_every_set_reaches_every_other_within_its_range(source, target):
    rig = rig_map(source, target)
    corners = np.random.default_rng(0).integers(0, 2, (64, SIZES[source])).astype(np.float32)
    mapped = rig.apply(np.concatenate([corners, 3 * corners - 1]))
    assert mapped.shape == (128, SIZES[target])
    assert mapped.dtype == np.float32
    assert (mapped >= rig.target.low).all()
    assert (mapped <= rig.target.high).all()


@pytest.mark.parametrize("name", sorted(SIZES))
def test_a_set_to_itself_is_the_identity(name):
    weights = np.random.default_rng(1).random((2, SIZES[name]), np.float32)
    np.testing.assert_array_equal(rig_map(name, name).apply(weights), weights)


@settings(deadline=None, max_examples=15)
@given(weights=values)
def test_names_are_carried_and_not_positions(weights):
    """The header's order of the same names gives the same face."""
    header = rig_map("arkit_52", "arkit_52_header")
    for name in BY_NAME:
        direct = rig_map("arkit_52", name).apply(weights)
        np.testing.assert_array_equal(rig_map("arkit_52_header", name).apply(header.apply(weights)), direct)


def test_headset_rigs_keep_what_arkit_lacks():
    straight = rig_map("meta_fb2_70", "android_xr_68")
    assert straight.unmapped == ("TONGUE_LEFT", "TONGUE_RIGHT", "TONGUE_UP", "TONGUE_DOWN")
    assert "CHEEK_SUCK_L" not in straight.unused


def test_maps_that_do_not_fit_are_not_chained():
    with pytest.raises(UsageError, match="is not"):
        rig_map("arkit_52", "viseme_15").after(rig_map("arkit_52", "vrm_1"))


@pytest.mark.parametrize("bad", [np.zeros(51), np.float32(1), np.full(52, np.nan), np.full(52, np.inf)])
def test_weights_that_are_not_52_finite_numbers_are_refused(bad):
    with pytest.raises(UsageError, match="weights"):
        rig_map("arkit_52", "viseme_15").apply(bad)


def test_unknown_names_tell_what_there_is():
    with pytest.raises(UsageError, match="viseme_15"):
        rig_map("arkit_52", "viseme_16")
    with pytest.raises(UsageError, match="jawOpen"):
        channel_set("arkit_52").index("jawopen")


def test_a_set_is_known_by_its_channels_and_their_order():
    assert set_of(ARKIT_52) == channel_set("arkit_52")
    assert set_of(sorted(ARKIT_52)) == channel_set("arkit_52_header")
    assert set_of(reversed(ARKIT_52)) is None


@pytest.mark.parametrize("name", ["viseme_15", "vrm_1"])
def test_fitted_tables_are_what_the_fit_writes(name):
    """The committed tables follow from the tables of the other direction."""
    committed = rig_map("arkit_52", name)
    again = fit_visemes.rows(name)
    for row in again:
        target, source = committed.target.index(row.target), row.source
        held = committed.bias[target] if source is None else committed.weights[target, ARKIT_52.index(source)]
        assert held == pytest.approx(row.weight, abs=2e-3)
