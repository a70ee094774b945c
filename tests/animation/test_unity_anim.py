"""Unity clips, read by PyYAML and evaluated as Unity evaluates keys: a cubic Hermite curve between two of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.errors import UsageError
from tests.animation.clips import NTSC, channels, grid, vertex_layout, write


def clip_of(path: Path) -> dict[str, Any]:
    """The one object of a file, after checks of its first lines, which are Unity's own and no plain YAML."""
    lines = path.read_text(encoding="utf-8").split("\n", 3)
    assert lines[:3] == ["%YAML 1.1", "%TAG !u! tag:unity3d.com,2011:", "--- !u!74 &7400000"]
    document: dict[str, Any] = yaml.safe_load(lines[3])
    assert list(document) == ["AnimationClip"]
    return document["AnimationClip"]


def evaluated(keys: list[dict[str, float]], time: float) -> float:
    """The value of a curve without weights at a time between its first and last key."""
    right = next(number for number, key in enumerate(keys) if key["time"] >= time and number)
    a, b = keys[right - 1], keys[right]
    length = b["time"] - a["time"]
    s = (time - a["time"]) / length
    return (
        (2 * s**3 - 3 * s**2 + 1) * a["value"]
        + (s**3 - 2 * s**2 + s) * length * a["outSlope"]
        + (3 * s**2 - 2 * s**3) * b["value"]
        + (s**3 - s**2) * length * b["inSlope"]
    )


def test_curves(tmp_path: Path) -> None:
    values = np.array([[0, 0.5, 0], [0.25, 0.5, 0], [1, 0, 0]], np.float32)
    layout = channels(["jawOpen", "Mouth Smile", "still"], unity_path="Body/Head mesh")
    clip = clip_of(write(tmp_path / "a.anim", layout, values))
    assert (clip["m_Name"], clip["m_Legacy"], clip["m_SampleRate"]) == ("clip", 0, pytest.approx(float(NTSC.fraction)))
    assert clip["m_AnimationClipSettings"]["m_StopTime"] == pytest.approx(2 / float(NTSC.fraction))
    assert clip["m_FloatCurves"] == clip["m_EditorCurves"]
    assert [curve["attribute"] for curve in clip["m_FloatCurves"]] == ["blendShape.jawOpen", "blendShape.Mouth Smile"]
    for column, curve in enumerate(clip["m_FloatCurves"]):
        assert (curve["path"], curve["classID"], curve["script"]) == ("Body/Head mesh", 137, {"fileID": 0})
        keys = curve["curve"]["m_Curve"]
        assert [key["value"] for key in keys] == pytest.approx(100 * values[:, column])
        for time in np.linspace(0, keys[-1]["time"], 23):
            line = np.interp(time, np.arange(3) / float(NTSC.fraction), 100 * values[:, column])
            assert evaluated(keys, time) == pytest.approx(line, abs=1e-4)


def test_channels_of_a_rig_made_for_unity_stay_as_they_are(tmp_path: Path) -> None:
    layout = channels(["jawOpen", "Mouth_Open"], high=(1.0, 100.0))
    clip = clip_of(write(tmp_path / "a.anim", layout, np.array([[0.5, 50]], np.float32)))
    assert [curve["curve"]["m_Curve"][0]["value"] for curve in clip["m_FloatCurves"]] == [50, 50]


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20))
@settings(deadline=None, max_examples=25)
def test_weights_come_back(tmp_path_factory: pytest.TempPathFactory, column: list[float]) -> None:
    values = np.array(column, np.float32)[:, None]
    clip = clip_of(write(tmp_path_factory.mktemp("anim") / "a.anim", channels(["x"]), values))
    curves = clip["m_FloatCurves"]
    assert bool(curves) == bool(values.any())
    for curve in curves:
        read = [key["value"] for key in curve["curve"]["m_Curve"]]
        assert np.abs(np.array(read) - 100 * values[:, 0]).max() < 1e-5


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12))
@settings(deadline=None, max_examples=60)
def test_any_name_comes_back(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    layout = channels([name], title=name, unity_path=name)
    clip = clip_of(write(tmp_path_factory.mktemp("anim") / "a.anim", layout, np.ones((1, 1), np.float32)))
    assert clip["m_Name"] == name
    assert clip["m_FloatCurves"][0]["attribute"] == f"blendShape.{name}"
    assert clip["m_FloatCurves"][0]["path"] == name


def test_no_path_is_the_animators_own_object(tmp_path: Path) -> None:
    clip = clip_of(write(tmp_path / "a.anim", channels(["x"]), np.ones((2, 1), np.float32)))
    assert clip["m_FloatCurves"][0]["path"] is None


def test_vertices_are_refused(tmp_path: Path) -> None:
    face = grid()
    with pytest.raises(UsageError, match="moves blend shapes"):
        write(tmp_path / "a.anim", vertex_layout(face), 1000 * face.vertices[None])
    assert not list(tmp_path.iterdir())
