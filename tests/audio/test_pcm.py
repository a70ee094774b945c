"""Sample formats to mono float32."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from sdk.audio.pcm import to_mono_float
from sdk.errors import AudioError


def test_int16_is_divided_by_32768() -> None:
    given = np.array([-32768, -1, 0, 1, 16384, 32767], np.int16)
    ours = to_mono_float(given)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, np.array([-1, -1 / 32768, 0, 1 / 32768, 0.5, 32767 / 32768], np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_scale_even_beyond_full_scale(dtype: type) -> None:
    assert to_mono_float(np.array([-2.5, 0, 1.5], dtype)).tolist() == [-2.5, 0.0, 1.5]


def test_channels_are_averaged() -> None:
    stereo = np.array([[1000, 3000], [-32768, -32768], [7, 8]], np.int16)
    np.testing.assert_array_equal(to_mono_float(stereo), np.array([2000, -32768, 7.5], np.float32) / 32768)
    assert to_mono_float(np.array([[0.5], [0.25]])).tolist() == [0.5, 0.25]


@settings(deadline=None)
@given(
    pcm=npst.arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(2, 8)), elements=st.floats(-1, 1, width=32))
)
def test_a_mix_does_not_depend_on_how_the_sound_is_cut(pcm: np.ndarray) -> None:
    """Oracle: numpy's mean; and every frame on its own gives the same bits."""
    whole = to_mono_float(pcm)
    np.testing.assert_allclose(whole, pcm.mean(1, dtype=np.float64), atol=1e-7)
    one_by_one = [to_mono_float(pcm[start : start + 1]) for start in range(len(pcm))]
    assert np.concatenate(one_by_one).tobytes() == whole.tobytes()


def test_non_finite_samples_pass_through() -> None:
    ours = to_mono_float(np.array([np.nan, np.inf, 0.5], np.float32))
    assert np.isnan(ours[0])
    assert np.isinf(ours[1])
    assert ours[2] == 0.5


def test_empty_and_strided_input() -> None:
    assert to_mono_float(np.zeros(0, np.int16)).shape == (0,)
    assert to_mono_float(np.zeros((0, 2), np.float32)).shape == (0,)
    strided = to_mono_float(np.arange(10, dtype=np.float32)[::2])
    assert strided.flags.c_contiguous
    assert strided.tolist() == [0, 2, 4, 6, 8]


@pytest.mark.parametrize(
    ("pcm", "said"),
    [
        (np.zeros(4, np.int32), "type int32"),
        (np.zeros(4, np.uint8), "type uint8"),
        (np.zeros(4, np.complex64), "type complex64"),
        (["a", "b"], "is not a sample format"),
        (np.float32(1), "shape \\(\\)"),
        (np.zeros((4, 0), np.float32), "shape \\(4, 0\\)"),
        (np.zeros((2, 16_000), np.int16), "more than 64 channels"),
        (np.zeros((2, 2, 2), np.float32), "shape \\(2, 2, 2\\)"),
    ],
)
def test_anything_else_is_refused(pcm: object, said: str) -> None:
    with pytest.raises(AudioError, match=said):
        to_mono_float(pcm)  # type: ignore[arg-type]
