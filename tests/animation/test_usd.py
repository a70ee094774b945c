"""OpenUSD: its own validators find no fault, and UsdSkel moves the mesh as `Head.pose` does."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pxr import Usd, UsdGeom, UsdMedia, UsdShade, UsdSkel, UsdUtils, UsdValidation

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.head import default_head
from tests.animation.clips import NTSC, grid, head_layout, tone, vertex_layout, weights, write

FRAMES, FIRST = 30, 2
SUFFIXES = ("usda", "usdc", "usdz")


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    return weights(FRAMES, seed=1)


@pytest.fixture(scope="module", params=SUFFIXES)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clip: np.ndarray) -> Path:
    path = tmp_path_factory.mktemp("usd") / f"clip.{request.param}"
    return write(path, head_layout(sound=tone()), clip, first=FIRST)


def faults(path: Path) -> list[str]:
    """What all validators of this usd-core say."""
    context = UsdValidation.ValidationContext(UsdValidation.ValidationRegistry().GetOrLoadAllValidators())
    return [error.GetErrorAsString() for error in context.Validate(Usd.Stage.Open(str(path)))]


def skinned(path: Path, time: float) -> np.ndarray:
    """(V, 3) metres, as UsdSkel evaluates the file: blend shapes, then the skeleton."""
    stage = Usd.Stage.Open(str(path))
    root = UsdSkel.Root.Get(stage, "/Face")
    cache = UsdSkel.Cache()
    cache.Populate(root, Usd.PrimDefaultPredicate)
    (binding,) = cache.ComputeSkelBindings(root, Usd.PrimDefaultPredicate)
    (target,) = binding.GetSkinningTargets()
    skeleton = cache.GetSkelQuery(binding.GetSkeleton())
    moved = skeleton.GetAnimQuery().ComputeBlendShapeWeights(time)
    if (mapper := target.GetBlendShapeMapper()) is not None:
        moved = mapper.Remap(moved)
    shapes = UsdSkel.BlendShapeQuery(UsdSkel.BindingAPI(target.GetPrim()))
    points = UsdGeom.Mesh(target.GetPrim()).GetPointsAttr().Get()
    indices, offsets = shapes.ComputeBlendShapePointIndices(), shapes.ComputeSubShapePointOffsets()
    assert shapes.ComputeDeformedPoints(*shapes.ComputeSubShapeWeights(moved), indices, offsets, points)
    assert target.ComputeSkinnedPoints(skeleton.ComputeSkinningTransforms(time), points, time)
    return np.array(points)


def test_the_validators_find_no_fault(file: Path) -> None:
    assert faults(file) == []


def test_the_validators_can_find_one(tmp_path: Path, clip: np.ndarray) -> None:
    path = write(tmp_path / "a.usda", head_layout(), clip[:1])
    text = path.read_text()
    path.write_text(text.replace('prepend apiSchemas = ["SkelBindingAPI", "MaterialBindingAPI"]', ""))
    assert path.read_text() != text
    assert faults(path)


def test_usdskel_moves_the_mesh_as_the_head_does(file: Path, clip: np.ndarray) -> None:
    head = default_head()
    for frame in (0, 13, FRAMES - 1):
        assert np.abs(1000 * skinned(file, FIRST + frame) - head.pose(clip[frame])).max() < 1e-3


def test_weights_are_straight_lines_between_frames(file: Path, clip: np.ndarray) -> None:
    between = default_head().pose(0.75 * clip[3] + 0.25 * clip[4])
    assert np.abs(1000 * skinned(file, FIRST + 3.25) - between).max() < 1e-3


def test_the_stage_tells_units_and_times(file: Path) -> None:
    stage = Usd.Stage.Open(str(file))
    assert stage.GetDefaultPrim().GetPath() == "/Face"
    assert (UsdGeom.GetStageUpAxis(stage), UsdGeom.GetStageMetersPerUnit(stage)) == ("Y", 1)
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (FIRST, FIRST + FRAMES - 1)
    assert stage.GetTimeCodesPerSecond() == stage.GetFramesPerSecond() == float(NTSC.fraction)
    assert stage.GetRootLayer().customLayerData == {"frame_rate": "30000/1001"}
    animation = UsdSkel.Animation.Get(stage, "/Face/Skeleton/Animation")
    assert tuple(animation.GetBlendShapesAttr().Get()) == ARKIT_52
    assert animation.GetBlendShapeWeightsAttr().GetTimeSamples() == [*range(FIRST, FIRST + FRAMES)]


def test_the_surfaces_share_out_the_triangles(file: Path) -> None:
    stage = Usd.Stage.Open(str(file))
    mesh = UsdGeom.Mesh.Get(stage, "/Face/Mesh")
    subsets = UsdShade.MaterialBindingAPI(mesh).GetMaterialBindSubsets()
    assert [subset.GetPrim().GetName() for subset in subsets] == [
        "skin",
        "mouth",
        "eye_left",
        "eye_right",
        "teeth",
        "tongue",
    ]
    rows = np.concatenate([subset.GetIndicesAttr().Get() for subset in subsets])
    assert np.array_equal(np.sort(rows), np.arange(len(default_head().triangles)))


def test_the_sound_and_the_pictures_come_with_the_file(file: Path, tmp_path: Path) -> None:
    stage = Usd.Stage.Open(str(file))
    sound = UsdMedia.SpatialAudio.Get(stage, "/Face/Sound")
    assert (sound.GetAuralModeAttr().Get(), sound.GetPlaybackModeAttr().Get()) == ("nonSpatial", "onceFromStart")
    if file.suffix == ".usdz":
        assert [path.name for path in file.parent.iterdir()] == [file.name]
        with zipfile.ZipFile(file) as package:
            package.extractall(tmp_path)
        folder = tmp_path
    else:
        folder = file.parent
    heard, rate = soundfile.read(folder / "clip_files" / "sound.wav", dtype="float32")
    assert rate == 16_000
    assert np.abs(heard - tone().pcm).max() < 1 / 32_000
    layers, assets, unresolved = UsdUtils.ComputeAllDependencies(str(file))
    assert len(layers) == 1
    assert unresolved == []
    assert len(assets) == 5


def test_a_second_file_replaces_the_first(tmp_path: Path, clip: np.ndarray) -> None:
    write(tmp_path / "a.usdc", head_layout(sound=tone()), clip[:2])
    write(tmp_path / "a.usdc", head_layout(sound=tone(0.25)), clip[:1])
    assert Usd.Stage.Open(str(tmp_path / "a.usdc")).GetEndTimeCode() == 0
    assert soundfile.info(tmp_path / "a_files" / "sound.wav").frames == 4000


def test_a_clip_of_vertices(tmp_path: Path) -> None:
    face = grid()
    phase = np.linspace(0, 6, 25)[:, None, None]
    clip = (1000 * face.vertices + np.sin(phase) * np.array([0, 0.2, 0.5])).astype(np.float32)
    path = write(tmp_path / "a.usda", vertex_layout(face), clip)
    assert faults(path) == []
    assert np.abs(1000 * skinned(path, 11) - clip[11]).max() < 1e-3
