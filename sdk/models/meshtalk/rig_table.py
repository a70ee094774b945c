"""What a recipe may say of the small MeshTalk of a rig."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt

from sdk.models.meshtalk.config import MeshTalkConfig
from sdk.rigs.arkit import ARKIT_52
from sdk.spec import Record

Part = Annotated[float, Field(ge=0, le=1)]


class ModelTable(Record):
    """The recipe's ``[model]`` table.

    Attributes:
        heads, classes, head_width: see `MeshTalkConfig`.
        lookahead_samples: of the future that a frame may hear, at 16 kHz.
        naming: whether the audio encoder learns to name the phones as well, the loss ``naming``; see
            `sdk.models.naming.Naming`.
        hidden: share of the segments in which a tracker loses a region for a while.
        history_noise: in training the context model sees categories of which up to this share, drawn for each segment,
            are others at random. On true categories alone it learns to repeat them, and running free stays where it is.
    """

    heads: PositiveInt = 8
    classes: PositiveInt = 32
    head_width: PositiveInt = 32
    lookahead_samples: Annotated[int, Field(ge=0, le=16_000)] = 0
    naming: bool = False
    hidden: Part = 0.5
    history_noise: Part = 0.8

    def sizes(self) -> MeshTalkConfig:
        """Of the network."""
        return MeshTalkConfig(
            heads=self.heads,
            classes=self.classes,
            vertices=len(ARKIT_52),
            point_size=1,
            head_width=self.head_width,
        )
