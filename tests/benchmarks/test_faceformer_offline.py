"""Exact FaceFormer against the published prediction loop, at the published decoder size (d = 64, 5,023 vertices).

    OMP_NUM_THREADS=1 pytest tests/benchmarks/test_faceformer_offline.py --benchmark-enable -m "slow or not slow"

compares both at 2, 10 and 30 s of speech, one group a length, and ours alone at 120 s, where the published loop takes
many minutes: its time grows with the square of the length. The decoder is measured from given encoder vectors; the
whole has a small encoder, so that the loop is what is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from sdk.models.faceformer import FaceFormer, FaceFormerConfig
from sdk.models.faceformer.checkpoint import published_state
from sdk.models.faceformer.rollout import rollout
from tests.models.naive_faceformer import NaiveFaceFormer
from tests.models.tiny_faceformer import example, tiny_config, tiny_faceformer

CONFIG = FaceFormerConfig(encoder=tiny_config().encoder)
LENGTHS = [2, 10, pytest.param(30, marks=pytest.mark.slow)]
ONLY_OURS = pytest.param(120, marks=pytest.mark.slow)


@cache
def ours() -> FaceFormer:
    return tiny_faceformer(CONFIG)


@cache
def naive(frames: int) -> NaiveFaceFormer:
    return NaiveFaceFormer(published_state(ours()), CONFIG.dataset, CONFIG.period, frames)


def frames_of(seconds: int) -> int:
    return CONFIG.frame_count(CONFIG.encoder.feature_count(16_000 * seconds))


def encoder_vectors(seconds: int) -> Tensor:
    shape = (1, frames_of(seconds), CONFIG.feature_dim)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def our_decoder(encoded: Tensor, template: Tensor, style: Tensor) -> Tensor:
    model = ours()
    decoder = model.transformer_decoder
    memory = decoder.project_memory(encoded)
    hidden = rollout(
        decoder.layer,
        memory,
        style=model.obj_vector(style),
        feedback=model.feedback(style),
        places=model.PPE.table(len(memory)),
        period=decoder.period,
    )
    return model.vertice_map_r(hidden) + template[:, None]


def measure(benchmark: BenchmarkFixture, group: str, seconds: int, run: Callable[[], Tensor]) -> Tensor:
    benchmark.group = f"{group}, {seconds} s"
    rounds = 3 if seconds < 30 else 1
    with torch.no_grad():
        vertices: Tensor = benchmark.pedantic(run, rounds=rounds, warmup_rounds=1 if benchmark.enabled else 0)
    assert vertices.shape == (1, frames_of(seconds), CONFIG.vertice_dim)
    return vertices


@pytest.mark.parametrize("seconds", LENGTHS)
def test_published_decoder(benchmark: BenchmarkFixture, seconds: int) -> None:
    encoded, (_, template, style) = encoder_vectors(seconds), example(CONFIG, 0)
    model, frames = naive(frames_of(seconds)), frames_of(seconds)
    measure(benchmark, "decoder", seconds, lambda: model.autoregressive(encoded, template, style, frames))


@pytest.mark.parametrize("seconds", [*LENGTHS, ONLY_OURS])
def test_our_decoder(benchmark: BenchmarkFixture, seconds: int) -> None:
    encoded, (_, template, style) = encoder_vectors(seconds), example(CONFIG, 0)
    measure(benchmark, "decoder", seconds, lambda: our_decoder(encoded, template, style))


@pytest.mark.parametrize("seconds", LENGTHS)
def test_published_whole(benchmark: BenchmarkFixture, seconds: int) -> None:
    arguments, model = example(CONFIG, 16_000 * seconds), naive(frames_of(seconds))
    measure(benchmark, "whole", seconds, lambda: model.predict(*arguments))


@pytest.mark.parametrize("seconds", [*LENGTHS, ONLY_OURS])
def test_our_whole(benchmark: BenchmarkFixture, seconds: int) -> None:
    arguments = example(CONFIG, 16_000 * seconds)
    vertices = measure(benchmark, "whole", seconds, lambda: ours().animate(*arguments))
    if seconds == 2:
        with torch.no_grad():
            oracle = naive(frames_of(seconds)).predict(*arguments)
        torch.testing.assert_close(vertices, oracle, atol=2e-4, rtol=0)
