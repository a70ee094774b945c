"""What DropToken saves: training steps of VATT's encoders on all tokens and on half of them, in turns in one run.

    OMP_NUM_THREADS=1 pytest tests/benchmarks/test_vatt.py --benchmark-enable -m "slow or not slow" -s

A step is forward, backward and Adam for one clip, at the published Base size and the published numbers of tokens. The
rows' extra information, in the file that `--benchmark-json` writes, holds the seconds of processor time of each kind of
step, which others on the machine do not lengthen, and their ratio.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn

from sdk.models.vatt.audio import WaveformEncoder
from sdk.models.vatt.config import BASE, DROP_RATE, AudioConfig, TransformerConfig, VideoConfig
from sdk.models.vatt.drop_token import choose_tokens, kept_count
from sdk.models.vatt.video import VideoEncoder

SLOW = pytest.mark.slow
SHALLOW = BASE.model_copy(update={"layers": 1})
ROUNDS = 3


def audio(sizes: TransformerConfig) -> tuple[nn.Module, Tensor, int]:
    """Encoder, a clip of 3.2 s at 48 kHz, tokens."""
    return WaveformEncoder(AudioConfig(transformer=sizes)), torch.randn(1, 153_600), 1200


def video(sizes: TransformerConfig) -> tuple[nn.Module, Tensor, int]:
    """Encoder, a clip of 32 frames of 224 x 224, tokens."""
    return VideoEncoder(VideoConfig(transformer=sizes)), torch.randn(1, 32, 224, 224, 3), 1568


@pytest.mark.parametrize(
    ("build", "sizes"),
    [(audio, SHALLOW), pytest.param(audio, BASE, marks=SLOW), pytest.param(video, BASE, marks=SLOW)],
    ids=["audio, one layer", "audio, Base", "video, Base"],
)
def test_a_training_step(
    benchmark: BenchmarkFixture,
    build: Callable[[TransformerConfig], tuple[nn.Module, Tensor, int]],
    sizes: TransformerConfig,
) -> None:
    torch.manual_seed(0)
    encoder, clip, tokens = build(sizes)
    optimiser = torch.optim.Adam(encoder.parameters(), 1e-4)
    kept = choose_tokens(torch.rand(tokens), kept_count(tokens, DROP_RATE))
    seconds: dict[str, list[float]] = {"all": [], "half": []}

    def step(name: str, places: Tensor | None) -> None:
        start = time.process_time()
        encoded = encoder(clip, places)
        assert encoded.tokens.shape[1] == (tokens if places is None else tokens // 2)
        encoded.pooled.square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()
        seconds[name].append(time.process_time() - start)

    def both() -> None:
        step("all", None)
        step("half", kept)

    rounds = ROUNDS if benchmark.enabled else 1
    benchmark.pedantic(both, rounds=rounds, warmup_rounds=1 if benchmark.enabled else 0)
    steps = {name: median(values[-rounds:]) for name, values in seconds.items()}
    benchmark.extra_info |= {f"seconds, {name}": round(value, 3) for name, value in steps.items()}
    benchmark.extra_info["all over half"] = round(steps["all"] / steps["half"], 2)
    assert steps["half"] < steps["all"]
