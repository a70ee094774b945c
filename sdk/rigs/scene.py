"""A lit scene that VTK draws off screen (extra ``render``).

On Linux it needs no display: VTK draws with EGL, which the Debian package libegl1 brings (with libgl1-mesa-dri it
works without a graphics card). VTK's modules are imported one by one: a third of a second, where all of them, or the
plotting library above them, take one and a half.
"""

from __future__ import annotations

import os
import sys
from ctypes.util import find_library
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.errors import MissingDependencyError
from sdk.rigs.head import Floats, Indices
from sdk.rigs.paint import Colour, Image
from sdk.rigs.regions import Doubles
from sdk.rigs.vertex_light import light_at_points

AMBIENT, DIFFUSE, SHARPNESS = 0.24, 0.85, 30.0
"""Shares of light from everywhere and from the lamps, and the power of highlights, alike for all surfaces."""


@dataclass(frozen=True)
class Lamp:
    """A light that shines in parallel rays.

    Attributes:
        position: in millimetres; only the direction from there to the scene's focus counts.
        colour: of it.
        strength: 0 to 1.
    """

    position: tuple[float, float, float]
    colour: Colour
    strength: float


@dataclass(frozen=True, eq=False)
class Mesh:
    """What VTK draws from: arrays to be written in place, after which `changed` is called.

    Attributes:
        points: (n, 3) millimetres.
        normals: (n, 3) of length 1.
    """

    points: Floats
    normals: Floats
    data: Any

    def changed(self) -> None:
        """Tell VTK that points and normals are others now."""
        self.data.GetPoints().Modified()
        self.data.GetPointData().GetNormals().Modified()


class Scene:
    """A window that nobody sees, lamps and a camera.

    Args:
        size: width and height in pixels.
        background: colour.
        lamps: what lights it.
        focus: where lamps and camera look, in millimetres.
        samples: colours that are taken at the edge of a surface in each pixel; 1 is jagged.

    Raises:
        MissingDependencyError: VTK or EGL is not installed.
    """

    def __init__(
        self,
        size: tuple[int, int],
        background: Colour,
        lamps: tuple[Lamp, ...],
        focus: tuple[float, float, float],
        samples: int,
    ) -> None:
        core = require_vtk()
        self._size, self._lamps, self._focus = size, lamps, focus
        self._renderer = core.vtkRenderer()
        self._renderer.SetBackground(*shares(background))
        self._renderer.AutomaticLightCreationOff()
        for lamp in lamps:
            light = core.vtkLight()
            light.SetLightTypeToSceneLight()
            light.SetPosition(*lamp.position)
            light.SetFocalPoint(*focus)
            light.SetColor(*shares(lamp.colour))
            light.SetIntensity(lamp.strength)
            self._renderer.AddLight(light)
        # Or VTK would measure all points for each picture, to find out which surfaces are seen.
        self._renderer.GetCullers().RemoveAllItems()
        self._window: Any = core.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(samples if samples > 1 else 0)
        self._window.SetSize(*size)
        self._window.AddRenderer(self._renderer)

    def look(self, place: Doubles, view_angle: float, seen: tuple[float, float]) -> None:
        """Put the camera at `place` (3,) in millimetres.

        Args:
            place: of it, upright and looking at the focus.
            view_angle: degrees from top to bottom.
            seen: millimetres from the camera between which things are seen.
        """
        camera = self._renderer.GetActiveCamera()
        camera.SetPosition(*place.tolist())
        camera.SetFocalPoint(*self._focus)
        camera.SetViewUp(0.0, 1.0, 0.0)
        camera.SetViewAngle(view_angle)
        camera.SetClippingRange(*seen)

    def add(
        self,
        points: Floats,
        normals: Floats,
        triangles: Indices,
        *,
        colour: Colour,
        gloss: float,
        texture: tuple[Image, Doubles] | None,
        lit_at_points: bool,
    ) -> Mesh:
        """Add a surface that is closed or seen from its front alone: what faces away is not painted.

        Args:
            points: (n, 3) in millimetres.
            normals: (n, 3).
            triangles: (m, 3) of points.
            colour: of all of it, if it has no texture.
            gloss: share of light that is mirrored, 0 to 1.
            texture: picture and (n, 2) places in it from its lower left corner, 0 to 1.
            lit_at_points: see `sdk.rigs.vertex_light`.
        """
        from vtkmodules.vtkCommonCore import vtkPoints
        from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

        core = require_vtk()
        mesh = Mesh(np.array(points, np.float32), np.array(normals, np.float32), vtkPolyData())
        corners, cells = vtkPoints(), vtkCellArray()
        corners.SetData(as_vtk(mesh.points))
        cells.SetData(3, as_vtk(np.array(triangles, np.int64).reshape(-1)))
        mesh.data.SetPoints(corners)
        mesh.data.SetPolys(cells)
        mesh.data.GetPointData().SetNormals(as_vtk(mesh.normals))
        mapper, actor = core.vtkPolyDataMapper(), core.vtkActor()
        mapper.SetInputData(mesh.data)
        actor.SetMapper(mapper)
        if texture is not None:
            picture, places = texture
            mesh.data.GetPointData().SetTCoords(as_vtk(np.array(places, np.float32)))
            actor.SetTexture(painted(picture))
        look = actor.GetProperty()
        look.SetColor(*shares(colour if texture is None else (255, 255, 255)))
        look.SetAmbient(AMBIENT)
        look.SetDiffuse(DIFFUSE)
        look.SetSpecular(gloss)
        look.SetSpecularPower(SHARPNESS)
        look.SetInterpolationToPhong()
        look.BackfaceCullingOn()
        actor.UseBoundsOff()
        if lit_at_points:
            light_at_points(actor, len(self._lamps))
        self._renderer.AddActor(actor)
        return mesh

    def draw(self) -> None:
        """Draw all that was added."""
        self._window.Render()

    def pixels(self) -> Image:
        """What is drawn, (height, width, 3) red, green, blue."""
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

        width, height = self._size
        fetched = vtkUnsignedCharArray()
        self._window.GetPixelData(0, 0, width - 1, height - 1, 0, fetched, 0)
        rows: Image = vtk_to_numpy(fetched).reshape(height, width, 3)  # type: ignore[no-untyped-call]
        return rows[::-1]  # VTK begins at the bottom

    def close(self) -> None:
        """Free the window; more than once does no harm."""
        self._window.Finalize()


def shares(colour: Colour) -> tuple[float, ...]:
    """A colour as VTK takes it, 0 to 1."""
    return tuple(part / 255 for part in colour)


def painted(picture: Image) -> Any:
    """A picture (height, width, 3) as a texture, smooth between its pixels."""
    from vtkmodules.vtkCommonDataModel import vtkImageData

    image = vtkImageData()
    image.SetDimensions(picture.shape[1], picture.shape[0], 1)
    image.GetPointData().SetScalars(as_vtk(np.array(picture[::-1]).reshape(-1, 3)))
    texture = require_vtk().vtkTexture()
    texture.SetInputData(image)
    texture.InterpolateOn()
    return texture


def as_vtk(array: NDArray[Any]) -> Any:
    """VTK's view of an array, which lives as long as the view does."""
    from vtkmodules.util.numpy_support import numpy_to_vtk

    return numpy_to_vtk(array)  # type: ignore[no-untyped-call]


def require_vtk() -> Any:
    """VTK's module of scenes, told to look for no display where there is none.

    Raises:
        MissingDependencyError: VTK or EGL is not installed.
    """
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        if find_library("EGL") is None:
            raise MissingDependencyError("libEGL", "is not installed", "apt-get install libegl1 libgl1-mesa-dri")
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    try:
        import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - what draws, which the module of scenes looks up
        from vtkmodules import vtkRenderingCore
    except ImportError as error:
        raise MissingDependencyError("vtk", "is not installed", "pip install 'nowface[render]'") from error
    return vtkRenderingCore
