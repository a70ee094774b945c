"""A stream that runs neither allocates nor locks: not on the app's thread, and not on the library's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

RETARGET = """{
  "format_version": 1,
  "channels": {"a": {"gain": 1.5, "offset": 0.1, "low": 0, "high": 1}},
  "other_channels": {"smoothing_ms": 60},
  "knobs": {"jaw": {"channels": ["a", "b"], "closing": ["c"]}}
}"""


@pytest.fixture(scope="module", params=["plain", "retargeted"])
def counts(
    native_build: Path, native_toy: Path, named_toy: Path, request: pytest.FixtureRequest
) -> dict[str, list[int]]:
    arguments = [native_toy] if request.param == "plain" else [named_toy, RETARGET, "jaw"]
    command = [str(native_build / "quiet_push"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: [int(number) for number in numbers] for name, *numbers in map(str.split, done.stdout.splitlines())}


@pytest.mark.parametrize("mode", ["worker", "synchronous"])
def test_nothing_is_allocated_or_locked(counts: dict[str, list[int]], mode: str) -> None:
    push_allocations, push_locks, allocations, locks, frames = counts[mode]
    assert frames > 100
    assert (push_allocations, push_locks) == (0, 0)
    assert (allocations, locks) == (0, 0)
