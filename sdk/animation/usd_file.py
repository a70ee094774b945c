"""OpenUSD: ``.usda`` (text) or ``.usdc`` (binary) beside a folder of pictures and sound, or ``.usdz`` with all of it.

Metres, y up; a time code is a frame, so that the frame rate is exact: ``timeCodesPerSecond`` is a double.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sdk import __version__
from sdk.animation.layout import AddFrame, Layout
from sdk.animation.motion import Motion, recorded
from sdk.animation.usd_scene import Sdf, Usd, UsdGeom, UsdUtils, Vt, add_face, add_sound


@contextmanager
def usd_file(path: Path, layout: Layout) -> Iterator[AddFrame]:
    """Writes the kind of USD that the suffix of `path` names.

    What a ``.usda`` or ``.usdc`` refers to lies in a folder beside it, ``NAME_files``.

    Raises:
        UsageError: the face has no shape of a channel's name.
    """
    with recorded(path, layout) as recorder:
        yield recorder.add
        motion = recorder.motion()
        beside = path.with_name(f"{path.stem}_files")
        if path.suffix.lower() != ".usdz":
            write_stage(path, motion, layout, beside)
            return
        layer = path.with_name("face.usdc")
        write_stage(layer, motion, layout, beside)
        if not UsdUtils.CreateNewUsdzPackage(Sdf.AssetPath(str(layer)), str(path)):
            raise OSError(5, "the package could not be made", str(path))
        for file in beside.iterdir():
            file.unlink()
        beside.rmdir()


def write_stage(path: Path, motion: Motion, layout: Layout, beside: Path) -> None:
    """Writes one layer, and what it refers to into the folder `beside`."""
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    rate = float(layout.frame_rate.fraction)
    stage.SetTimeCodesPerSecond(rate)
    stage.SetFramesPerSecond(rate)
    first, last = float(motion.index[0]), float(motion.index[-1])
    stage.SetStartTimeCode(first)
    stage.SetEndTimeCode(last)
    stage.GetRootLayer().documentation = f"{layout.title}, nowface {__version__}"
    stage.GetRootLayer().customLayerData = {"frame_rate": str(layout.frame_rate)}
    animation = add_face(stage, motion.face, beside)
    weights = animation.CreateBlendShapeWeightsAttr()
    for index, row in zip(motion.index.tolist(), motion.weights, strict=True):
        weights.Set(Vt.FloatArray.FromNumpy(row), float(index))
    if layout.sound is not None:
        add_sound(stage, layout.sound, beside)
    stage.Save()
