"""Sound files: every format gives its samples, every defect one line that names the file and the mend."""

import os
import stat
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from sdk.audio.containers import find_damage
from sdk.audio.files import load_speech, read_audio
from sdk.audio.resample import resample
from sdk.errors import AudioError


def sound(count: int = 24_000, seed: int = 0) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).standard_normal(count) * 0.01
    return (0.3 * np.sin(np.arange(count) * 0.05) + noise).astype(np.float32)


def write(path: Path, samples: NDArray[np.float32], rate: int = 16_000, **options: str) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


def complaint(path: Path) -> str:
    with pytest.raises(AudioError) as caught:
        read_audio(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(path))
    return line


@pytest.mark.parametrize(
    ("name", "subtype", "error"),
    [
        ("a.wav", "PCM_16", 2**-15),
        ("a.wav", "PCM_24", 2**-23),
        ("a.wav", "PCM_U8", 2**-7),
        ("a.wav", "FLOAT", 0),
        ("a.wav", "DOUBLE", 0),
        ("a.flac", "PCM_16", 2**-15),
        ("a.flac", "PCM_24", 2**-23),
    ],
)
def test_lossless_formats_give_their_samples(tmp_path: Path, name: str, subtype: str, error: float) -> None:
    samples, rate = read_audio(write(tmp_path / name, sound(), 44_100, subtype=subtype))
    assert rate == 44_100
    assert samples.dtype == np.float32
    assert samples.flags.c_contiguous
    np.testing.assert_allclose(samples, sound(), rtol=0, atol=error)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_gives_all_its_samples(tmp_path: Path, subtype: str) -> None:
    samples, rate = read_audio(write(tmp_path / "a.ogg", sound(), format="OGG", subtype=subtype))
    assert rate == 16_000
    assert len(samples) == len(sound())
    inner = slice(1_000, -1_000)
    assert np.corrcoef(samples[inner], sound()[inner])[0, 1] > 0.98


def test_channels_are_averaged_across_reading_blocks(tmp_path: Path) -> None:
    left, right = sound(150_000), sound(150_000, seed=1)
    samples, _ = read_audio(write(tmp_path / "a.wav", np.stack([left, right], 1), subtype="FLOAT"))
    np.testing.assert_allclose(samples, (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 192_000])
def test_load_speech_is_at_16_khz(tmp_path: Path, rate: int) -> None:
    path = write(tmp_path / "a.wav", sound(), rate, subtype="FLOAT")
    np.testing.assert_array_equal(load_speech(path), resample(sound(), rate))
    assert len(load_speech(str(path))) == -(-24_000 * 16_000 // rate)


def test_the_name_of_a_file_does_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sound()).rename(tmp_path / "speech.raw")
    assert len(read_audio(path)[0]) == len(sound())


def test_big_endian_and_extensible_wav(tmp_path: Path) -> None:
    for options in ({"endian": "BIG"}, {"format": "WAVEX"}):
        samples, _ = read_audio(write(tmp_path / "a.wav", sound(), **options))
        assert len(samples) == len(sound())


def test_wav_of_unknown_length_from_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sound())
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = b"\xff" * 4
    path.write_bytes(data)
    assert len(read_audio(path)[0]) == len(sound())


def test_flac_of_unknown_length_from_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", sound())
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # the number of samples in STREAMINFO, 36 bits
    data[22:26] = bytes(4)
    path.write_bytes(data)
    assert len(read_audio(path)[0]) == len(sound())
    path.write_bytes(data[: len(data) // 2])
    assert "copy or record it again" in complaint(path)


def test_non_finite_samples_are_left_to_the_caller(tmp_path: Path) -> None:
    samples = sound()
    samples[100], samples[200] = np.nan, np.inf
    ours, _ = read_audio(write(tmp_path / "a.wav", samples, subtype="FLOAT"))
    assert np.flatnonzero(~np.isfinite(ours)).tolist() == [100, 200]


def test_missing_folder_device_and_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    os.mkfifo(tmp_path / "pipe.wav")
    assert "no such file; check the path" in complaint(tmp_path / "missing.wav")
    assert "is a folder" in complaint(tmp_path)
    assert "not a sound file" in complaint(tmp_path / "pipe.wav")
    assert "is empty" in complaint(tmp_path / "empty.wav")


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.wav", sound())
    path.chmod(stat.S_IWUSR)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # a superuser reads whatever the mode says
    assert "cannot be read (Permission denied); check its permissions" in complaint(path)


@pytest.mark.parametrize(
    "content",
    [b"hello", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(1000), np.random.default_rng(0).bytes(4000), b"RI"],
    ids=["text", "png", "zeros", "noise", "two bytes"],
)
def test_what_is_not_sound(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    assert "convert it to WAV, FLAC or Ogg" in complaint(tmp_path / "a.wav")


@pytest.mark.parametrize("format", ["AIFF", "MP3", "W64"])
def test_other_sound_formats_are_named_as_such(tmp_path: Path, format: str) -> None:
    assert "convert it" in complaint(write(tmp_path / "a.snd", sound(), format=format))


@pytest.mark.parametrize("name", ["a.wav", "a.ogg"])
def test_files_without_samples(tmp_path: Path, name: str) -> None:
    assert "holds no samples" in complaint(write(tmp_path / name, sound(0)))


FORMATS = [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS")]


@pytest.mark.parametrize(("format", "subtype"), FORMATS)
@pytest.mark.parametrize("part", [0.001, 0.01, 0.2, 0.5, 0.9, -10, -2, -1])
def test_a_cut_file_is_an_error_never_shorter_sound(tmp_path: Path, format: str, subtype: str, part: float) -> None:
    path = write(tmp_path / "a.snd", sound(), format=format, subtype=subtype)
    data = path.read_bytes()
    path.write_bytes(data[: int(part) if part < 0 else max(5, int(len(data) * part))])
    assert "copy or record it again" in complaint(path)


@pytest.mark.parametrize(("format", "subtype"), FORMATS[2:])
def test_a_hole_in_compressed_sound_is_an_error(tmp_path: Path, format: str, subtype: str) -> None:
    path = write(tmp_path / "a.snd", sound(), format=format, subtype=subtype)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    path.write_bytes(data)
    assert "copy or record it again" in complaint(path)


def test_an_ogg_file_cut_between_pages_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ogg", sound())
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"OggS")])
    assert "last page is missing" in complaint(path)


@pytest.mark.parametrize(("format", "subtype"), FORMATS)
def test_random_damage_never_escapes_as_another_error(tmp_path: Path, format: str, subtype: str) -> None:
    """Bytes overwritten anywhere, the header first: either sound or an AudioError, in little time and memory."""
    path = write(tmp_path / "a.snd", sound(4_000), format=format, subtype=subtype)
    data, random = path.read_bytes(), np.random.default_rng(0)
    for trial in range(60):
        damaged = bytearray(data)
        at = random.integers(4, 60 if trial % 2 else len(data) - 8)
        damaged[at : at + 4] = random.bytes(4)
        path.write_bytes(damaged)
        try:
            samples, rate = read_audio(path)
        except AudioError:
            continue
        assert 0 < len(samples) <= 70_000
        assert rate > 0


def test_a_flac_header_that_promises_terabytes_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", sound())
    data = bytearray(path.read_bytes())
    data[21] |= 0x0F  # high bits of the number of samples in STREAMINFO
    data[22:26] = b"\xff" * 4
    path.write_bytes(data)
    assert "copy or record it again" in complaint(path)


@pytest.mark.parametrize(
    ("rate", "channels", "said"), [(3_999, 1, "3999 samples"), (1, 1, "1 samples"), (16_000, 65, "65")]
)
def test_absurd_headers(tmp_path: Path, rate: int, channels: int, said: str) -> None:
    path = write(tmp_path / "a.wav", np.zeros((100, channels), np.float32), rate)
    assert f"claims {said}" in complaint(path)


def test_wav_chunks_before_the_sound_are_stepped_over(tmp_path: Path) -> None:
    data = write(tmp_path / "a.wav", sound()).read_bytes()
    note = b"note" + struct.pack("<I", 3) + b"abc\0"
    noted = data[:12] + note + data[12:]
    assert find_damage(noted) is None
    assert find_damage(noted[:-1]) == "1 of 48000 bytes of sound are missing"
    assert find_damage(data[:30]) == "the header ends before the sound begins"
    (tmp_path / "a.wav").write_bytes(noted)
    assert len(read_audio(tmp_path / "a.wav")[0]) == len(sound())
