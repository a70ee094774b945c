"""Heads of other topologies whose true shapes are known: the default head cut finer and bent.

None of the published meshes may be shipped, so tests use meshes of the same sizes. A point p of the default head goes
to ``bend(p)``, so a shape's true displacement there is ``bend(p + d) - bend(p)``.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from sdk.rigs.head import Head, default_head
from sdk.rigs.landmarks import default_landmarks

SIZES = {"FLAME": 5023, "MeshTalk": 6172, "BIWI": 23370, "ICT": 26719}
"""Vertices of the published topologies."""


class OtherHead(NamedTuple):
    """A mesh in millimetres, what its shapes truly are, and where the landmarks of the default head lie on it."""

    vertices: np.ndarray  # (V, 3)
    triangles: np.ndarray  # (F, 3)
    shapes: np.ndarray  # (52, V, 3)
    landmarks: dict[str, int]
    lips: np.ndarray  # (V,)


def bend(points: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Another person's head: a wider jaw, a longer and fuller lower face, a higher forehead, not quite symmetric."""
    x, y, z = np.moveaxis(points.astype(np.float64), -1, 0)
    low = 1 / (1 + np.exp((y + 45) / 18))
    bump = np.exp(-((x / 24) ** 2 + ((y + 68) / 22) ** 2 + ((z - 28) / 40) ** 2))
    nose = np.exp(-((x / 14) ** 2 + ((y + 30) / 20) ** 2 + ((z - 38) / 25) ** 2))
    moved = np.stack(
        [
            x * (0.06 + 0.14 * low + 0.12 * bump) + 1.5 * np.sin(y / 40),
            y * 0.05 - 9 * low - 3 * bump + 4 * nose,
            z * -0.04 + 4 * bump - 7 * nose + 5 * np.sin(x / 60) ** 2,
        ],
        axis=-1,
    )
    return points + strength * moved


def other_head(vertex_count: int, strength: float = 1.0, seed: int = 0) -> OtherHead:
    """The skin of the default head with `vertex_count` vertices: its longest edges are cut, off their middle."""
    head = default_head()
    attributes, triangles, kept = finer(head, vertex_count, seed)
    rest = attributes[:, :3]
    displaced = np.moveaxis(attributes[:, 3:159].reshape(-1, 52, 3), 1, 0)
    bent = bend(rest, strength)
    shapes = np.stack([bend(rest + shape, strength) - bent for shape in displaced])
    landmarks = {name: kept[vertex] for name, vertex in default_landmarks().items()}
    return OtherHead(bent, triangles, shapes, landmarks, attributes[:, 159])


def finer(head: Head, vertex_count: int, seed: int) -> tuple[np.ndarray, np.ndarray, dict[int, int]]:
    """Rest, shapes and lip mask (V, 160) of a finer mesh, its triangles, and the new number of each vertex kept."""
    generator = np.random.default_rng(seed)
    skin = head.triangles[head.parts["skin"]]
    used = np.unique(skin)
    assert len(used) <= vertex_count
    kept = {int(old): new for new, old in enumerate(used)}
    flat = np.moveaxis(head.shapes, 0, 1).reshape(len(head.vertices), -1)
    rows = list(np.hstack([head.vertices, flat, head.regions["lips"][:, None]])[used].astype(np.float64))
    faces = {number: tuple(kept[int(vertex)] for vertex in face) for number, face in enumerate(skin)}
    beside: dict[tuple[int, int], set[int]] = {}
    queue: list[tuple[float, tuple[int, int]]] = []

    def add(number: int) -> None:
        a, b, c = faces[number]
        for first, second in ((a, b), (b, c), (c, a)):
            edge = (min(first, second), max(first, second))
            if edge not in beside:
                heapq.heappush(queue, (-float(np.linalg.norm(rows[first][:3] - rows[second][:3])), edge))
            beside.setdefault(edge, set()).add(number)

    for number in faces:
        add(number)
    while len(rows) < vertex_count:
        _, (first, second) = heapq.heappop(queue)
        share = generator.uniform(0.35, 0.65)
        middle = len(rows)
        rows.append(share * rows[first] + (1 - share) * rows[second])
        for number in sorted(beside.pop((first, second))):
            face = faces.pop(number)
            for a, b in zip(face, face[1:] + face[:1], strict=True):
                beside.get((min(a, b), max(a, b)), set()).discard(number)
            for old, new in ((first, middle), (second, middle)):
                half = len(skin) + len(rows) * 4 + len(faces)
                while half in faces:
                    half += 1
                faces[half] = tuple(new if vertex == old else vertex for vertex in face)
                add(half)
    return np.array(rows), np.array(list(faces.values()), np.int32), kept
