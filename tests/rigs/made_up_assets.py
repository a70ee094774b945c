"""A small face in the published format of the assets: same files, groups and units, other geometry."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.build_head import EYE_CENTRES, PARTS
from sdk.rigs.makehuman import BASE_MESH, MILLIMETRES, TARGET
from sdk.rigs.procedural_face import procedural_face

EYES = {"l": (18.0, 28.0, 60.0), "r": (-18.0, 28.0, 60.0)}
SQUARE = np.array([(-4.0, -4.0, 0.0), (4.0, -4.0, 0.0), (4.0, 4.0, 0.0), (-4.0, 4.0, 0.0)])
NARROW = np.array([0.6, 1.0, 1.0])
"""Brings columns of the grid to where the lips are paired."""


def body() -> tuple[np.ndarray, np.ndarray]:
    """Vertices in millimetres and quads of the skin."""
    face = procedural_face()
    first, second = face.triangles[0::2], face.triangles[1::2]
    return face.vertices * NARROW, np.column_stack([first, second[:, 2]])


def shape(name: str) -> np.ndarray:
    """(V, 3) displacement of the skin in millimetres: real ones for jaw and lips, one vertex for all others."""
    face = procedural_face()
    jaw = face.shapes["jaw_open"].astype(float)
    if name == "jawOpen":
        return jaw
    if name == "mouthClose":
        near = np.exp(-((face.vertices - face.vertices[face.lips[0]]) ** 2).sum(axis=1) / 30**2)[:, None]
        lift = -jaw * near
        lift[face.lips[0] - 4 : face.lips[0] + 5, 1] = -3
        return lift
    one = np.zeros_like(jaw)
    one[300 + ARKIT_52.index(name)] = 1, -2, 3
    return one


def write_assets(folder: Path) -> Path:
    """Writes the files of the published package, and gives `folder` back."""
    skin, quads = body()
    vertices, lines = list(skin), ["# made up", "g body"]
    lines += [face_line(quad) for quad in quads]
    groups = [*EYE_CENTRES, *(group for part in PARTS.values() for group in part)]
    for group in groups:
        middle = np.array(EYES["l" if "-l-" in group else "r"]) if "-l-" in group or "-r-" in group else (0, -35, 60)
        lines += [f"g {group}", face_line(np.arange(4) + len(vertices))]
        vertices += list(SQUARE + middle)
    mesh = folder / BASE_MESH
    mesh.parent.mkdir(parents=True)
    points = [f"v {x:.4f} {y:.4f} {z:.4f}" for x, y, z in np.array(vertices) / MILLIMETRES]
    mesh.write_text("\n".join([*points, *lines]) + "\n")
    for name in ARKIT_52:
        target = folder / TARGET.format(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        moved = shape(name) / MILLIMETRES
        rows = [f"{i} {x:.4f} {y:.4f} {z:.4f}" for i, (x, y, z) in enumerate(moved) if abs(moved[i]).max() > 5e-5]
        target.write_text("\n".join(["# made up", "", *rows]) + "\n")
    return folder


def face_line(quad: np.ndarray) -> str:
    return "f " + " ".join(f"{vertex + 1}/1" for vertex in quad)
