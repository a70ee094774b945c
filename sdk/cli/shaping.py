"""What the options of a command change in the frames of a session: blinks, then the channels of another rig."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from sdk.errors import UsageError
from sdk.rigs.blinks import lid_closure
from sdk.rigs.rig_map import RigMap
from sdk.runtime.frame import Frame
from sdk.spec import FrameRate

if TYPE_CHECKING:
    from sdk.bundle import Bundle

LIDS = ("eyeBlinkLeft", "eyeBlinkRight")


@dataclass(frozen=True, eq=False)
class Shaping:
    """A function from frames to frames.

    Attributes:
        shape: of the values that come out.
        names: of the channels that come out; empty for vertices.
        frame_rate: of the frames.
        blinks: seed of the blinks; None for none.
        lids: columns of the eyelids in what goes in.
        rig: what turns the channels into others; None to leave them.
    """

    shape: tuple[int, ...]
    names: tuple[str, ...]
    frame_rate: FrameRate
    blinks: int | None = None
    lids: tuple[int, ...] = ()
    rig: RigMap | None = None

    @classmethod
    def from_options(cls, bundle: Bundle, rig: str | None, blinks: int | None) -> Self:
        """For the frames of a bundle.

        Raises:
            UsageError: there is no such rig, or the bundle's frames have not the channels that an option needs.
        """
        names, shape = bundle.rig.names, bundle.rig.shape
        lids: tuple[int, ...] = ()
        if blinks is not None:
            if not set(LIDS) <= set(names):
                raise UsageError("--blinks", f"this bundle has no {' and '.join(LIDS)}", "leave the option out")
            lids = tuple(names.index(name) for name in LIDS)
        found = None
        if rig is not None:
            from sdk.rigs.rig_file import find_rig

            found = find_rig(rig)
            if names != found.source.channels:
                mend = "leave the option out" if names else "it needs channels, not vertices"
                raise UsageError("--rig", f"this bundle's frames are not {found.source.name}", mend)
            names = found.target.channels
            shape = (len(names),)
        return cls(shape, names, bundle.pipeline.frame_rate, blinks, lids, found)

    @property
    def high(self) -> tuple[float, ...]:
        """Greatest value of each channel that comes out, if a rig tells."""
        return self.rig.target.high if self.rig else ()

    def apply(self, frame: Frame) -> Frame:
        """The frame with its new values; the old one is not changed."""
        values = frame.values
        if self.blinks is not None:
            closed = lid_closure(float(frame.index / self.frame_rate.fraction), self.blinks)
            values = values.copy()
            values[list(self.lids)] = np.maximum(values[list(self.lids)], closed)
        if self.rig is not None:
            values = self.rig.apply(values)
        return replace(frame, values=values)
