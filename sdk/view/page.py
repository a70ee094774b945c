"""The page: one HTML file with the faces, their frames, the speech and every script in it. It fetches nothing."""

from __future__ import annotations

import base64
import html
import json
import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from sdk.animation.motion_basis import motion_basis
from sdk.bundle.phones import Phones
from sdk.errors import UsageError
from sdk.parity.face import Face, NoFace
from sdk.rigs.head import Floats, Indices, default_head
from sdk.rigs.units import MILLIMETRES
from sdk.spec import SAMPLE_RATE
from sdk.view.mesh import Tensors, head_tensors, shape_tensors, template_tensors
from sdk.view.modules import WEB, import_map
from sdk.view.sound import encoded, peaks
from sdk.view.takes import Take, difference, in_head_channels

SHAPE_STEP = 1e-4
"""Millimetres at weight 1 to which the shapes of a model that gives vertices are rounded."""


@dataclass(frozen=True, eq=False)
class Speech:
    """What is heard.

    Attributes:
        name: shown in the page, e.g. ``speech.wav``.
        pcm: (N,) samples, full scale 1.0, N at least 1.
        rate: of them in Hz.
        phones: what is said when, if somebody knows.
    """

    name: str
    pcm: NDArray[np.float32]
    rate: int
    phones: Phones | None = None


@dataclass(frozen=True, eq=False)
class Mesh:
    """A face at rest of another topology than the default head's.

    Attributes:
        vertices: (V, 3) in the unit of the takes.
        triangles: (F, 3).
    """

    vertices: Floats
    triangles: Indices


def page(takes: Sequence[Take], speech: Speech, *, title: str, template: Mesh | None = None) -> str:
    """The page's HTML.

    Args:
        takes: one, or two to be compared, of the same speech.
        speech: the speech.
        title: of the page.
        template: the face that vertices are of, if they are not the default head's.

    Raises:
        UsageError: a take's values are neither ARKit's channels nor vertices of a known face.
    """
    assert 1 <= len(takes) <= 2, "a page shows one take, or two"
    takes = [in_head_channels(take) for take in takes]
    if template is not None:
        scale = np.float32(MILLIMETRES.get(takes[0].unit, 1.0))
        template = Mesh(template.vertices * scale, template.triangles)
    meshes = [_mesh_of(take, template) for take in takes]
    described: list[dict[str, Any]] = []
    tensors: Tensors = {"peaks": peaks(speech.pcm, speech.rate)}
    sides = []
    for number, (take, mesh) in enumerate(zip(takes, meshes, strict=True)):
        if mesh not in meshes[:number]:
            parts, description = head_tensors() if mesh is None else template_tensors(mesh.vertices, mesh.triangles)
            tensors |= {f"mesh{len(described)}.{name}": tensor for name, tensor in parts.items()}
            described.append(description)
        parts, side = _side(take, mesh)
        tensors |= {f"side{number}.{name}": tensor for name, tensor in parts.items()}
        sides.append(side | {"mesh": len(described) - 1})
    document: dict[str, Any] = {
        "title": title,
        "speech": speech.name,
        "seconds": len(speech.pcm) / speech.rate,
        "phones": _phones(speech.phones),
        "meshes": described,
        "sides": sides,
    }
    apart = difference(*takes) if len(takes) == 2 else None
    if apart is not None:
        tensors["difference"] = apart.worst_mm.astype(np.float32)
        document["difference"] = {"what": apart.what}
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    sound, kind = encoded(speech.pcm, speech.rate)
    parts_of_page = {
        "TITLE": html.escape(title),
        "STYLE": (WEB / "viewer.css").read_text(encoding="utf-8"),
        "IMPORTS": import_map(),
        # A script of JSON ends at the first "</script", wherever that stands.
        "DOCUMENT": json.dumps(document).replace("<", "\\u003c"),
        "DATA": base64.b64encode(zlib.compress(save(arrays), 9)).decode(),
        "SOUND": f"data:{kind};base64,{base64.b64encode(sound).decode()}",
    }
    text = (WEB / "viewer.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda place: parts_of_page[place[1]], text)


def _mesh_of(take: Take, template: Mesh | None) -> Mesh | None:
    """The mesh of a take; None for the default head."""
    face = take.face
    if isinstance(face, NoFace):
        raise UsageError(take.label, face.reason, "show values of a channel set that maps to ARKit's, or vertices")
    if take.names or take.values.shape[1] == len(default_head().vertices):
        return None
    count = take.values.shape[1]
    if template is None:
        raise UsageError(take.label, f"gives {count} vertices and no triangles", "name a mesh with --template FACE.obj")
    if len(template.vertices) != count:
        problem = f"gives {count} vertices, and the template has {len(template.vertices)}"
        raise UsageError(take.label, problem, "name a mesh of the same topology")
    return template


def _side(take: Take, mesh: Mesh | None) -> tuple[Tensors, dict[str, Any]]:
    """The tensors of a take and its entry in the document."""
    face = take.face
    assert isinstance(face, Face), "_mesh_of has looked"
    due = take.due_sample + take.lookahead_samples
    tensors: Tensors = {
        "begins": (take.index / float(take.frame_rate.fraction)).astype(np.float32),
        "arrives": (due / SAMPLE_RATE).astype(np.float32),
        "index": take.index.astype(np.int32),
    }
    side: dict[str, Any] = {
        "label": take.label,
        "facts": [*take.facts, ("frames", f"{len(take.index)} at {take.frame_rate} a second")],
        "channels": list(take.names),
        "lookaheadMs": 1000 * take.lookahead_samples / SAMPLE_RATE,
    }
    gap = face.gap(take.values)
    if gap is not None:
        tensors["gap"] = gap.astype(np.float32)
    if take.names:
        return tensors | {"values": take.values}, side
    rest = default_head().vertices if mesh is None else mesh.vertices
    motion = motion_basis(take.values * np.float32(MILLIMETRES[take.unit]), rest, smallest=SHAPE_STEP)
    shapes = shape_tensors(motion.shapes, SHAPE_STEP)
    # Each weight is in [-1, 1], so that rounding costs half a step of each shape at most, along each axis.
    error = motion.error + math.sqrt(3) / 2 * float(shapes["shape_steps"].sum())
    side["facts"].append(("drawn to within", f"{error:.2g} mm"))
    return tensors | {"values": motion.weights, **shapes}, side


def _phones(phones: Phones | None) -> list[tuple[str, float, float]]:
    """Name, begin and end in seconds of each."""
    return [(name, start / SAMPLE_RATE, end / SAMPLE_RATE) for name, start, end in phones.runs()] if phones else []
