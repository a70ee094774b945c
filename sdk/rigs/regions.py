"""Where the regions and landmarks of a head are, found from what its shapes move.

A region's mask is 1 where a vertex belongs to it wholly and falls smoothly to 0. Each comes from the *reach* of a set
of shapes: at each vertex the largest displacement that any of them makes there, as a share of that shape's own maximum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdk.errors import NowfaceError
from sdk.rigs.arkit import ARKIT_52
from sdk.rigs.errors import RigError

Doubles = NDArray[np.float64]
Indices = NDArray[np.int32]

LANDMARK_X = (0.0, -5.0, 5.0, -10.0, 10.0)
"""Millimetres from the middle at which the lips are paired; the middle comes first."""

SEARCH_X = 1.5
"""Millimetres to each side of `LANDMARK_X` in which a vertex is looked for; the mesh has one in each at least."""

LIP_HALF_WIDTH, LIP_ABOVE, LIP_BELOW = 25.0, 10.0, 12.5
"""Millimetres of the red of the lips from where they meet: to a corner, up and down."""

UP, FORWARD = 1, 2


def smoothstep(value: Doubles, low: float, high: float) -> Doubles:
    """0 below `low`, 1 above `high`, a cubic with flat ends between them; `low` above `high` turns it round."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def reach(shapes: Doubles, *prefixes: str) -> Doubles:
    """(V,) in [0, 1]: the reach, as the module's docstring defines it, of the shapes whose names start so."""
    chosen = np.stack([shapes[c] for c, name in enumerate(ARKIT_52) if name.startswith(prefixes)])
    size = np.linalg.norm(chosen, axis=2)
    largest = size.max(axis=1, keepdims=True)
    share: Doubles = np.divide(size, largest, out=np.zeros_like(size), where=largest > 0).max(axis=0)
    return share


def region_masks(vertices: Doubles, shapes: Doubles, eyes: Indices, lip_pairs: Indices) -> dict[str, Doubles]:
    """The masks of a head.

    Args:
        vertices: (V, 3) millimetres, x sideways, y up, z forward.
        shapes: (52, V, 3) millimetres.
        eyes: vertices of the eyeballs, which are no part of a lid.
        lip_pairs: (P, 2) as `lip_landmarks` gives them.

    Returns:
        name -> (V,) in [0, 1].
    """
    height = vertices[:, UP]
    upper_face = smoothstep(reach(shapes, "brow", "eye"), 0.03, 0.25) * smoothstep(height, -35.0, -15.0)
    upper_face[eyes] = 1
    centres = [vertices[eyes[vertices[eyes, 0] * side > 0]].mean(axis=0) for side in (-1, 1)]
    from_eye = np.min([np.linalg.norm(vertices - centre, axis=1) for centre in centres], axis=0)
    eyelids = smoothstep(reach(shapes, "eyeBlink", "eyeSquint"), 0.1, 0.4) * smoothstep(from_eye, 27.0, 20.0)
    eyelids[eyes] = 0
    meeting = vertices[lip_pairs[0]].mean(axis=0)
    lips = smoothstep(lip_ellipse(vertices[:, 0], height, float(meeting[UP])), 1.3, 0.95)
    return {
        "lips": lips * smoothstep(reach(shapes, "mouthRoll", "mouthPucker"), 0.1, 0.3),
        "eyelids": eyelids,
        "upper_face": upper_face,
        "jaw": smoothstep(reach(shapes, "jaw"), 0.05, 0.5),
        "mouth": smoothstep(reach(shapes, "mouth", "jawOpen"), 0.05, 0.35),
    }


def lip_ellipse(x: Doubles, y: Doubles, meeting: float) -> Doubles:
    """How far out a point lies on the lips of the default face as seen from the front: 1 is the border of the red.

    Two half ellipses, measured on the mesh; the upper one has a dip in the middle.

    Args:
        x: millimetres sideways from the middle.
        y: millimetres, upwards.
        meeting: y at which the lips meet.
    """
    dip = 1.6 * np.exp(-((x / 5.0) ** 2))
    half_height = np.where(y > meeting, LIP_ABOVE - dip, LIP_BELOW)
    outward: Doubles = np.hypot(x / LIP_HALF_WIDTH, (y - meeting) / half_height)
    return outward


def lip_landmarks(vertices: Doubles, shapes: Doubles, skin: Indices) -> Indices:
    """(P, 2) vertices of the upper and lower lip that face each other, at the sideways places of `LANDMARK_X`.

    mouthClose tells the lips apart: it lifts the lower lip and lowers the upper one. Of each lip the vertex is taken
    that bounds the opening as seen from the front: the lowest of the upper lip, the highest of the lower lip; of
    several within 0.1 mm the foremost.

    Raises:
        RigError: there is no lip at one of the places.
    """
    lift = shapes[ARKIT_52.index("mouthClose"), :, UP]
    strong = np.abs(lift) > 0.1 * np.abs(lift).max()
    on_skin = np.zeros(len(vertices), bool)
    on_skin[skin] = True
    pairs = []
    for x in LANDMARK_X:
        near = on_skin & strong & (np.abs(vertices[:, 0] - x) < SEARCH_X)
        pairs.append((extreme(vertices, near & (lift < 0), -1), extreme(vertices, near & (lift > 0), 1)))
    return np.array(pairs, np.int32)


def extreme(vertices: Doubles, candidates: NDArray[np.bool_], direction: int) -> int:
    """The highest (`direction` 1) or lowest (-1) candidate; the foremost of those within 0.1 mm."""
    chosen = np.flatnonzero(candidates)
    if not len(chosen):
        raise no_lips()
    height = direction * vertices[chosen, UP]
    ends = chosen[height > height.max() - 0.1]
    return int(ends[vertices[ends, FORWARD].argmax()])


def no_lips() -> NowfaceError:
    """The error of a mesh on which mouthClose moves no lips."""
    return RigError("mouthClose", "moves no lips at the middle of the face", "give undamaged targets")
