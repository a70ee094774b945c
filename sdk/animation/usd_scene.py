"""The face as OpenUSD: one mesh with blend shapes of UsdSkel, a material a surface, and the sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdk.animation.face import Face
from sdk.animation.layout import Sound
from sdk.animation.pictures import linear, png
from sdk.errors import MissingDependencyError
from sdk.rigs.head import Floats
from sdk.rigs.surfaces import Surface

try:
    from pxr import Gf, Kind, Sdf, Tf, Usd, UsdGeom, UsdMedia, UsdShade, UsdSkel, UsdUtils, Vt
except ImportError as error:
    raise MissingDependencyError("usd-core", "is not installed", "pip install 'nowface[animation]'") from error

__all__ = ["Sdf", "Usd", "UsdGeom", "UsdUtils", "Vt", "add_face", "add_sound"]

ROOT = "/Face"
JOINT = "head"
"""UsdSkel moves blend shapes by a skeleton; importers want one with a joint at least."""


def add_face(stage: Usd.Stage, face: Face, beside: Path) -> UsdSkel.Animation:
    """Puts the face at rest into a stage as its default prim.

    Args:
        stage: in metres, y up.
        face: the mesh; its names become blend shapes.
        beside: folder for the pictures, next to the layer.

    Returns:
        What moves it: `blendShapes` is set, the weights are left to the caller.
    """
    root = UsdSkel.Root.Define(stage, ROOT)
    stage.SetDefaultPrim(root.GetPrim())
    Usd.ModelAPI(root).SetKind(Kind.Tokens.component)
    skeleton, animation = add_skeleton(stage, face)
    mesh = add_mesh(stage, face)
    bind(mesh, skeleton, len(face.vertices))
    add_shapes(mesh, face)
    add_materials(mesh, face, beside)
    return animation


def add_skeleton(stage: Usd.Stage, face: Face) -> tuple[UsdSkel.Skeleton, UsdSkel.Animation]:
    """A skeleton of one joint that stays where it is, and the animation of it and of the shapes."""
    skeleton = UsdSkel.Skeleton.Define(stage, f"{ROOT}/Skeleton")
    skeleton.CreateJointsAttr([JOINT])
    still = Vt.Matrix4dArray([Gf.Matrix4d(1)])
    skeleton.CreateBindTransformsAttr(still)
    skeleton.CreateRestTransformsAttr(still)
    animation = UsdSkel.Animation.Define(stage, f"{ROOT}/Skeleton/Animation")
    animation.CreateJointsAttr([JOINT])
    animation.CreateTranslationsAttr([Gf.Vec3f(0)])
    animation.CreateRotationsAttr([Gf.Quatf(1)])
    animation.CreateScalesAttr([Gf.Vec3h(1)])
    animation.CreateBlendShapesAttr(list(face.names))
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    return skeleton, animation


def add_mesh(stage: Usd.Stage, face: Face) -> UsdGeom.Mesh:
    """Points, triangles, normals and texture coordinates."""
    mesh = UsdGeom.Mesh.Define(stage, f"{ROOT}/Mesh")
    triangles = face.triangles
    mesh.CreatePointsAttr(vectors(face.vertices))
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(triangles), 3, np.int32)))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(np.ascontiguousarray(triangles.ravel(), np.int32)))
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateNormalsAttr(vectors(face.normals[0]))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    mesh.CreateExtentAttr(UsdGeom.Mesh.ComputeExtent(mesh.GetPointsAttr().Get()))
    # A value for each corner: the surfaces that meet at a vertex see different pictures there.
    corners = np.concatenate([coordinates(face, surface) for surface in face.surfaces.values()])
    kind, each = Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.faceVarying
    UsdGeom.PrimvarsAPI(mesh).CreatePrimvar("st", kind, each).Set(Vt.Vec2fArray.FromNumpy(corners))
    return mesh


def coordinates(face: Face, surface: Surface) -> Floats:
    """(3 n, 2) texture coordinates, from the left and from the bottom, of the corners of a surface."""
    corners = surface.triangles.ravel()
    if surface.texture is None:
        return np.zeros((len(corners), 2), np.float32)
    return surface.texture.coordinates(face.vertices * np.float32(1000))[corners].astype(np.float32)


def bind(mesh: UsdGeom.Mesh, skeleton: UsdSkel.Skeleton, vertices: int) -> None:
    """Joins the mesh to the one joint, all of it with weight 1."""
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1))
    binding.CreateJointIndicesPrimvar(False, 1).Set(Vt.IntArray.FromNumpy(np.zeros(vertices, np.int32)))
    binding.CreateJointWeightsPrimvar(False, 1).Set(Vt.FloatArray.FromNumpy(np.ones(vertices, np.float32)))


def add_shapes(mesh: UsdGeom.Mesh, face: Face) -> None:
    """A blend shape for each name: the vertices that it moves, or whose normal it turns, and how far."""
    paths = []
    stage = mesh.GetPrim().GetStage()
    turns = face.normals[1]
    for number, name in enumerate(face.names):
        path = mesh.GetPath().AppendChild(Tf.MakeValidIdentifier(name))
        shape = UsdSkel.BlendShape.Define(stage, path)
        moved = np.flatnonzero(face.shapes[number].any(axis=1) | turns[number].any(axis=1))
        moved = moved if len(moved) else np.zeros(1, np.int64)  # a shape without any point is refused by some readers
        shape.CreateOffsetsAttr(vectors(face.shapes[number][moved]))
        shape.CreateNormalOffsetsAttr(vectors(turns[number][moved]))
        shape.CreatePointIndicesAttr(Vt.IntArray.FromNumpy(moved.astype(np.int32)))
        paths.append(path)
    binding = UsdSkel.BindingAPI(mesh)
    binding.CreateBlendShapesAttr(list(face.names))
    binding.CreateBlendShapeTargetsRel().SetTargets(paths)


def add_materials(mesh: UsdGeom.Mesh, face: Face, beside: Path) -> None:
    """A material for each surface, bound to the subset of its triangles."""
    stage = mesh.GetPrim().GetStage()
    UsdGeom.Scope.Define(stage, f"{ROOT}/Materials")
    first = 0
    for name, surface in face.surfaces.items():
        rows = np.arange(first, first + len(surface.triangles), dtype=np.int32)
        first += len(rows)
        binding = UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim())
        subset = binding.CreateMaterialBindSubset(name, Vt.IntArray.FromNumpy(rows))
        material = add_material(stage, name, surface, beside)
        UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(material)
    UsdGeom.Subset.SetFamilyType(mesh, UsdShade.Tokens.materialBind, UsdGeom.Tokens.partition)


def add_material(stage: Usd.Stage, name: str, surface: Surface, beside: Path) -> UsdShade.Material:
    """A preview surface; its picture goes into the folder `beside`."""
    kinds = Sdf.ValueTypeNames
    material = UsdShade.Material.Define(stage, f"{ROOT}/Materials/{name}")
    shader = add_shader(stage, material, "Surface", "UsdPreviewSurface")
    shader.CreateInput("roughness", kinds.Float).Set(round(1 - surface.gloss, 3))
    shader.CreateInput("metallic", kinds.Float).Set(0.0)
    colour = shader.CreateInput("diffuseColor", kinds.Color3f)
    material.CreateSurfaceOutput().ConnectToSource(shader.CreateOutput("surface", kinds.Token))
    if surface.texture is None:
        colour.Set(Gf.Vec3f(*linear(surface.colour)))
        return material
    beside.mkdir(exist_ok=True)
    (beside / f"{name}.png").write_bytes(png(surface.texture.pixels))
    reader = add_shader(stage, material, "Coordinates", "UsdPrimvarReader_float2")
    reader.CreateInput("varname", kinds.String).Set("st")
    picture = add_shader(stage, material, "Picture", "UsdUVTexture")
    picture.CreateInput("file", kinds.Asset).Set(Sdf.AssetPath(f"./{beside.name}/{name}.png"))
    picture.CreateInput("sourceColorSpace", kinds.Token).Set("sRGB")
    for axis in ("wrapS", "wrapT"):
        picture.CreateInput(axis, kinds.Token).Set("clamp")
    picture.CreateInput("st", kinds.Float2).ConnectToSource(reader.CreateOutput("result", kinds.Float2))
    colour.ConnectToSource(picture.CreateOutput("rgb", kinds.Float3))
    return material


def add_shader(stage: Usd.Stage, material: UsdShade.Material, name: str, kind: str) -> UsdShade.Shader:
    """A shader node of a material."""
    shader = UsdShade.Shader.Define(stage, material.GetPath().AppendChild(name))
    shader.CreateIdAttr(kind)
    return shader


def add_sound(stage: Usd.Stage, sound: Sound, beside: Path) -> None:
    """The sound, heard everywhere alike from time code 0 to its end; its file goes into the folder `beside`."""
    beside.mkdir(exist_ok=True)
    (beside / "sound.wav").write_bytes(sound.wav())
    prim = UsdMedia.SpatialAudio.Define(stage, f"{ROOT}/Sound")
    prim.CreateFilePathAttr(Sdf.AssetPath(f"./{beside.name}/sound.wav"))
    prim.CreateAuralModeAttr(UsdMedia.Tokens.nonSpatial)
    prim.CreatePlaybackModeAttr(UsdMedia.Tokens.onceFromStart)


def vectors(rows: Floats) -> Vt.Vec3fArray:
    """(n, 3) numbers as an array of USD."""
    return Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(rows, np.float32))
