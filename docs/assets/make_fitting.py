"""Draw landmarks.png and transfer.png for docs/fitting.md. Run: ``python -m docs.assets.make_fitting``."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial.transform import Rotation

from sdk.rigs.shape_set import ShapeSet, default_shapes
from sdk.rigs.transfer import Correspondence, Mesh, carry_shapes, fit_topology
from tests.rigs.transfer.other_topology import SIZES, OtherHead, other_head

HERE = Path(__file__).parent
LIGHT = np.array([-0.35, 0.45, 0.82])
SKIN = np.array([0.93, 0.80, 0.72])
FRONT = ("crown", "foreheadMiddle", "cheekLeft", "jawMiddleLeft", "chinBottom")
EYE = ("noseBridge", "browInnerLeft", "browMiddleLeft", "browOuterLeft", "eyeInnerLeft", "eyeOuterLeft")
EYE += ("eyelidUpperLeft", "eyelidLowerLeft", "templeLeft")
MOUTH = ("noseTip", "noseWingLeft", "noseBase", "lipUpperPeakLeft", "lipUpperMiddle", "lipUpperInner", "lipLowerInner")
MOUTH += ("lipLowerMiddle", "mouthCornerLeft", "chinCrease", "chin")
SIDE = ("crown", "backOfHead", "foreheadMiddle", "templeLeft", "noseTip", "cheekLeft", "jawMiddleLeft", "jawCornerLeft")
SIDE += ("earTopLeft", "earLobeLeft", "earFrontLeft", "chinBottom")
BELOW = ("lipLowerInner", "eyelidLowerLeft", "eyeInnerLeft", "lipUpperMiddle", "templeLeft")
POSES: dict[str, dict[str, float]] = {
    "at rest": {},
    "jawOpen": {"jawOpen": 0.7},
    "mouthSmile": {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9},
    "mouthPucker": {"mouthPucker": 1.0},
}


def draw(
    axes: Axes, vertices: NDArray[np.floating], triangles: NDArray[np.integer], turn: float
) -> NDArray[np.float64]:
    """A shaded face seen from `turn` degrees to its left; returns the (V, 3) vertices as they are seen."""
    seen = vertices @ Rotation.from_euler("y", -turn, degrees=True).as_matrix().T
    corners = seen[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    front = np.flatnonzero(normals[:, 2] > 0)
    order = front[np.argsort(corners[front].mean(axis=1)[:, 2])]
    shade = 0.35 + 0.65 * np.clip(normals[order] @ LIGHT, 0, 1)
    colours = shade[:, None] * SKIN
    faces = corners[order][..., :2]
    axes.add_collection(PolyCollection(list(faces), facecolors=colours, edgecolors=colours, linewidths=0.3))
    axes.set_aspect("equal")
    axes.axis("off")
    return seen


def landmarks(rig: ShapeSet) -> Figure:
    """The landmarks of the middle and of the left half: from the front, the mouth alone, and from the face's left."""
    figure = Figure(figsize=(13.5, 6.2), layout="constrained")
    panels = figure.subplot_mosaic([["front", "eye", "side"], ["front", "mouth", "side"]], width_ratios=(190, 115, 250))
    views = {
        "front": (0, (-95, 95), (-128, 128), FRONT),
        "eye": (0, (-6, 72), (-14, 36), EYE),
        "mouth": (0, (-24, 58), (-107, -28), MOUTH),
        "side": (90, (-75, 175), (-128, 128), SIDE),
    }
    for panel, (turn, across, up, names) in views.items():
        axes = panels[panel]
        seen = draw(axes, rig.vertices, rig.triangles, turn)
        axes.set_xlim(across)
        axes.set_ylim(up)
        for name in names:
            x, y, _ = seen[rig.landmarks[name]]
            axes.plot(x, y, "o", color="#d00000", markersize=4, markeredgecolor="white", markeredgewidth=0.6)
            place = (5, -9) if name in BELOW else (5, 2)
            axes.annotate(name, (x, y), place, textcoords="offset points", fontsize=8.5, color="#00106b")
    return figure


def transfer(rig: ShapeSet, head: OtherHead) -> Figure:
    """The rig and the other head under the same weights: the shapes it truly has, and those carried over."""
    names = list(rig.landmarks)
    whole = np.tile([1.0, 0, 0], (len(names), 1))
    pairs = Correspondence(
        np.array([head.landmarks[name] for name in names]),
        np.repeat(np.array([rig.landmarks[name] for name in names])[:, None], 3, axis=1),
        whole,
        np.ones(len(names)),
    )
    mesh = Mesh(head.vertices, head.triangles)
    carried = carry_shapes(mesh, rig, fit_topology(mesh, rig, pairs))
    figure = Figure(figsize=(11, 9.6), layout="constrained")
    grid = figure.subplots(3, len(POSES))
    for column, (title, weights) in enumerate(POSES.items()):
        row = np.zeros(len(rig.channels), np.float32)
        for name, weight in weights.items():
            row[rig.channels.index(name)] = weight
        true = head.vertices + np.einsum("k,kvj->vj", row, head.shapes)
        parts = ((rig.pose(row), rig.triangles), (true, head.triangles), (carried.pose(row), head.triangles))
        for axes, (vertices, triangles) in zip(grid[:, column], parts, strict=True):
            draw(axes, vertices, triangles, 25)
            axes.set_xlim(-100, 110)
            axes.set_ylim(-150, 70)
        grid[0, column].set_title(title, fontsize=11)
    for axes, label in zip(
        grid[:, 0], ("the default face", "another head, true", "another head, carried"), strict=True
    ):
        axes.text(-98, -146, label, fontsize=10, color="#14304f")
    return figure


def save(figure: Figure, name: str) -> None:
    """As a PNG with a palette, which is a third of the size."""
    data = io.BytesIO()
    figure.savefig(data, dpi=100)
    picture = Image.open(data).convert("RGB").quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    picture.save(HERE / name, optimize=True)


if __name__ == "__main__":
    mpl.use("Agg")
    face = default_shapes()
    save(landmarks(face), "landmarks.png")
    save(transfer(face, other_head(SIZES["FLAME"])), "transfer.png")
