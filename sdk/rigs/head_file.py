"""The file of a head: a compressed .npz of integers, a few hundred kilobytes.

Lengths are int16 in steps of `STEP` millimetres. Shapes are sparse: for each shape how many vertices it moves, then all
their indices and displacements, one shape after the other.

| array | type | meaning |
|---|---|---|
| format | int64 () | `FORMAT` |
| channels | text (52,) | `sdk.rigs.arkit.ARKIT_52` |
| vertices | int16 (V, 3) | rest |
| triangles | uint16 (F, 3) | |
| part_names, triangle_parts | text (N,), uint8 (F,) | part of each triangle, an index into the names |
| shape_counts | uint16 (52,) | moved vertices of each shape |
| shape_vertices, shape_deltas | uint16 (S,), int16 (S, 3) | S is the sum of the counts |
| region_names, regions | text (R,), uint8 (R, V) | 255 is 1 |
| lip_pairs | uint16 (P, 2) | |
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.arrays_file import Arrays, read_arrays
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.errors import RigError
from sdk.rigs.head import Floats, Head

FORMAT = 1
STEP = 0.01
"""Millimetres; the base mesh is published in exactly these steps, its shapes in steps ten times as large."""

MAX_BYTES = 16 << 20
"""No array of a head comes near this size; a file that claims more is not read."""

MEND = "give a file that python -m sdk.rigs.build_head wrote, or reinstall nowface"

ARRAYS: dict[str, tuple[str, int]] = {
    "format": ("i", 0),
    "channels": ("U", 1),
    "vertices": ("i", 2),
    "triangles": ("u", 2),
    "part_names": ("U", 1),
    "triangle_parts": ("u", 1),
    "shape_counts": ("u", 1),
    "shape_vertices": ("u", 1),
    "shape_deltas": ("i", 2),
    "region_names": ("U", 1),
    "regions": ("u", 2),
    "lip_pairs": ("u", 2),
}
"""Array -> kind of its numbers (numpy's letter) and number of axes."""


def write_head(path: Path, head: Head) -> None:
    """Write `head`; the same head gives the same bytes. Lengths are rounded to `STEP`."""
    deltas = steps(head.shapes)
    moved = [np.flatnonzero(shape.any(axis=1)) for shape in deltas]
    triangle_parts = np.zeros(len(head.triangles), np.uint8)
    for number, triangles in enumerate(head.parts.values()):
        triangle_parts[triangles] = number
    np.savez_compressed(
        path,
        format=np.int64(FORMAT),
        channels=np.array(head.channels),
        vertices=steps(head.vertices),
        triangles=head.triangles.astype(np.uint16),
        part_names=np.array(list(head.parts)),
        triangle_parts=triangle_parts,
        shape_counts=np.array([len(vertices) for vertices in moved], np.uint16),
        shape_vertices=np.concatenate(moved).astype(np.uint16),
        shape_deltas=np.concatenate([shape[vertices] for shape, vertices in zip(deltas, moved, strict=True)]),
        region_names=np.array(list(head.regions)),
        regions=np.stack([np.rint(mask * 255) for mask in head.regions.values()]).astype(np.uint8),
        lip_pairs=head.lip_pairs.astype(np.uint16),
    )


def steps(lengths: Floats) -> NDArray[np.int16]:
    """Millimetres as int16 steps."""
    rounded = np.rint(lengths.astype(np.float64) / STEP)
    assert np.abs(rounded).max(initial=0) <= np.iinfo(np.int16).max, "a length is beyond 327 mm"
    return rounded.astype(np.int16)


def read_head(path: Path) -> Head:
    """The head in `path`.

    Raises:
        RigError: the file is missing, damaged, or not a head of this format.
    """
    arrays = read_arrays(path, RigError, MEND, MAX_BYTES)
    problem = next(defects(arrays), None)
    if problem is not None:
        raise RigError(path, problem, "build it again with python -m sdk.rigs.build_head, or reinstall nowface")
    vertices = millimetres(arrays["vertices"])
    shapes = np.zeros((len(ARKIT_52), *vertices.shape), np.float32)
    shape = np.repeat(np.arange(len(ARKIT_52)), arrays["shape_counts"])
    shapes[shape, arrays["shape_vertices"]] = millimetres(arrays["shape_deltas"])
    parts = {
        str(name): np.flatnonzero(arrays["triangle_parts"] == number).astype(np.int32)
        for number, name in enumerate(arrays["part_names"])
    }
    regions = {
        str(name): mask.astype(np.float32) / np.float32(255)
        for name, mask in zip(arrays["region_names"], arrays["regions"], strict=True)
    }
    triangles, lip_pairs = arrays["triangles"].astype(np.int32), arrays["lip_pairs"].astype(np.int32)
    for array in (vertices, triangles, shapes, lip_pairs, *parts.values(), *regions.values()):
        array.setflags(write=False)
    return Head(vertices, triangles, shapes, regions, parts, lip_pairs)


def defects(arrays: Arrays) -> Iterator[str]:
    """What is wrong with the arrays of a head file, in words. Only the first is sure: later checks rely on it."""
    for name, (kind, axes) in ARRAYS.items():
        if name not in arrays:
            yield f"the array {name} is missing"
        if arrays[name].dtype.kind != kind or arrays[name].ndim != axes:
            yield f"the array {name} has type {arrays[name].dtype} and shape {arrays[name].shape}"
    if int(arrays["format"]) != FORMAT:
        yield f"format {int(arrays['format'])} is not {FORMAT}"
    if tuple(arrays["channels"]) != ARKIT_52:
        yield "its channels are not the 52 of ARKit"
    vertices, triangles = len(arrays["vertices"]), len(arrays["triangles"])
    moved = int(arrays["shape_counts"].sum(dtype=np.int64))
    wanted = {
        "vertices": (vertices, 3),
        "triangles": (triangles, 3),
        "triangle_parts": (triangles,),
        "shape_counts": (len(ARKIT_52),),
        "shape_vertices": (moved,),
        "shape_deltas": (moved, 3),
        "regions": (len(arrays["region_names"]), vertices),
        "lip_pairs": (len(arrays["lip_pairs"]), 2),
    }
    for name, shape in wanted.items():
        if arrays[name].shape != shape or not arrays[name].size:
            yield f"the array {name} has shape {arrays[name].shape}, not {shape}"
    limits = {
        "triangles": vertices,
        "shape_vertices": vertices,
        "lip_pairs": vertices,
        "triangle_parts": len(arrays["part_names"]),
    }
    for name, limit in limits.items():
        if int(arrays[name].max()) >= limit:
            yield f"the array {name} points at {int(arrays[name].max())} of {limit}"


def millimetres(lengths: NDArray[np.integer[Any]]) -> Floats:
    """int16 steps as millimetres, rounded once."""
    return (lengths.astype(np.float64) * STEP).astype(np.float32)
