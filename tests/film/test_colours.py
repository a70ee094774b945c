"""What a player is told of a clip's colours, and whether it then shows those that were drawn."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from sdk.film.colours import planes
from sdk.film.video import open_video
from sdk.rigs.paint import LIPS, SKIN
from sdk.spec import FrameRate

SIZE = (64, 64)
COLOURS = {"skin": SKIN, "lips": LIPS, "white": (255, 255, 255), "black": (0, 0, 0), "green": (0, 255, 0)}


def even(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((96, 96, 3), colour, np.uint8)


@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS)
def test_the_formula_is_that_of_bt_709(colour: tuple[int, int, int]) -> None:
    """Rec. ITU-R BT.709-6, items 3.2 to 3.4, in 8 bits."""
    red, green, blue = np.array(colour) / 255
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    expected = [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748]
    coded = planes(even(colour), SIZE)
    assert coded.shape == (96, 64)
    means = [coded[:64].mean(), coded[64:80].mean(), coded[80:].mean()]
    np.testing.assert_allclose(means, expected, atol=1.0)


def test_the_file_says_so_and_a_player_shows_the_skin(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    with open_video(clip, SIZE, FrameRate(num=30), np.zeros(0, np.float32), 16_000) as add:
        for _ in range(3):
            add(planes(even(SKIN), SIZE))
    with av.open(str(clip)) as file:
        context = file.streams.video[0].codec_context
        said = context.colorspace, context.color_primaries, context.color_trc, context.color_range
        assert said == (Colorspace.ITU709, ColorPrimaries.BT709, ColorTrc.BT709, ColorRange.MPEG)
        frame = next(file.decode(video=0))
    assert (frame.colorspace, frame.color_range) == (Colorspace.ITU709, ColorRange.MPEG)
    shown = frame.reformat(format="rgb24", src_colorspace=frame.colorspace).to_ndarray()
    np.testing.assert_allclose(shown.reshape(-1, 3).mean(axis=0), SKIN, atol=2)
