"""Exact MeshTalk at the published size (16 heads, 128 classes, 6,172 vertices; random weights), a part at a time.

    OMP_NUM_THREADS=1 pytest tests/benchmarks/test_meshtalk.py --benchmark-enable -m "slow or not slow"

compares the sampler with the published loop, `tests.models.meshtalk.naive_context`, at 2, 5 and 10 s of speech, and
runs ours alone at 60 s, where the loop takes minutes: its copies of the history grow with the clip. Each row's extra
information, in the file that `--benchmark-json` writes, holds milliseconds a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from sdk.models.meshtalk import MeshTalk
from sdk.models.meshtalk.front_end import frame_count
from sdk.models.meshtalk.sampler import ContextSampler
from sdk.models.meshtalk.smoothing import smooth
from tests.models.meshtalk.naive_context import NaiveContext
from tests.models.meshtalk.small import small_meshtalk

HEADS, CLASSES, VERTICES = 16, 128, 6172
SLOW = pytest.mark.slow
LENGTHS = [pytest.param(seconds, marks=SLOW) for seconds in (2, 5, 10)]
ONLY_OURS = pytest.param(60, marks=SLOW)
SHORT = 0.2
"""Seconds of the one run that every change must pass: it checks the labels."""


@cache
def model() -> MeshTalk:
    return small_meshtalk(HEADS, CLASSES, VERTICES)


@cache
def sampler() -> ContextSampler:
    return ContextSampler(model().context_model)


@cache
def naive() -> NaiveContext:
    return NaiveContext(model().context_model)


def frames_of(seconds: float) -> int:
    return frame_count(int(16_000 * seconds))


def draw(seconds: float) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    frames = frames_of(seconds)
    audio_code = torch.randn(frames, 128, generator=generator)
    return audio_code, torch.rand(frames, HEADS, CLASSES, generator=generator)


def measure(benchmark: BenchmarkFixture, part: str, seconds: float, run: Callable[[], Tensor]) -> Tensor:
    benchmark.group = f"{part}, {seconds} s"
    rounds = 3 if seconds < 10 else 1
    result: Tensor = benchmark.pedantic(run, rounds=rounds, warmup_rounds=1 if benchmark.enabled else 0)
    if benchmark.enabled:
        benchmark.extra_info["milliseconds a frame"] = round(benchmark.stats.stats.min / frames_of(seconds) * 1e3, 2)
    return result


@pytest.mark.parametrize("seconds", LENGTHS)
def test_published_sampling(benchmark: BenchmarkFixture, seconds: float) -> None:
    audio_code, uniforms = draw(seconds)
    labels = measure(benchmark, "sampling", seconds, lambda: naive().sample(audio_code, uniforms))
    assert labels.shape == (frames_of(seconds), HEADS)


@pytest.mark.parametrize("seconds", [SHORT, *LENGTHS, ONLY_OURS])
def test_our_sampling(benchmark: BenchmarkFixture, seconds: float) -> None:
    audio_code, uniforms = draw(seconds)
    labels = measure(benchmark, "sampling", seconds, lambda: sampler().sample(audio_code, uniforms))
    if seconds in (SHORT, 2):
        assert torch.equal(labels, naive().sample(audio_code, uniforms))


@SLOW
def test_tables_of_the_sampler(benchmark: BenchmarkFixture) -> None:
    """What a clip pays once after the weights changed."""
    benchmark.group = "sampler's tables"
    tables = benchmark.pedantic(lambda: ContextSampler(model().context_model), rounds=3, warmup_rounds=1)
    assert len(tables.waves) == 4


@SLOW
@pytest.mark.parametrize("part", ["audio encoder", "geometry decoder", "smoothing", "whole"])
@pytest.mark.parametrize("seconds", [2, 10, 60])
def test_the_other_parts(benchmark: BenchmarkFixture, part: str, seconds: float) -> None:
    _, uniforms = draw(seconds)
    generator = torch.Generator().manual_seed(0)
    audio = 0.1 * torch.randn(1, 16_000 * int(seconds), generator=generator)
    template = 40 * torch.randn(1, VERTICES, 3, generator=generator)
    labels = torch.randint(CLASSES, (1, frames_of(seconds), HEADS), generator=generator)
    geometry = template[:, None].expand(1, frames_of(seconds), VERTICES, 3)
    mask = torch.rand(VERTICES, generator=generator)
    runs: dict[str, Callable[[], Tensor]] = {
        "audio encoder": lambda: model().encode_audio(audio),
        "geometry decoder": lambda: model().decode(template, labels),
        "smoothing": lambda: smooth(geometry, mask),
        "whole": lambda: model().animate(audio, template, uniforms, mask),
    }
    assert measure(benchmark, part, seconds, runs[part]).shape[1] == frames_of(seconds)
