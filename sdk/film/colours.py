"""Pictures as H.264 holds them: brightness for each pixel, colour for each four, coded by ITU-R BT.709.

A file that does not say how its colours are coded is guessed at: players take small pictures for BT.601 and large ones
for BT.709, and show the wrong of the two with greenish skin.
"""

from __future__ import annotations

from typing import Any

from sdk.errors import MissingDependencyError
from sdk.rigs.paint import Image

LAYOUT = "yuv420p"


def planes(picture: Image, size: tuple[int, int]) -> Image:
    """A picture (h, w, 3) of red, green, blue in 0 to 255 as Y, U, V, one plane below the other.

    Args:
        picture: to be scaled down to `size`.
        size: width and height, both even.

    Returns:
        (height * 3 / 2, width), in BT.709's limited range: black is 16, white 235.

    Raises:
        MissingDependencyError: PyAV is not installed.
    """
    av = require_av()
    from av.video.reformatter import ColorRange, Colorspace

    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    frame = frame.reformat(
        *size,
        LAYOUT,
        interpolation="AREA",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )
    coded: Image = frame.to_ndarray()
    return coded


def tag(stream: Any) -> None:
    """Say in a video stream of PyAV how `planes` codes colours."""
    from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

    stream.codec_context.colorspace = Colorspace.ITU709
    stream.codec_context.color_primaries = ColorPrimaries.BT709
    stream.codec_context.color_trc = ColorTrc.BT709
    stream.codec_context.color_range = ColorRange.MPEG


def require_av() -> Any:
    """The PyAV module."""
    try:
        import av
    except ImportError as error:
        raise MissingDependencyError("av", "is not installed", "pip install 'nowface[render]'") from error
    return av
