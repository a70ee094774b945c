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
from numpy.typing import ArrayLike

from sdk.errors import MissingDependencyError, UsageError
from sdk.rigs.head import Floats, Head, Indices
from sdk.rigs.paint import Image
from sdk.rigs.subdivide import Subdivision, subdivision
from sdk.rigs.surfaces import Surface, surfaces
from sdk.rigs.vertex_light import light_at_points

if TYPE_CHECKING:
    import pyvista

CAMERA_DISTANCE, FIELD_OF_VIEW = 640.0, 29.0
"""Millimetres and degrees: about what a portrait lens sees."""

REACH = 300.0
"""Millimetres in front of and behind the middle of the head that are seen. A head reaches 200."""

FOCUS = (0.0, -30.0, -60.0)
"""Where the camera looks: the middle of the head."""

BACKGROUND = "#e9ebef"

DENSE = 10_000
"""Points of a surface from which on it is lit at them. That is the skin; highlights of the eyes need each pixel."""

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
        self._rendered = False
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
        # Or VTK would measure all points for each picture, to find out how near and far they are and which are seen.
        camera.clipping_range = CAMERA_DISTANCE - REACH, CAMERA_DISTANCE + REACH
        self._plotter.renderer.GetCullers().RemoveAllItems()

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
        actor.UseBoundsOff()
        if len(points) >= DENSE:
            light_at_points(actor, len(LIGHTS))
        return Drawn(used, finer, mesh, self._head.vertices[used])

    def draw(self, face: ArrayLike | None = None) -> Image:
        """One picture; arguments, result and errors are those of `render`."""
        vertices = posed(self._head, face)
        if any([surface.move(vertices) for surface in self._drawn]) or not self._rendered:  # noqa: C419 - all have to move
            self._plotter.render_window.Render()
            self._rendered = True
        return self._pixels()

    def _pixels(self) -> Image:
        """What is drawn. PyVista's `screenshot` gives the same after copying it once more."""
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

        width, height = self._plotter.window_size
        pixels = vtkUnsignedCharArray()
        self._plotter.render_window.GetPixelData(0, 0, width - 1, height - 1, 0, pixels, 0)
        rows: Image = require_pyvista().convert_array(pixels).reshape(height, width, 3)
        return rows[::-1]  # VTK begins at the bottom

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
        placed: (n, 3) where the vertices in `used` are now.
    """

    used: Indices
    finer: Subdivision
    mesh: pyvista.PolyData
    placed: Floats

    def move(self, vertices: Floats) -> bool:
        """Move it to where (V, 3) vertices of the head are; whether that is another place than before.

        The arrays that VTK draws from are written in place. A surface that stays is not sent to it again.
        """
        if np.array_equal(wanted := vertices[self.used], self.placed):
            return False
        np.copyto(self.placed, wanted)
        points, normals = self.finer.surface(wanted)
        np.copyto(self.mesh.points, points)
        np.copyto(self.mesh.point_data["Normals"], normals)
        self.mesh.GetPoints().Modified()
        self.mesh.GetPointData().GetNormals().Modified()
        return True


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
