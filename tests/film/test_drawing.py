"""Drawing in several processes: the same pictures in the same order, and a process that dies."""

from __future__ import annotations

import os

import numpy as np
import pytest
import threadpoolctl

from sdk.errors import UsageError
from sdk.film import drawing
from sdk.film.drawing import BATCH, WORTH, Shot, drawn, usable_jobs
from sdk.rigs.arkit import ARKIT_52

SHOT = Shot((64, 96), turn=20, finer=1.5)


def speaking(frames: int) -> np.ndarray:
    """Weights in which the jaw opens further from frame to frame, and stays for the last two."""
    weights = np.zeros((frames, 52), np.float32)
    weights[:, ARKIT_52.index("jawOpen")] = np.minimum(np.linspace(0, 1, frames), 0.8)
    return weights


def test_two_processes_draw_what_one_does() -> None:
    faces = speaking(2 * BATCH + 3)
    one, two = (list(drawn(SHOT, faces, jobs)) for jobs in (1, 2))
    assert one[0].shape == (144, 64)
    assert (one[0] != one[6]).any(), "the face moves"
    np.testing.assert_array_equal(np.stack(one), np.stack(two))


def test_linear_algebra_has_one_thread_while_a_clip_is_drawn() -> None:
    """And as many as before afterwards: what is drawn must not slow down what else the process does."""

    def threads() -> set[int]:
        return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        seen = [threads() for _ in drawn(SHOT, speaking(2), 1)]
        assert seen == [{1}, {1}]
        assert threads() == {2}


def test_a_process_that_dies_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "begin", os._exit)  # ends with an error: a shot is no exit status
    with pytest.raises(UsageError, match="give --jobs 1"):
        list(drawn(SHOT, speaking(4), 2))


def test_no_more_processes_than_have_something_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "elsewhere")
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert [usable_jobs(frames) for frames in (0, WORTH, 2 * WORTH, 3 * WORTH + 1, 100 * WORTH)] == [1, 1, 2, 3, 4]
