"""What a session costs: per frame, from the first frame to the 100,000th, and in memory over an hour.

Run with ``pytest tests/benchmarks/test_session.py --benchmark-enable -m ""``; the figures of the long ones are in the
``extra_info`` of ``--benchmark-json``. Ratios are of interleaved runs in one process, so that a busy machine slows both
sides.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from export.precision import FP32
from export.targets.base import LoweringOptions, find_target
from sdk.models.faceformer.entry import ENTRY as FACEFORMER
from sdk.models.registry import BuildOptions
from sdk.runtime import EagerExecutor, Frame, Session
from sdk.runtime.executor import Array, Executor, ExecutorSource, open_executor
from sdk.spec import PipelineSpec
from tests.toy import ENTRY as TOY

SECOND = (np.random.default_rng(0).standard_normal(16_000) * 2_000).astype(np.int16)
BLOCK = 30
"""Frames timed at once; the default health interval, so that every block holds one look at the state."""


class Model(NamedTuple):
    """All that a session needs; any model will do."""

    pipeline: PipelineSpec
    executor: Executor
    parameters: Mapping[str, Array]


@pytest.fixture(scope="module", params=["toy eager", "default onnx"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """The toy, whose cost is the session's own, and the embedded default as an app runs it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    if request.param == "toy eager":
        staged = TOY.build(BuildOptions())
        yield Model(staged.pipeline, EagerExecutor(staged.stages), staged.parameters)
    else:
        staged, target = FACEFORMER.build(BuildOptions()), find_target("onnx")
        folder = tmp_path_factory.mktemp("default")
        files = {stage.name: folder / f"{stage.name}.onnx" for stage in staged.stages}
        for stage in staged.stages:
            target.lower(stage, FP32, files[stage.name], LoweringOptions())
        source = ExecutorSource("onnx", "fp32", staged.pipeline, files)
        yield Model(staged.pipeline, open_executor(source), staged.parameters)
    torch.set_num_threads(threads)


def endless(session: Session) -> Iterator[Frame]:
    """Frames of speech without end, a second pushed at a time."""
    while True:
        session.push(SECOND)
        yield from session.poll()


def block_seconds(frames: Iterator[Frame]) -> float:
    began = time.process_time()
    for _ in islice(frames, BLOCK):
        pass
    return time.process_time() - began


def resident_bytes() -> int:
    """Memory of this process that is in RAM now."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, text=True, check=True)
    return int(told.stdout) * 1024


def test_one_frame(benchmark: BenchmarkFixture, model: Model) -> None:
    frames = endless(Session(*model))
    next(frames)
    assert benchmark(lambda: next(frames)).index > 0


def test_push_of_ten_milliseconds_at_48_khz(benchmark: BenchmarkFixture, model: Model) -> None:
    session = Session(*model, queue_seconds=1)
    benchmark(session.push, SECOND[:480], 48_000)
    assert session.report.samples > 0


def test_snapshot_with_ten_seconds_waiting(benchmark: BenchmarkFixture, model: Model) -> None:
    session = Session(*model)
    session.push(np.tile(SECOND, 10))
    assert benchmark(session.snapshot).queue.first_hop == 0


@pytest.mark.parametrize("frames", [600, pytest.param(100_000, marks=pytest.mark.slow)])
def test_frame_cost_is_flat(benchmark: BenchmarkFixture, model: Model, frames: int) -> None:
    """A stream that has given so many frames against a new one, block by block in turns."""
    old = endless(Session(*model))
    for _ in islice(old, frames):
        pass

    def measure() -> tuple[float, float]:
        new = endless(Session(*model))
        block_seconds(new)
        pairs = [(block_seconds(old), block_seconds(new)) for _ in range(15)]
        late, early = (statistics.median(side) / BLOCK for side in zip(*pairs, strict=True))
        return late, early

    late, early = benchmark.pedantic(measure)
    benchmark.extra_info |= {"frames": frames, "early_us": early * 1e6, "late_us": late * 1e6, "ratio": late / early}
    if frames >= 100_000:  # the short form only keeps this code running: a busy machine must not fail a change
        assert late < 1.5 * early


@pytest.mark.parametrize("seconds", [20, pytest.param(3_600, marks=pytest.mark.slow)])
def test_memory_is_flat(benchmark: BenchmarkFixture, model: Model, seconds: int) -> None:
    """Resident memory after the first tenth of the stream against its highest value since."""
    session = Session(*model)

    def run() -> list[int]:
        seen = []
        for _ in range(seconds):
            session.push(SECOND)
            for _ in session.poll():
                pass
            seen.append(resident_bytes())
        return seen

    seen = benchmark.pedantic(run)
    growth = max(seen[seconds // 10 :]) - seen[seconds // 10]
    benchmark.extra_info |= {"seconds": seconds, "resident_mb": max(seen) / 2**20, "growth_mb": growth / 2**20}
    assert growth < 4 * 2**20
