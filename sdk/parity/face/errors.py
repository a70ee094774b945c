"""Distance between a reference's and a candidate's vertices, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sdk.parity.face.face import Face, rows
from sdk.parity.face.region import Doubles, Region, squared_distance


@dataclass(frozen=True, eq=False)
class FrameErrors:
    """Squared distances of a region's vertices in mm^2, a number a frame.

    Attributes:
        largest: (T,) of the worst vertex.
        mean: (T,) over the vertices.
    """

    largest: Doubles
    mean: Doubles

    @property
    def rms(self) -> float:
        """Root mean square distance in mm over vertices and frames."""
        return float(np.sqrt(self.mean.mean()))

    @property
    def vertex_error(self) -> float:
        """Mean over frames of the distance of the worst vertex, in mm.

        Lip vertex error as Richard et al. (MeshTalk, 2021, section 4.1) and Fan et al. (FaceFormer, 2022, section 4.3)
        write it: the largest L2 error of all lip vertices of a frame, averaged over the frames.
        """
        return float(np.sqrt(self.largest).mean())

    @property
    def squared_vertex_error(self) -> float:
        """Mean over frames of the squared distance of the worst vertex, in mm^2.

        What the evaluation script of CodeTalker (Xing et al., 2023) prints as lip vertex error, and the papers that
        compare themselves with its table: no root is taken.
        """
        return float(self.largest.mean())


def frame_errors(reference: ArrayLike, candidate: ArrayLike, region: Region) -> FrameErrors:
    """Errors of values (T, ...), T at least 1, in a region."""
    blocks = list(squared_distance(region, rows(candidate), less=rows(reference)))
    largest = np.concatenate([block.max(1) for block in blocks])
    return FrameErrors(largest, np.concatenate([block.mean(1) for block in blocks]))


def lip_error_rms(reference: ArrayLike, candidate: ArrayLike, face: Face) -> float:
    """Root mean square distance of the lips' vertices in millimetres over vertices and frames.

    Args:
        reference: (T, ...) values, T at least 1.
        candidate: of the same shape.
        face: where every vertex counts (`Face.word` is ``vertex``), of all of them.
    """
    return frame_errors(reference, candidate, face.lips).rms
