"""Shapes carried to heads of other topologies whose true shapes are known: errors and time.

Run with ``pytest tests/benchmarks/test_rig_transfer.py --benchmark-enable -m "" --benchmark-json=transfer.json``;
errors are in the ``extra_info``.
"""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from sdk.rigs.shape_set import ShapeSet, default_shapes
from sdk.rigs.transfer import Correspondence, Mesh, carry_shapes, fit_topology
from tests.rigs.transfer.other_topology import SIZES, OtherHead, other_head

FEW = ("eyeOuterLeft", "eyeOuterRight", "eyeInnerLeft", "eyeInnerRight", "noseTip", "noseBase", "mouthCornerLeft")
FEW += ("mouthCornerRight", "lipUpperMiddle", "lipLowerMiddle", "lipUpperInner", "lipLowerInner", "chin")
FEW += ("earLobeLeft", "earLobeRight", "foreheadMiddle")

CASES = {
    "FLAME": ("FLAME", 0.0, False),
    "FLAME, landmarks within 3 mm": ("FLAME", 3.0, False),
    "FLAME, landmarks within 6 mm": ("FLAME", 6.0, False),
    "FLAME, 16 landmarks": ("FLAME", 0.0, True),
    "FLAME, 16 landmarks within 3 mm": ("FLAME", 3.0, True),
    "MeshTalk": ("MeshTalk", 0.0, False),
    "BIWI": ("BIWI", 0.0, False),
    "ICT": ("ICT", 0.0, False),
}
"""Size of the mesh, millimetres by which landmarks may be off, and whether they are few."""


def marked(head: OtherHead, rig: ShapeSet, off_mm: float, few: bool) -> Correspondence:
    """Landmarks, each moved to any vertex within `off_mm`."""
    generator = np.random.default_rng(0)
    chosen: dict[int, int] = {}
    for name in FEW if few else rig.landmarks:
        true = head.landmarks[name]
        near = np.flatnonzero(np.linalg.norm(head.vertices - head.vertices[true], axis=1) <= off_mm)
        chosen.setdefault(int(generator.choice(near)), rig.landmarks[name])
    corners = np.repeat(np.array(list(chosen.values()))[:, None], 3, axis=1)
    return Correspondence(np.array(list(chosen)), corners, np.tile([1.0, 0, 0], (len(chosen), 1)), np.ones(len(chosen)))


@pytest.mark.parametrize(
    "case", [pytest.param(name, marks=[] if name == "FLAME" else [pytest.mark.slow]) for name in CASES]
)
def test_transfer(benchmark: BenchmarkFixture, case: str) -> None:
    size, off_mm, few = CASES[case]
    rig, head = default_shapes(), other_head(SIZES[size])
    mesh, landmarks = Mesh(head.vertices, head.triangles), marked(head, rig, off_mm, few)

    def transfer() -> ShapeSet:
        return carry_shapes(mesh, rig, fit_topology(mesh, rig, landmarks))

    carried = benchmark.pedantic(transfer)
    off = np.linalg.norm(carried.shapes - head.shapes, axis=2)
    length = np.linalg.norm(head.shapes, axis=2)
    moved, lips = length > 0.5, head.lips > 0.5
    benchmark.extra_info |= {
        "vertices": len(head.vertices),
        "mean_mm": float(off[moved].mean()),
        "p95_mm": float(np.quantile(off[moved], 0.95)),
        "lips_mm": float(off[:, lips][moved[:, lips]].mean()),
        "moved_mm": float(length[moved].mean()),
        "lips_moved_mm": float(length[:, lips][moved[:, lips]].mean()),
    }
    assert off[moved].mean() < (0.2 if off_mm == 0 else 1.0)
