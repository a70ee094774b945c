"""Shapes of a rig carried over to a mesh of another topology, through points that a user pairs. See docs/fitting.md."""

from sdk.rigs.transfer.correspondence import Correspondence
from sdk.rigs.transfer.correspondence_file import read_pairs, write_blank_landmarks, write_pairs
from sdk.rigs.transfer.fit import TopologyFit, carry_shapes, fit_topology
from sdk.rigs.transfer.mesh_file import Mesh, read_mesh

__all__ = [
    "Correspondence",
    "Mesh",
    "TopologyFit",
    "carry_shapes",
    "fit_topology",
    "read_mesh",
    "read_pairs",
    "write_blank_landmarks",
    "write_pairs",
]
