"""The microphone, through PortAudio and its binding `sounddevice` (extra ``live``)."""

from __future__ import annotations

import queue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.errors import AudioError, MissingDependencyError
from sdk.live.sources import Block, Clock

WAIT = 0.1
"""Seconds at most until `MicrophoneSource.wait` returns."""


class MicrophoneSource:
    """An input device of this machine, one channel at the device's own rate.

    PortAudio calls from a thread of its own; the blocks wait in a queue until they are taken.

    Raises:
        MissingDependencyError: sounddevice or PortAudio is not installed.
        AudioError: there is no such device, or it cannot be opened.
    """

    def __init__(self, device: str | None, block_seconds: float, clock: Clock) -> None:
        """`device` is a number, a part of a name, or None for the system's default."""
        sounddevice = require_sounddevice()
        chosen = int(device) if device is not None and device.isdecimal() else device
        self._blocks: queue.SimpleQueue[Block] = queue.SimpleQueue()
        self._clock = clock
        self._waiting: list[Block] = []
        self.overflows = 0
        try:
            found = sounddevice.query_devices(chosen, "input")
            self.name, self.rate = str(found["name"]), round(found["default_samplerate"])
            self._stream = sounddevice.InputStream(
                device=chosen,
                samplerate=self.rate,
                channels=1,
                dtype="float32",
                blocksize=max(1, round(self.rate * block_seconds)),
                latency="low",
                callback=self._heard,
            )
        except (sounddevice.PortAudioError, ValueError) as error:
            raise _no_device(device, error) from error
        self._error: type[Exception] = sounddevice.PortAudioError

    @property
    def ended(self) -> bool:
        """A microphone never ends by itself."""
        return False

    def start(self) -> None:
        """Begin to listen.

        Raises:
            AudioError: the device does not start.
        """
        try:
            self._stream.start()
        except self._error as error:
            raise _no_device(self.name, error) from error

    def take(self) -> list[Block]:
        """All blocks that have come."""
        blocks, self._waiting = self._waiting, []
        try:
            while True:
                blocks.append(self._blocks.get_nowait())
        except queue.Empty:
            return blocks

    def wait(self) -> None:
        """Until a block comes, or a tenth of a second."""
        try:
            self._waiting.append(self._blocks.get(timeout=WAIT))
        except queue.Empty:
            return

    def close(self) -> None:
        """Stop listening and free the device."""
        self._stream.close()

    def _heard(self, samples: NDArray[np.float32], count: int, times: Any, status: Any) -> None:
        """PortAudio's thread: keep a copy. The device says how long ago the first sample reached it."""
        self.overflows += bool(status.input_overflow)
        age = max(0.0, times.currentTime - times.inputBufferAdcTime) if times.inputBufferAdcTime else count / self.rate
        self._blocks.put(Block(samples[:, 0].copy(), self._clock.now() - age + count / self.rate))


def devices() -> list[tuple[int, str]]:
    """Number and name of each input device.

    Raises:
        MissingDependencyError: sounddevice or PortAudio is not installed.
    """
    found = require_sounddevice().query_devices()
    return [(number, str(each["name"])) for number, each in enumerate(found) if each["max_input_channels"]]


def require_sounddevice() -> Any:
    """The sounddevice module.

    Raises:
        MissingDependencyError: it, or the library under it, is not installed.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise MissingDependencyError("sounddevice", "is not installed", "pip install 'nowface[live]'") from error
    except OSError as error:
        mend = "apt-get install libportaudio2, or give --input FILE"
        raise MissingDependencyError("PortAudio", "is not installed", mend) from error
    return sounddevice


def _no_device(device: str | None, error: Exception) -> AudioError:
    subject = "the microphone" if device is None else f"microphone {device!r}"
    mend = "choose one of --list-devices with --device, or give --input FILE"
    return AudioError(subject, f"cannot be opened ({str(error).strip() or 'no input device'})", mend)
