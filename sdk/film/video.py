"""MP4 files: H.264 pictures and AAC sound, through PyAV (FFmpeg's libraries)."""

from __future__ import annotations

import queue
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sdk.errors import UsageError
from sdk.film.colours import LAYOUT, require_av, tag
from sdk.rigs.head import Floats
from sdk.rigs.paint import Image
from sdk.spec import FrameRate

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

SOUND_RATE = 48_000
"""Samples a second in the file: every player takes it."""
QUALITY = {"crf": "20", "preset": "veryfast"}
"""Of x264: visually clean, at a small part of the cost of drawing."""
WAITING = 8
"""Pictures between the one that is added and the one that is encoded."""

AddPicture = Callable[[Image], None]
"""Takes a picture as `sdk.film.colours.planes` codes it."""


@contextmanager
def open_video(
    path: Path, size: tuple[int, int], frame_rate: FrameRate, pcm: Floats, rate: int
) -> Iterator[AddPicture]:
    """Open an MP4 file; the block adds its pictures in order, which are encoded in a thread beside it.

    The file appears under its name only when it is complete: nothing is left behind when the block raises.

    Args:
        path: to write.
        size: width and height of the file's pictures, both even.
        frame_rate: of the pictures.
        pcm: (N,) samples of the sound; no sound if empty.
        rate: of `pcm`.

    Raises:
        MissingDependencyError: PyAV is not installed.
        UsageError: the size is odd, or the file cannot be written.
    """
    av = require_av()
    if size[0] % 2 or size[1] % 2:
        raise UsageError("size", f"{size[0]} x {size[1]} pixels", "H.264 needs even numbers")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            part = Path(folder) / "part.mp4"
            with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as file:
                stream = file.add_stream("libx264", rate=frame_rate.fraction, options=QUALITY)
                stream.width, stream.height = size
                stream.pix_fmt = LAYOUT
                tag(stream)
                sound = file.add_stream("aac", rate=SOUND_RATE, layout="mono") if len(pcm) else None
                with encoding(file, stream, frame_rate) as add:
                    yield add
                if sound is not None:
                    for packet in encoded_sound(av, sound, pcm, rate):
                        file.mux(packet)
            part.replace(path)
    except OSError as error:
        raise UsageError(path, f"cannot be written ({error.strerror})", "name a file in a folder") from error


@contextmanager
def encoding(file: OutputContainer, stream: VideoStream, frame_rate: FrameRate) -> Iterator[AddPicture]:
    """A thread that encodes what is added; what it raises is raised here."""
    av = require_av()
    waiting: queue.Queue[Image | None] = queue.Queue(WAITING)
    failed: list[BaseException] = []

    def work() -> None:
        shown = 0
        while (picture := waiting.get()) is not None:
            if failed:
                continue  # so that the queue empties and nobody waits for ever
            try:
                frame = av.VideoFrame.from_ndarray(picture, format=LAYOUT)
                frame.pts, frame.time_base = shown, 1 / frame_rate.fraction
                file.mux(stream.encode(frame))
                shown += 1
            except BaseException as error:  # noqa: BLE001 - handed to the caller below
                failed.append(error)

    thread = threading.Thread(target=work, name="encoder")
    thread.start()
    try:
        yield waiting.put
    finally:
        waiting.put(None)
        thread.join()
    if failed:
        raise failed[0]
    file.mux(stream.encode(None))


def encoded_sound(av: Any, stream: Any, pcm: Floats, rate: int) -> Iterator[Any]:
    """Packets of sound (N,)."""
    samples = np.clip(pcm, -1.0, 1.0).astype(np.float32)[None]
    whole = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
    whole.sample_rate = rate
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE)
    for frame in [*resampler.resample(whole), *resampler.resample(None)]:
        yield from stream.encode(frame)
    yield from stream.encode(None)
