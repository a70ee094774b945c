"""Sound files: WAV, FLAC and Ogg (Vorbis or Opus) of any rate and number of channels, through libsndfile.

A file that is cut or damaged is an error wherever its format lets one see it, never silently shorter sound.
"""

from __future__ import annotations

import io
from os import PathLike
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from sdk.audio.containers import find_damage
from sdk.audio.pcm import MOST_CHANNELS, to_mono_float
from sdk.audio.resample import HIGHEST_RATE, LOWEST_RATE, resample
from sdk.errors import AudioError

MAGIC = {b"RIFF": "WAV", b"RIFX": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg"}
"""First four bytes of the formats that are read."""
BLOCK_FRAMES = 1 << 16
"""Read at a time: a header that promises more sound than the file has cannot make us reserve memory for it."""
UNKNOWN_FRAMES = 2**63 - 1
"""libsndfile's count for a FLAC file written into a pipe, whose header could not tell it."""

CONVERT = "convert it to WAV, FLAC or Ogg"
FETCH_AGAIN = "copy or record it again"


def read_audio(path: str | PathLike[str]) -> tuple[NDArray[np.float32], int]:
    """Sound of a file as one channel at the file's own rate.

    Non-finite samples of float files are left in place: a session counts and clears them when they are pushed.

    Args:
        path: a WAV, FLAC or Ogg file; its name does not matter.

    Returns:
        samples (N,), N >= 1, channels averaged, full scale 1.0; and the rate in samples a second.

    Raises:
        AudioError: no such file, a folder, unreadable, empty, not sound, cut or damaged, without samples, or of a rate
            or number of channels that cannot be.
    """
    data = _read_bytes(Path(path))
    damage = find_damage(data)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate, claimed = int(file.samplerate), int(file.frames)
            _check_header(path, rate, file.channels)
            # soundfile seeks after every read of a seekable file, which fails where the length is unknown.
            file.seekable = lambda: False
            blocks = []
            while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
                blocks.append(to_mono_float(block))
    except soundfile.SoundFileError as error:
        reason = str(getattr(error, "error_string", error)).rstrip(".")
        raise AudioError(path, damage or f"cannot be decoded ({reason})", FETCH_AGAIN) from error
    got = sum(map(len, blocks))
    if not damage and 0 < got < claimed < UNKNOWN_FRAMES:
        damage = f"{claimed - got} of {claimed} samples are missing"
    if damage:
        raise AudioError(path, damage, FETCH_AGAIN)
    if not got:
        raise AudioError(path, "holds no samples", "give a file with sound in it")
    return np.concatenate(blocks), rate


def load_speech(path: str | PathLike[str]) -> NDArray[np.float32]:
    """Sound of a file as one channel at 16 kHz, (N,) float32, aligned with the file.

    A non-finite sample of a float file makes its neighbours non-finite too if the rate is converted, 3 ms to either
    side (more below 16 kHz); check with `numpy.isfinite` where such files may come.

    Raises:
        AudioError: as `read_audio`.
    """
    samples, rate = read_audio(path)
    return resample(samples, rate)


def _read_bytes(path: Path) -> bytes:
    if not path.exists():
        raise AudioError(path, "there is no such file", "check the path")
    if not path.is_file():
        raise AudioError(path, "is a folder or a device, not a sound file", "name a WAV, FLAC or Ogg file")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            if not magic:
                raise AudioError(path, "is empty", FETCH_AGAIN)
            if magic not in MAGIC:
                raise AudioError(path, "is not a sound file that can be read", CONVERT)
            return magic + file.read()
    except OSError as error:
        raise AudioError(path, f"cannot be read ({error.strerror})", "check its permissions") from error


def _check_header(path: str | PathLike[str], rate: int, channels: int) -> None:
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise AudioError(path, f"claims {rate} samples a second", f"use {LOWEST_RATE} to {HIGHEST_RATE}")
    if channels > MOST_CHANNELS:
        raise AudioError(path, f"claims {channels} channels", f"use {MOST_CHANNELS} or fewer")
