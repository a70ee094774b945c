"""The file of a shape set: a compressed .npz of plain arrays.

| array | type | meaning |
|---|---|---|
| format | int () | `FORMAT` |
| vertices | float32 (V, 3) | millimetres, at rest |
| shapes | float32 (K, V, 3) | displacement in millimetres at weight 1 |
| channels | text (K,) | names of the shapes |
| low, high | float32 (K,) | range of each weight; may be left out, then 0 and 1 |
| triangles | int32 (F, 3) | may be left out |
| region_names, regions | text (R,), float32 (R, V) | soft masks in [0, 1]; may be left out |
| landmark_names, landmarks | text (L,), int32 (L,) | vertices; may be left out |
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.arrays_file import read_arrays
from sdk.errors import UsageError
from sdk.rigs.errors import RigError
from sdk.rigs.shape_set import ShapeSet

FORMAT = 1

MEND = "give a .npz as docs/fitting.md describes, such as python -m sdk rig transfer writes"

KINDS = {"vertices": "fiu", "shapes": "fiu", "low": "fiu", "high": "fiu", "triangles": "iu", "regions": "fiu"}
KINDS |= {"format": "iu", "channels": "U", "region_names": "U", "landmark_names": "U", "landmarks": "iu"}
"""Array -> letters of NumPy's kinds that it may have."""


def write_shapes(path: Path, shape_set: ShapeSet) -> None:
    """Write `shape_set`; `read_shapes` gives the same back, bit for bit."""
    size = len(shape_set.vertices)
    arrays: dict[str, Any] = {
        "format": np.int64(FORMAT),
        "vertices": shape_set.vertices,
        "shapes": shape_set.shapes,
        "channels": np.array(shape_set.channels, np.str_),
        "low": shape_set.low,
        "high": shape_set.high,
        "triangles": shape_set.triangles,
        "region_names": np.array(list(shape_set.regions), np.str_),
        "landmark_names": np.array(list(shape_set.landmarks), np.str_),
        "landmarks": np.array(list(shape_set.landmarks.values()), np.int32),
        "regions": np.stack([np.zeros(size, np.float32), *shape_set.regions.values()])[1:],
    }
    with path.open("wb") as file:  # an open file, or NumPy would change the name
        np.savez_compressed(file, **arrays)


def read_shapes(path: Path) -> ShapeSet:
    """The shape set in `path`.

    Raises:
        RigError: the file is missing, damaged, or not a shape set of this format.
    """
    arrays = read_arrays(path, RigError, MEND)
    for name, array in arrays.items():
        if name in KINDS and array.dtype.kind not in KINDS[name]:
            raise RigError(path, f"the array {name} has type {array.dtype}", MEND)
    for name in ("vertices", "shapes", "channels"):
        if name not in arrays:
            raise RigError(path, f"the array {name} is missing", MEND)
    if arrays.get("format", np.int64(FORMAT)).tolist() != FORMAT:
        raise RigError(path, f"is of format {arrays['format']}, not {FORMAT}", MEND)
    channels = tuple(str(name) for name in arrays["channels"].ravel())
    names = [str(name) for name in arrays.get("region_names", np.zeros(0, np.str_)).ravel()]
    regions = _floats(arrays.get("regions", np.zeros((0, 0))))
    if len(names) != len(regions):
        raise RigError(path, f"has {len(names)} region names for {len(regions)} regions", MEND)
    places = [str(name) for name in arrays.get("landmark_names", np.zeros(0, np.str_)).ravel()]
    landmarks = arrays.get("landmarks", np.zeros(0, np.int32)).ravel().tolist()
    if len(places) != len(landmarks):
        raise RigError(path, f"has {len(places)} landmark names for {len(landmarks)} landmarks", MEND)
    try:
        return ShapeSet(
            vertices=_floats(arrays["vertices"]),
            shapes=_floats(arrays["shapes"]),
            channels=channels,
            low=_floats(arrays.get("low", np.zeros(len(channels)))),
            high=_floats(arrays.get("high", np.ones(len(channels)))),
            triangles=np.clip(arrays.get("triangles", np.zeros((0, 3))), -1, 2**31 - 1).astype(np.int32),
            regions=dict(zip(names, regions, strict=True)),
            landmarks=dict(zip(places, landmarks, strict=True)),
        )
    except UsageError as error:
        raise RigError(path, f"{error.subject} {error.problem}", MEND) from error


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return array.astype(np.float32)
