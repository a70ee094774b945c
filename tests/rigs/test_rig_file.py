"""A user's own rig from a JSON file: what it says is what comes out, and every mistake in it is named."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.errors import NowfaceError, UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.channel_set import channel_set, channel_sets
from sdk.rigs.errors import RigError
from sdk.rigs.rig_file import find_rig, read_rig, write_rig
from sdk.rigs.rig_map import rig_map
from sdk.rigs.rig_schema import DEFAULT, schema_text

ROOT = Path(__file__).parents[2]

MINE = {
    "nowface_rig": 1,
    "name": "my_avatar",
    "source": "arkit_52",
    "channels": [
        {"name": "Mouth Open", "high": 100, "weights": {"jawOpen": 100, "mouthClose": -40}},
        {"name": "Blink_L", "weights": {"eyeBlinkLeft": 1}},
        {"name": "Lids", "low": -1, "high": 1, "bias": 0.25, "weights": {"eyeWideLeft": 0.5, "eyeBlinkLeft": -1.25}},
        {"name": "Ear Wiggle"},
    ],
}


@pytest.fixture
def rig_file(tmp_path):
    def write(data):
        path = tmp_path / "rig.json"
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return path

    return write


def changed(**parts):
    """`MINE` with other top-level values, and with `channel` in the place of its first channel."""
    channel = parts.pop("channel", None)
    data = MINE | parts
    return data | {"channels": [channel, *MINE["channels"][1:]]} if channel else data


def arkit(**channels):
    return [channels.get(name, 0.0) for name in ARKIT_52]


def test_channels_are_weighted_sums_within_their_ranges(rig_file):
    rig = read_rig(rig_file(MINE))
    assert rig.target.channels == ("Mouth Open", "Blink_L", "Lids", "Ear Wiggle")
    assert rig.unmapped == ("Ear Wiggle",)
    np.testing.assert_allclose(rig.apply(arkit(jawOpen=0.5, mouthClose=0.25, eyeWideLeft=1)), [40, 0, 0.75, 0])
    np.testing.assert_allclose(rig.apply(arkit(mouthClose=1, eyeBlinkLeft=1)), [0, 1, -1, 0])
    np.testing.assert_allclose(rig.apply(arkit()), [0, 0, 0.25, 0])


def test_a_rig_of_another_source_is_reached_through_it(rig_file):
    path = rig_file({"nowface_rig": 1, "name": "mouth", "source": "viseme_15", "channels": [{"name": "Aah"}]})
    assert find_rig(path).source == channel_set("arkit_52")
    data = {
        "nowface_rig": 1,
        "name": "mouth",
        "source": "meta_fb2_70",
        "channels": [{"name": "Kiss", "weights": {"LIP_PUCKER_L": 0.5, "LIP_PUCKER_R": 0.5}}],
    }
    rig = find_rig(rig_file(data))
    np.testing.assert_allclose(rig.apply(arkit(mouthPucker=0.8)), [0.8], rtol=1e-6)


def test_the_option_takes_a_name_or_a_file(rig_file):
    assert find_rig("viseme_15") is rig_map("arkit_52", "viseme_15")
    assert find_rig("vrm_1", source="viseme_15").source.name == "viseme_15"
    assert find_rig(str(rig_file(MINE))).target.name == "my_avatar"
    with pytest.raises(RigError, match=r"neither a rig of the SDK nor a file.*viseme_15"):
        find_rig("visemes")
    with pytest.raises(RigError, match="cannot be read"):
        find_rig("missing.json")
    with pytest.raises(UsageError, match="no such channel set"):
        find_rig("viseme_15", source="mine")


@pytest.mark.parametrize("name", channel_sets())
def test_a_map_of_the_sdk_survives_a_file(name, tmp_path):
    write_rig(tmp_path / "rig.json", rig_map("arkit_52", name))
    again = read_rig(tmp_path / "rig.json")
    np.testing.assert_array_equal(again.weights, rig_map("arkit_52", name).weights)
    np.testing.assert_array_equal(again.bias, rig_map("arkit_52", name).bias)
    assert again.target == channel_set(name).__class__(
        name, channel_set(name).channels, channel_set(name).low, channel_set(name).high, str(tmp_path / "rig.json")
    )


MISTAKES = {
    "no JSON": ('{"nowface_rig": 1', "not JSON"),
    "a list": ("[]", "not a JSON object"),
    "NaN": ('{"nowface_rig": NaN}', "NaN is not JSON"),
    "a number beyond float": ('{"nowface_rig": 1e999}', "too large"),
    "a key twice": ('{"nowface_rig": 1, "nowface_rig": 1}', "stands twice"),
    "no version": ({"name": "a", "channels": [{"name": "b"}]}, "nowface_rig"),
    "another version": (changed(nowface_rig=2), "nowface_rig"),
    "no channels": (changed(channels=[]), "channels"),
    "a key too many": (changed(scale=2), "scale"),
    "a key of a channel too many": (changed(channel={"name": "a", "gain": 2}), r"channels\.0\.gain"),
    "an unknown source": (changed(source="arkit"), "'arkit' is no channel set"),
    "its own channel as the source": (changed(channel={"name": "a", "weights": {"Blink_L": 1}}), "does not have"),
    "a typing error": (changed(channel={"name": "a", "weights": {"jawOpne": 1}}), "use jawOpen"),
    "a channel twice": (changed(channel={"name": "Blink_L"}), "'Blink_L' stands twice"),
    "a channel without a name": (changed(channel={"name": ""}), "name"),
    "a line break in a name": (changed(channel={"name": "a\nb"}), "name"),
    "a weight in quotes": (changed(channel={"name": "a", "weights": {"jawOpen": "1"}}), "jawOpen"),
    "a weight out of all bounds": (changed(channel={"name": "a", "weights": {"jawOpen": 1e30}}), "jawOpen"),
    "an empty range": (changed(channel={"name": "a", "low": 1, "high": 1}), "range 1 to 1"),
    "a range upside down": (changed(channel={"name": "a", "low": 1, "high": 0}), "range 1 to 0"),
    "a range below float32": (changed(channel={"name": "a", "low": 6e4, "high": 6e4 + 1e-9, "bias": 6e4}), "range"),
    "rest out of range": (changed(channel={"name": "a", "bias": 2}), "rests at 2"),
    "an odd name of the rig": (changed(name="../rig"), "name"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_file(mistake, rig_file):
    data, words = MISTAKES[mistake]
    path = rig_file(data)
    with pytest.raises(RigError, match=words) as caught:
        read_rig(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_committed_schema_is_current_and_takes_what_the_reader_takes():
    assert (ROOT / DEFAULT).read_text(encoding="utf-8") == schema_text(), "run python -m sdk.rigs.rig_schema"
    schema = json.loads(schema_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    validator.validate(MINE)
    said_by_the_reader_alone = ("source", "Blink_L", "jawOpne", "range", "rests", "typing")
    for mistake, (data, words) in MISTAKES.items():
        if isinstance(data, dict) and not any(part in words + mistake for part in said_by_the_reader_alone):
            assert not validator.is_valid(data), mistake


@settings(deadline=None, max_examples=40)
@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_rig_are_refused(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("rig") / "rig.json"
    path.write_bytes(data)
    with pytest.raises(RigError):
        read_rig(path)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=60)
@given(key=st.sampled_from(["nowface_rig", "name", "source", "channels", "note"]), value=anything)
def test_no_value_of_a_key_does_more_than_raise(key, value, tmp_path_factory):
    path = tmp_path_factory.mktemp("rig") / "rig.json"
    path.write_text(json.dumps(MINE | {key: value}), encoding="utf-8")
    try:
        rig = read_rig(path)
    except NowfaceError:
        return
    assert np.isfinite(rig.apply(np.ones(52))).all()


@settings(deadline=None, max_examples=25)
@given(
    channels=st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(ARKIT_52), st.floats(-100, 100), max_size=5),
            st.floats(-10, 0),
            st.floats(0.5, 10),
        ),
        min_size=1,
        max_size=6,
    ),
    weights=st.lists(st.floats(-1, 2), min_size=52, max_size=52),
    order=st.randoms(use_true_random=False),
)
def test_ranges_are_kept_and_order_means_nothing(channels, weights, order, tmp_path_factory):
    path = tmp_path_factory.mktemp("rig") / "rig.json"
    entries = [
        {"name": f"c{index}", "weights": sums, "low": low, "high": high}
        for index, (sums, low, high) in enumerate(channels)
    ]

    def answer(listed):
        path.write_text(json.dumps(MINE | {"channels": listed}), encoding="utf-8")
        rig = read_rig(path)
        values = rig.apply(weights)
        assert (values >= np.array(rig.target.low, np.float32)).all()
        assert (values <= np.array(rig.target.high, np.float32)).all()
        return dict(zip(rig.target.channels, values.tolist(), strict=True))

    plain = answer(entries)
    turned = [
        dict(reversed(entry.items())) | {"weights": dict(reversed(entry["weights"].items()))} for entry in entries
    ]
    order.shuffle(turned)
    assert answer(turned) == pytest.approx(plain, rel=1e-5, abs=1e-4)
