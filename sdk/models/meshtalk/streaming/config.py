"""Sizes of the streaming form. With the reference weights of a bundle they rebuild its stages."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from sdk.audio.logmel import STRIDE
from sdk.models.meshtalk.config import MeshTalkConfig
from sdk.spec import SAMPLE_RATE, FrameRate, Name, Record

HOP = STRIDE
"""Samples of a hop: one column of the mel spectrum, so that a frame waits at most 10 ms for its newest column."""


class MelConfig(Record):
    """Front end: see `sdk.audio.logmel.LogMel`."""

    window: Annotated[int, Field(ge=STRIDE, le=SAMPLE_RATE)]
    n_fft: Annotated[int, Field(ge=STRIDE, le=SAMPLE_RATE)]
    floor: PositiveFloat


class TrackingConfig(Record):
    """What a tracked face is taken by.

    Attributes:
        regions: names of the parts of the face that a tracker may lose one by one.
        hold_samples: how long a tracked face stands for the frames after it, at 16 kHz.
        blend_frames: frames over which trust returns after the face was lost.
        floor: share of the evidence that counts even when nothing of the face is seen. It then speaks for the sound and
            for what is left of the face seen last; at 0 the context model alone goes on.
        forget: share of a hidden region's last seen deviation from the mean face that is kept each frame.
    """

    regions: Annotated[tuple[Name, ...], Field(min_length=1)]
    hold_samples: Annotated[int, Field(ge=0, le=10 * SAMPLE_RATE)] = SAMPLE_RATE // 10
    blend_frames: PositiveInt = 6
    floor: Annotated[float, Field(ge=0, le=1)] = 0.0
    forget: Annotated[float, Field(ge=0, le=1)] = 0.9


class StreamingConfig(Record):
    """A streaming MeshTalk.

    Attributes:
        model: sizes of the network.
        mel: of the audio encoder.
        tracking: None for a face from sound alone.
        bounded: whether values are kept within [0, 1], as the channels of a rig are.
        unit: of the face's numbers.
        frame_rate: of the stream.
        lookahead_samples: of the future that a frame may use.
    """

    model: MeshTalkConfig
    mel: MelConfig
    tracking: TrackingConfig | None = None
    bounded: bool = False
    unit: str = "mm"
    frame_rate: FrameRate
    lookahead_samples: Annotated[int, Field(ge=0)] = 0

    @property
    def face_shape(self) -> tuple[int, int]:
        """Shape of a face as signals, parameters and values have it: vertices (V, 3), or a rig's channels (1, C)."""
        return self.model.face_shape
