"""A stream that runs neither allocates nor locks: not on the app's thread, and not on the library's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def counts(native_build: Path, native_toy: Path) -> dict[str, list[int]]:
    done = subprocess.run(
        [str(native_build / "quiet_push"), str(native_toy)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {name: [int(number) for number in numbers] for name, *numbers in map(str.split, done.stdout.splitlines())}


@pytest.mark.parametrize("mode", ["worker", "synchronous"])
def test_nothing_is_allocated_or_locked(counts: dict[str, list[int]], mode: str) -> None:
    push_allocations, push_locks, allocations, locks, frames = counts[mode]
    assert frames > 100
    assert (push_allocations, push_locks) == (0, 0)
    assert (allocations, locks) == (0, 0)
