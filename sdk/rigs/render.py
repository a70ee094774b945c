"""Pictures of a face, drawn off screen by VTK through PyVista (extra ``render``).

On Linux it needs no display: VTK draws with EGL, which the Debian package libegl1 brings (with libgl1-mesa-dri it
works without a graphics card).
"""

from __future__ import annotations

import os
import sys
from ctypes.util import find_library
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.errors import MissingDependencyError, UsageError
from sdk.rigs.head import Floats, Head, Indices, vertex_normals
from sdk.rigs.paint import CAVITY, TONGUE, Colour, Image, Texture, eye_texture, skin_texture, teeth_texture
from sdk.rigs.subdivide import Subdivision, subdivision

if TYPE_CHECKING:
    import pyvista

CAMERA_DISTANCE, FIELD_OF_VIEW = 640.0, 29.0
"""Millimetres and degrees: about what a portrait lens sees."""

FOCUS = (0.0, -30.0, -60.0)
"""Where the camera looks: the middle of the head."""

MOUTH_BOX = (36.0, 30.0, 70.0)
"""Half the sides, in millimetres, of a box round the tongue that holds the inside of the mouth."""

BEHIND_LIPS = 8.0
"""Millimetres behind the edge of the lips at which the inside of the mouth begins."""

BACKGROUND = "#e9ebef"

LIGHTS = (
    ((-250.0, 260.0, 480.0), "#fff4ea", 0.68),
    ((420.0, 60.0, 380.0), "#dbe6ff", 0.42),
    ((-520.0, 40.0, 60.0), "#ffeee2", 0.18),
    ((520.0, 40.0, 60.0), "#eef2ff", 0.18),
    ((150.0, 300.0, -450.0), "#ffffff", 0.35),
    ((0.0, -350.0, 300.0), "#ffe9dd", 0.12),
)
"""Place in millimetres, colour and strength of the key, fill, two side, rim and bounce lights."""


def render(head: Head, face: ArrayLike | None = None, size: tuple[int, int] = (480, 600), turn: float = 0.0) -> Image:
    """One picture of a face.

    Args:
        head: the mesh.
        face: (52,) weights or (V, 3) vertices in millimetres; at rest if left out.
        size: width and height in pixels.
        turn: degrees by which the camera goes round the head, to the face's left.

    Returns:
        (height, width, 3) red, green, blue.

    Raises:
        MissingDependencyError: PyVista is not installed.
        UsageError: `face` or `size` cannot be drawn.
    """
    with FaceRenderer(head, size, turn) as renderer:
        return renderer.draw(face)


class FaceRenderer:
    """Draws many pictures of one face, each in a fraction of the time of `render`. Use it in a ``with`` block."""

    def __init__(
        self,
        head: Head,
        size: tuple[int, int] = (480, 600),
        turn: float = 0.0,
        *,
        samples: int = 4,
    ) -> None:
        """Set the scene up.

        Args:
            head, size, turn: as `render` takes them.
            samples: colours that are taken at the edge of a surface in each pixel: 4 is smooth, 1 is jagged and takes
                a third of the time where no graphics card draws.
        """
        if min(size) < 1:
            raise UsageError("size", f"{size[0]} x {size[1]} pixels", "give at least one pixel each way")
        pyvista = require_pyvista()
        self._head = head
        self._plotter = pyvista.Plotter(off_screen=True, window_size=list(size), lighting="none")
        self._plotter.set_background(BACKGROUND)
        self._drawn = [self._add(surface) for surface in surfaces(head)]
        for position, colour, intensity in LIGHTS:
            light = pyvista.Light(position=position, focal_point=FOCUS, color=colour, intensity=intensity)
            self._plotter.add_light(light)
        if samples > 1:
            self._plotter.enable_anti_aliasing("msaa", multi_samples=samples)
        else:
            self._plotter.disable_anti_aliasing()
        camera = self._plotter.camera
        around = np.deg2rad(turn)
        camera.position = tuple(np.array(FOCUS) + CAMERA_DISTANCE * np.array([np.sin(around), 0.04, np.cos(around)]))
        camera.focal_point, camera.up = FOCUS, (0.0, 1.0, 0.0)
        camera.view_angle = FIELD_OF_VIEW

    def _add(self, surface: Surface) -> Drawn:
        """Adds a surface at rest to the scene."""
        used, corners = np.unique(surface.triangles, return_inverse=True)
        finer = subdivision(corners.reshape(surface.triangles.shape).astype(np.int32), len(used))
        points, normals = finer.surface(self._head.vertices[used])
        mesh = require_pyvista().PolyData.from_regular_faces(points, finer.triangles)
        mesh.point_data.active_normals = normals
        look: dict[str, Any] = {"color": surface.colour}
        if surface.texture is not None:
            mesh.active_texture_coordinates = surface.texture.coordinates(points)
            look = {"texture": require_pyvista().Texture(surface.texture.pixels), "color": "white"}
        actor = self._plotter.add_mesh(mesh, **look, ambient=0.24, diffuse=0.85, specular=surface.gloss)
        actor.prop.specular_power = 30.0
        actor.prop.interpolation = "Phong"
        # All surfaces are closed, or seen from their front alone: what faces away need not be painted.
        actor.prop.culling = "back"
        return Drawn(used, finer, mesh)

    def draw(self, face: ArrayLike | None = None) -> Image:
        """One picture; arguments, result and errors are those of `render`."""
        vertices = posed(self._head, face)
        for surface in self._drawn:
            surface.move(vertices)
        self._plotter.render()
        picture: Image = np.asarray(self._plotter.screenshot(return_img=True))
        return picture

    def close(self) -> None:
        """Frees the scene; more than once does no harm."""
        self._plotter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, eq=False)
class Drawn:
    """A surface in the scene.

    Attributes:
        used: (n,) vertices of the head that it is made of.
        finer: its smooth form.
        mesh: what the plotter draws.
    """

    used: Indices
    finer: Subdivision
    mesh: pyvista.PolyData

    def move(self, vertices: Floats) -> None:
        """Move it to where (V, 3) vertices of the head are; the arrays that VTK draws from are written in place."""
        points, normals = self.finer.surface(vertices[self.used])
        np.copyto(self.mesh.points, points)
        np.copyto(self.mesh.point_data["Normals"], normals)
        self.mesh.GetPoints().Modified()
        self.mesh.GetPointData().GetNormals().Modified()


@dataclass(frozen=True)
class Surface:
    """Triangles that are drawn alike.

    Attributes:
        triangles: (n, 3) vertices of the head.
        colour: of all of it, if it has no texture.
        texture: laid on from the front at rest.
        gloss: share of light that is mirrored, 0 to 1.
    """

    triangles: Indices
    colour: Colour = (255, 255, 255)
    texture: Texture | None = None
    gloss: float = 0.1


def surfaces(head: Head) -> list[Surface]:
    """All surfaces of a head, with their looks."""
    skin = head.triangles[head.parts["skin"]]
    inside = in_mouth(head, skin)
    meeting = float(head.vertices[head.lip_pairs[0], 1].mean())
    eyes = head.triangles[head.parts["eyes"]]
    left = head.vertices[eyes[:, 0], 0] > 0
    return [
        Surface(skin[~inside], texture=skin_texture(meeting), gloss=0.12),
        Surface(skin[inside], CAVITY),
        *(Surface(eye, texture=eye_texture(centre_of(head, eye)), gloss=0.5) for eye in (eyes[left], eyes[~left])),
        Surface(head.triangles[head.parts["teeth"]], texture=teeth_texture(), gloss=0.2),
        Surface(head.triangles[head.parts["tongue"]], TONGUE, gloss=0.2),
    ]


def centre_of(head: Head, triangles: Indices) -> Floats:
    """(3,) mean of the vertices of `triangles` at rest."""
    middle: Floats = head.vertices[np.unique(triangles)].mean(axis=0)
    return middle


def in_mouth(head: Head, skin: Indices) -> NDArray[np.bool_]:
    """(n,) which triangles of the skin line the mouth: those near the tongue and behind the lips that look at it."""
    tongue = centre_of(head, head.triangles[head.parts["tongue"]])
    lips = head.vertices[head.lip_pairs[0]].mean(axis=0)
    normals = vertex_normals(head.vertices, head.triangles)
    middle = head.vertices[skin].mean(axis=1)
    towards = ((tongue - middle) * normals[skin].mean(axis=1)).sum(axis=1) > 0
    near = (np.abs(middle - tongue) < MOUTH_BOX).all(axis=1) & (middle[:, 2] < lips[2] - BEHIND_LIPS)
    inside: NDArray[np.bool_] = towards & near
    return inside


def posed(head: Head, face: ArrayLike | None) -> Floats:
    """`face` as vertices; what `render` takes."""
    if face is None:
        return head.vertices
    array = np.asarray(face, np.float32)
    if array.ndim == 1:
        return head.pose(array)
    if array.shape != head.vertices.shape:
        wanted = f"({len(head.channels)},) weights or {head.vertices.shape} vertices"
        raise UsageError("face", f"shape {array.shape}", f"give {wanted}")
    if not np.isfinite(array).all():
        raise UsageError("face", "a value is not finite", "remove NaN and infinity")
    return array


def require_pyvista() -> Any:
    """The pyvista module, told to look for no display where there is none."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        if find_library("EGL") is None:
            raise MissingDependencyError("libEGL", "is not installed", "apt-get install libegl1 libgl1-mesa-dri")
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    try:
        import pyvista
    except ImportError as error:
        raise MissingDependencyError("pyvista", "is not installed", "pip install 'nowface[render]'") from error
    return pyvista
