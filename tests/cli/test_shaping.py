"""What ``--blinks`` and ``--rig`` do to frames."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sdk.bundle.bundle import Rig
from sdk.cli.shaping import Shaping
from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.blinks import lid_closure
from sdk.rigs.errors import RigError
from sdk.rigs.rig_map import rig_map
from sdk.runtime.frame import Frame
from sdk.spec import FrameRate

RATE = FrameRate.parse("29.97")
LIDS = [ARKIT_52.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]


def bundle(names: tuple[str, ...] = ARKIT_52, shape: tuple[int, ...] | None = None) -> Any:
    """As much of a bundle as the options look at."""
    kind = "channels" if names else "vertices"
    return SimpleNamespace(rig=Rig(kind, names, shape or (len(names),)), pipeline=SimpleNamespace(frame_rate=RATE))


def frame(index: int, values: np.ndarray) -> Frame:
    return Frame(index, 534 * index, values.astype(np.float32), {})


def test_without_options_frames_pass() -> None:
    shaping = Shaping.from_options(bundle(), None, None)
    given = frame(3, np.linspace(0, 1, 52))
    assert (shaping.shape, shaping.names) == ((52,), ARKIT_52)
    assert shaping.apply(given).values is given.values


def test_blinks_close_the_lids_and_nothing_else() -> None:
    shaping = Shaping.from_options(bundle(), None, 7)
    shaped = np.stack([shaping.apply(frame(index, np.full(52, 0.25))).values for index in range(300)])
    closed = lid_closure(np.arange(300) / float(RATE.fraction), 7)
    assert closed.max() > 0.9
    for lid in LIDS:
        assert np.allclose(shaped[:, lid], np.maximum(closed, 0.25))
    assert (np.delete(shaped, LIDS, axis=1) == 0.25).all()


def test_a_frame_that_came_in_is_not_changed() -> None:
    given = frame(40, np.zeros(52))
    shaping = Shaping.from_options(bundle(), "meta_fb2_70", 7)
    shaping.apply(given)
    assert not given.values.any()


def test_a_rig_comes_after_the_blinks() -> None:
    shaping = Shaping.from_options(bundle(), "meta_fb2_70", 7)
    mapped = rig_map("arkit_52", "meta_fb2_70")
    assert shaping.names == mapped.target.channels
    for index in range(60):
        values = np.zeros(52, np.float32)
        values[LIDS] = lid_closure(float(index / RATE.fraction), 7)
        assert np.array_equal(shaping.apply(frame(index, np.zeros(52))).values, mapped.apply(values))


def test_a_rig_of_ones_own(tmp_path: Path) -> None:
    channels = [{"name": "Mouth_Open", "high": 100, "weights": {"jawOpen": 100}}, {"name": "Ear"}]
    path = tmp_path / "rig.json"
    path.write_text(json.dumps({"nowface_rig": 1, "name": "mine", "source": "arkit_52", "channels": channels}))
    shaping = Shaping.from_options(bundle(), str(path), None)
    assert (shaping.shape, shaping.names, shaping.high) == ((2,), ("Mouth_Open", "Ear"), (100, 1))
    values = np.zeros(52)
    values[ARKIT_52.index("jawOpen")] = 0.5
    assert shaping.apply(frame(0, values)).values.tolist() == [50, 0]


@pytest.mark.parametrize("names", [("jawOpen",), ()])
def test_frames_that_an_option_does_not_fit(names: tuple[str, ...]) -> None:
    other = bundle(names, (5, 3))
    with pytest.raises(UsageError, match="no eyeBlinkLeft and eyeBlinkRight"):
        Shaping.from_options(other, None, 1)
    with pytest.raises(UsageError, match="not arkit_52"):
        Shaping.from_options(other, "vrm_1", None)


def test_an_unknown_rig() -> None:
    with pytest.raises(RigError, match="no_such_rig"):
        Shaping.from_options(bundle(), "no_such_rig", None)
