"""Unity: an AnimationClip as text, with a curve a blend shape.

Unity documents the form (manual, "Format of text serialized files" and "UnityYAML"), the class numbers ("YAML class ID
reference": 74 is AnimationClip, 137 SkinnedMeshRenderer) and how a clip names what it moves ("Fix broken animation
field paths with YAML"). There is no public list of an AnimationClip's fields; those below are the ones that clips saved
by Unity hold since 2019, with the values of a new clip. What Unity derives from the curves is left to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from sdk.animation.layout import AddFrame, Layout
from sdk.animation.motion import recorded
from sdk.errors import UsageError

PERCENT = 100
"""Unity's weights of blend shapes go from 0 to 100."""

LINEAR = 69
"""Tangent mode of a key: 1 for a break, 2 << 1 and 2 << 5 for straight lines to its left and right."""

START = """%YAML 1.1
%TAG !u! tag:unity3d.com,2011:
--- !u!74 &7400000
AnimationClip:
  m_ObjectHideFlags: 0
  m_CorrespondingSourceObject: {fileID: 0}
  m_PrefabInstance: {fileID: 0}
  m_PrefabAsset: {fileID: 0}
"""

AFTER_NAME = """  serializedVersion: 6
  m_Legacy: 0
  m_Compressed: 0
  m_UseHighQualityCurve: 1
  m_RotationCurves: []
  m_CompressedRotationCurves: []
  m_EulerCurves: []
  m_PositionCurves: []
  m_ScaleCurves: []
"""

SETTINGS = """    m_OrientationOffsetY: 0
    m_Level: 0
    m_CycleOffset: 0
    m_HasAdditiveReferencePose: 0
    m_LoopTime: 0
    m_LoopBlend: 0
    m_LoopBlendOrientation: 0
    m_LoopBlendPositionY: 0
    m_LoopBlendPositionXZ: 0
    m_KeepOriginalOrientation: 0
    m_KeepOriginalPositionY: 1
    m_KeepOriginalPositionXZ: 0
    m_HeightFromFeet: 0
    m_Mirror: 0
"""


@contextmanager
def unity_anim_file(path: Path, layout: Layout) -> Iterator[AddFrame]:
    """Writes a ``.anim``: straight lines between frames, weights times 100.

    A channel whose greatest value is above 1 is one of a rig made for Unity: its weights stay as they are.

    Raises:
        UsageError: the frames are vertices, which Unity's clips cannot move.
    """
    if not layout.names:
        raise UsageError(path, "a Unity clip moves blend shapes, and these frames are vertices", "write .glb or .npz")
    with recorded(path, layout) as recorder:
        yield recorder.add
        times = np.array([layout.time(int(index)) for index in recorder.index()])
        scale = [1 if high > 1 else PERCENT for high in layout.high or [1.0] * len(layout.names)]
        weights = recorder.values().astype(np.float64) * scale
        with path.open("w", encoding="utf-8", newline="\n") as file:
            write_clip(file, layout, times, weights)


def write_clip(file: TextIO, layout: Layout, times: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
    """Writes the clip of (T,) seconds and (T, channels) weights from 0 to 100."""
    file.write(f"{START}  m_Name: {quoted(layout.title)}\n{AFTER_NAME}")
    # Unity plays the first list; its editor shows the second, and saves the first from it.
    write_curves(file, "m_FloatCurves", layout, times, weights)
    file.write(f"  m_PPtrCurves: []\n  m_SampleRate: {number(float(layout.frame_rate.fraction))}\n  m_WrapMode: 0\n")
    file.write("  m_Bounds:\n    m_Center: {x: 0, y: 0, z: 0}\n    m_Extent: {x: 0, y: 0, z: 0}\n")
    file.write("  m_ClipBindingConstant:\n    genericBindings: []\n    pptrCurveMapping: []\n")
    file.write("  m_AnimationClipSettings:\n    serializedVersion: 2\n    m_AdditiveReferencePoseClip: {fileID: 0}\n")
    file.write("    m_AdditiveReferencePoseTime: 0\n    m_StartTime: 0\n")
    file.write(f"    m_StopTime: {number(times[-1])}\n{SETTINGS}")
    write_curves(file, "m_EditorCurves", layout, times, weights)
    file.write(
        "  m_EulerEditorCurves: []\n  m_HasGenericRootTransform: 0\n  m_HasMotionFloatCurves: 0\n  m_Events: []\n"
    )


def write_curves(
    file: TextIO, name: str, layout: Layout, times: NDArray[np.float64], weights: NDArray[np.float64]
) -> None:
    """Writes a curve for each channel that is not 0 all the time: a clip leaves the others to the rest of the app."""
    file.write(f"  {name}:{'' if weights.any() else ' []'}\n")
    slopes = np.diff(weights, axis=0) / np.diff(times)[:, None]
    still = np.zeros((1, weights.shape[1]))
    before, after = np.concatenate([still, slopes]), np.concatenate([slopes, still])
    for column in np.flatnonzero(weights.any(axis=0)):
        file.write("  - curve:\n      serializedVersion: 2\n      m_Curve:\n")
        for row, time in enumerate(times):
            file.write(
                f"      - serializedVersion: 3\n        time: {number(time)}\n"
                f"        value: {number(weights[row, column])}\n"
                f"        inSlope: {number(before[row, column])}\n"
                f"        outSlope: {number(after[row, column])}\n"
                f"        tangentMode: {LINEAR}\n        weightedMode: 0\n"
                "        inWeight: 0.33333334\n        outWeight: 0.33333334\n"
            )
        file.write("      m_PreInfinity: 2\n      m_PostInfinity: 2\n      m_RotationOrder: 4\n")
        file.write(
            f"    attribute: {quoted(f'blendShape.{layout.names[column]}')}\n    path: {quoted(layout.unity_path)}\n"
        )
        file.write("    classID: 137\n    script: {fileID: 0}\n")


def number(value: float) -> str:
    """A number as Unity's float32 needs it."""
    return f"{value:.9g}"


def quoted(text: str) -> str:
    """Text as a YAML scalar: as it is where every reader takes it for text, else in double quotes with escapes."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./]*", text) is not None
    words = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
    if not text or (plain and text.lower() not in words):
        return text
    # JSON's escapes are YAML's too, but for characters beyond 16 bits, which JSON writes as two.
    return '"' + "".join(f"\\U{ord(c):08X}" if ord(c) > 0xFFFF else json.dumps(c)[1:-1] for c in text) + '"'
