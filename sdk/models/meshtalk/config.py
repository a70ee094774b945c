"""Sizes of a MeshTalk.

Richard et al. 2021, "MeshTalk: 3D Face Animation from Speech using Cross-Modality Disentanglement", and its published
code, which differs from the paper where noted.
"""

from __future__ import annotations

from pydantic import PositiveInt

from sdk.spec import Record

CODE = 128
"""Width of the audio code, of the expression code and of the decoder's bottleneck."""

HEAD_WIDTH = 64
"""Channels of each head in the layers of the published context model."""

DILATIONS = (1, 2, 4, 8)
"""Frames between the two taps into the past, for each context layer."""

MASKED_LAYERS = len(DILATIONS) + 2
"""Embedding, context layers and logits. Each lets a head see only lower heads, so that a head depends on heads of its
own frame at least this many below, and this many heads can be sampled at once."""

SLOPE = 0.2
"""Negative slope of every leaky ReLU."""

DROPOUT = 0.2
"""Of the audio encoder, in training only."""


class MeshTalkConfig(Record):
    """Sizes of one MeshTalk; the defaults are those of the published configuration. All other widths are fixed.

    A face is V points of P numbers: vertices of three coordinates, or the channels of a rig, one number each.

    Attributes:
        heads: categorical variables H of a frame: 16 in the published code, 64 in the paper.
        classes: values C of each of them.
        vertices: V.
        point_size: P.
        head_width: channels of a head in the layers of the context model.
    """

    heads: PositiveInt = 16
    classes: PositiveInt = 128
    vertices: PositiveInt = 6172
    point_size: PositiveInt = 3
    head_width: PositiveInt = HEAD_WIDTH

    @property
    def numbers(self) -> int:
        """Numbers of a face, V * P."""
        return self.vertices * self.point_size

    @property
    def face_shape(self) -> tuple[int, int]:
        """Shape of a face as streams have it: vertices (V, 3), or a rig's channels (1, C)."""
        return face_shape(self.vertices, self.point_size)


def face_shape(vertices: int, point_size: int) -> tuple[int, int]:
    """See `MeshTalkConfig.face_shape`."""
    return (1, vertices) if point_size == 1 else (vertices, point_size)
