"""Pictures of many faces, drawn by several processes at once. Their number changes no bit of any picture."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sdk.errors import MissingDependencyError, UsageError
from sdk.film.colours import planes, require_av
from sdk.rigs.head import Floats, default_head
from sdk.rigs.paint import Image
from sdk.rigs.render import FaceRenderer
from sdk.rigs.scene import require_vtk

BATCH = 4
"""Faces that a process is given at a time."""
AHEAD = 3
"""Batches for each process that are drawn or wait to be taken: more need memory, fewer leave processes idle."""
WORTH = 60
"""Frames that a process should have to draw: beginning takes it as long as about that many."""


@dataclass(frozen=True)
class Shot:
    """How a clip is drawn.

    Attributes:
        size: width and height of its pictures in pixels, both even.
        turn: degrees by which the camera goes round the head, to the face's left.
        finer: pixels that are drawn for one of the clip, each way.
    """

    size: tuple[int, int]
    turn: float = 0.0
    finer: float = 1.0

    def camera(self) -> FaceRenderer:
        """What draws it."""
        drawn = round(self.size[0] * self.finer), round(self.size[1] * self.finer)
        return FaceRenderer(default_head(), drawn, self.turn, samples=1)


def require_threadpoolctl() -> Any:
    """What keeps NumPy's linear algebra to one thread. Its products for one face are so small that threads wait for
    each other longer than they work, and take the cores from those that draw: a clip takes 1.5 to 2.3 times as long.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import threadpoolctl
    except ImportError as error:
        raise MissingDependencyError("threadpoolctl", "is not installed", "pip install 'nowface[render]'") from error
    return threadpoolctl


def usable_jobs(frames: int) -> int:
    """Processes that draw `frames` in the least time: one a core that may be used, as long as each has enough to do."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(cores, frames // WORTH))


def drawn(shot: Shot, faces: Floats, jobs: int) -> Iterator[Image]:
    """Pictures of `faces` in their order, as `sdk.film.colours.planes` codes them.

    Args:
        shot: how.
        faces: (T, 52) weights or (T, V, 3) millimetres of the default head.
        jobs: processes; 1 is this one.

    Raises:
        MissingDependencyError: VTK, EGL or PyAV is not installed.
        UsageError: a process ended before its time.
    """
    if jobs == 1:
        with require_threadpoolctl().threadpool_limits(1, user_api="blas"), shot.camera() as camera:
            yield from (planes(camera.draw(face), shot.size) for face in faces)
        return
    require_av()
    require_vtk()
    require_threadpoolctl()
    with ProcessPoolExecutor(jobs, clean_processes(), initializer=begin, initargs=(shot,)) as pool:
        batches = (pool.submit(draw_batch, faces[first : first + BATCH]) for first in range(0, len(faces), BATCH))
        waiting: deque[Future[list[Image]]] = deque(islice(batches, AHEAD * jobs))
        try:
            while waiting:
                done = waiting.popleft().result()
                waiting.extend(islice(batches, 1))
                yield from done
        except BrokenProcessPool as error:
            raise UsageError("--jobs", f"one of {jobs} processes that draw has ended", "give --jobs 1") from error
        finally:
            pool.shutdown(cancel_futures=True)


def clean_processes() -> multiprocessing.context.BaseContext:
    """Processes that inherit no thread and no lock of this one; on Linux what they import is imported once for all."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "vtkmodules.vtkRenderingOpenGL2"])
    return context


shots: list[tuple[Shot, FaceRenderer]] = []
"""What this process draws with; begun once, because that takes longer than a picture."""


def begin(shot: Shot) -> None:
    """Make this process ready to draw."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for this one
    os.environ["LP_NUM_THREADS"] = "0"  # of Mesa: the processes share the cores already
    require_threadpoolctl().threadpool_limits(1, user_api="blas")
    shots.append((shot, shot.camera()))


def draw_batch(faces: Floats) -> list[Image]:
    """Pictures of some faces, in a process that has begun."""
    ((shot, camera),) = shots
    return [planes(camera.draw(face), shot.size) for face in faces]
