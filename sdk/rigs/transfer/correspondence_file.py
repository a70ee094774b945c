"""Pairs of points as a file that people write by hand and look through: CSV or JSON.

A row says which vertex of the user's mesh (`source`) lies where on the rig's mesh, in one of three ways:

    landmark        a place that the rig names, e.g. ``noseTip``
    vertex          a vertex of the rig's mesh
    a, b, c and share_a, share_b, share_c
                    a point between three vertices of the rig's mesh, as barycentric coordinates

`weight` (1 if left out) is how much the pair counts; `distance_mm` is for people. Vertices count from 0. A CSV file
starts with a header of these names, and rows without a `source` are skipped, so that a list of all landmarks can be
filled in as far as one likes. A JSON file is ``{"nowface_pairs": 1, "pairs": [{"source": 3, "vertex": 12}, ...]}``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, FiniteFloat, ValidationError

from sdk.errors import UsageError
from sdk.rigs.rigid import Doubles
from sdk.rigs.transfer.correspondence import Correspondence
from sdk.spec import Record

MAX_BYTES = 64 << 20
"""A pair for each of half a million vertices takes less."""

MEND = "write it as docs/fitting.md shows"

COLUMNS = ("source", "landmark", "vertex", "a", "b", "c", "share_a", "share_b", "share_c", "weight", "distance_mm")

Vertex = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Pair(Record):
    """One row; its attributes are the columns of the module's docstring."""

    source: Vertex
    landmark: str | None = None
    vertex: Vertex | None = None
    a: Vertex | None = None
    b: Vertex | None = None
    c: Vertex | None = None
    share_a: FiniteFloat | None = None
    share_b: FiniteFloat | None = None
    share_c: FiniteFloat | None = None
    weight: FiniteFloat = 1.0
    distance_mm: FiniteFloat | None = None

    def point(self, landmarks: Mapping[str, int]) -> tuple[tuple[int, int, int], tuple[float, float, float]]:
        """Corners and their shares.

        Raises:
            ValueError: the row says none or several of the three, or an unknown landmark.
        """
        corners, shares = (self.a, self.b, self.c), (self.share_a, self.share_b, self.share_c)
        ways = (self.landmark is not None) + (self.vertex is not None) + any(part is not None for part in corners)
        if ways != 1:
            raise ValueError("give one of landmark, vertex, or a with b and c")
        if self.landmark is not None and self.landmark not in landmarks:
            raise ValueError(f"the rig has no landmark {self.landmark!r}; it has {', '.join(landmarks) or 'none'}")
        vertex = self.vertex if self.landmark is None else landmarks[self.landmark]
        if vertex is not None:
            return (vertex, vertex, vertex), (1.0, 0.0, 0.0)
        a, b, c = corners
        u, v, w = shares
        if a is None or b is None or c is None or u is None or v is None or w is None:
            raise ValueError("a point between vertices needs a, b, c and share_a, share_b, share_c")
        return (a, b, c), (u, v, w)


class PairsFile(Record):
    """All of a JSON file."""

    nowface_pairs: Literal[1]
    pairs: tuple[Pair, ...]


def read_pairs(path: Path, landmarks: Mapping[str, int]) -> Correspondence:
    """The pairs in a .csv or .json file; `checked_pairs` then holds them against the two meshes.

    Args:
        path: of the file.
        landmarks: name -> vertex, those that the rig names.

    Raises:
        UsageError: missing, damaged, too large, of another kind, or a row that says nothing clear.
    """
    if path.suffix.lower() not in {".csv", ".json"}:
        raise UsageError(path, "its kind of file is unknown", "give pairs as .csv or .json")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise UsageError(path, f"has more than {MAX_BYTES >> 20} MiB", "give a pair for each vertex at most")
        text = data.decode("utf-8-sig")
        is_csv = path.suffix.lower() == ".csv"
        rows = _csv_rows(text) if is_csv else PairsFile.model_validate_json(text).pairs
        points = [row.point(landmarks) for row in rows]
    except OSError as error:
        raise UsageError(path, f"cannot be read ({error.strerror})", MEND) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(path, f"{place}: {first['msg']}"[:300], MEND) from error
    except (ValueError, csv.Error) as error:
        raise UsageError(path, str(error)[:600], MEND) from error
    return Correspondence(
        source=np.array([row.source for row in rows], np.int64),
        corners=np.array([corners for corners, _ in points], np.int64).reshape(-1, 3),
        barycentric=np.array([shares for _, shares in points], np.float64).reshape(-1, 3),
        weights=np.array([row.weight for row in rows], np.float64),
    )


def _csv_rows(text: str) -> tuple[Pair, ...]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    header = [name.strip() for name in reader.fieldnames or ()]
    if "source" not in header or not set(header) <= set(COLUMNS) or len(set(header)) < len(header):
        raise ValueError(f"its first line is no header; it names columns among {', '.join(COLUMNS)}")
    reader.fieldnames = header
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise ValueError(f"line {reader.line_num} has another number of columns than the header")
        filled = {name: value.strip() for name, value in row.items() if value.strip()}
        if "source" in filled:
            try:
                rows.append(Pair.model_validate(filled))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                raise ValueError(f"line {reader.line_num}: {first['loc'][0]}: {first['msg']}") from error
    return tuple(rows)


def write_pairs(path: Path, pairs: Correspondence, distance_mm: Doubles) -> None:
    """Write a CSV file that `read_pairs` reads, with how far each vertex is from its place."""
    header = ("source", "a", "b", "c", "share_a", "share_b", "share_c", "weight", "distance_mm")
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(header)
        columns = zip(pairs.source, pairs.corners, pairs.barycentric, pairs.weights, distance_mm, strict=True)
        for source, corners, shares, weight, distance in columns:
            rows.writerow([source, *corners, *(f"{s:.7f}" for s in shares), f"{weight:g}", f"{distance:.3f}"])


def write_blank_landmarks(path: Path, landmarks: Mapping[str, int]) -> None:
    """Write a CSV file with a row for each landmark, for a user to fill in the column `source`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("source", "landmark"))
        rows.writerows(("", name) for name in landmarks)
