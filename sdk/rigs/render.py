"""Pictures of a face, drawn off screen (extra ``render``)."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from sdk.errors import UsageError
from sdk.rigs.head import Floats, Head, Indices
from sdk.rigs.paint import Image
from sdk.rigs.scene import Lamp, Mesh, Scene
from sdk.rigs.subdivide import Subdivision, subdivision
from sdk.rigs.surfaces import Surface, surfaces

CAMERA_DISTANCE, FIELD_OF_VIEW = 640.0, 29.0
"""Millimetres and degrees: about what a portrait lens sees."""

REACH = 300.0
"""Millimetres in front of and behind the middle of the head that are seen. A head reaches 200."""

FOCUS = (0.0, -30.0, -60.0)
"""Where the camera looks: the middle of the head."""

BACKGROUND = (233, 235, 239)

DENSE = 10_000
"""Points of a surface from which on it is lit at them. That is the skin; highlights of the eyes need each pixel."""

LAMPS = (
    Lamp((-250.0, 260.0, 480.0), (255, 244, 234), 0.68),
    Lamp((420.0, 60.0, 380.0), (219, 230, 255), 0.42),
    Lamp((-520.0, 40.0, 60.0), (255, 238, 226), 0.18),
    Lamp((520.0, 40.0, 60.0), (238, 242, 255), 0.18),
    Lamp((150.0, 300.0, -450.0), (255, 255, 255), 0.35),
    Lamp((0.0, -350.0, 300.0), (255, 233, 221), 0.12),
)
"""Key, fill, two side, rim and bounce light."""


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
        MissingDependencyError: VTK or EGL is not installed.
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
        self._head = head
        self._scene = Scene(size, BACKGROUND, LAMPS, FOCUS, samples)
        self._drawn = [self._add(surface) for surface in surfaces(head)]
        self._rendered = False
        around = np.deg2rad(turn)
        away = CAMERA_DISTANCE * np.array([np.sin(around), 0.04, np.cos(around)])
        self._scene.look(FOCUS + away, FIELD_OF_VIEW, (CAMERA_DISTANCE - REACH, CAMERA_DISTANCE + REACH))

    def _add(self, surface: Surface) -> Drawn:
        """Adds a surface at rest to the scene."""
        used, corners = np.unique(surface.triangles, return_inverse=True)
        finer = subdivision(corners.reshape(surface.triangles.shape).astype(np.int32), len(used))
        points, normals = finer.surface(self._head.vertices[used])
        texture = surface.texture
        mesh = self._scene.add(
            points,
            normals,
            finer.triangles,
            colour=surface.colour,
            gloss=surface.gloss,
            texture=(texture.pixels, texture.coordinates(points)) if texture else None,
            lit_at_points=len(points) >= DENSE,
        )
        return Drawn(used, finer, mesh, self._head.vertices[used])

    def draw(self, face: ArrayLike | None = None) -> Image:
        """One picture; arguments, result and errors are those of `render`."""
        vertices = posed(self._head, face)
        if any([surface.move(vertices) for surface in self._drawn]) or not self._rendered:  # noqa: C419 - all have to move
            self._scene.draw()
            self._rendered = True
        return self._scene.pixels()

    def close(self) -> None:
        """Frees the scene; more than once does no harm."""
        self._scene.close()

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
        mesh: what the scene draws.
        placed: (n, 3) where the vertices in `used` are now.
    """

    used: Indices
    finer: Subdivision
    mesh: Mesh
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
        np.copyto(self.mesh.normals, normals)
        self.mesh.changed()
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
