"""VATT's encoders and the sync meter through the exporter, small: every target lowered, and the gate passed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from export.exporter import export_bundle
from export.plan import Job
from export.targets.base import LoweringOptions, find_target
from sdk.bundle import Bundle
from sdk.models.vatt.config import TransformerConfig
from sdk.models.vatt.entry import CARD
from sdk.models.vatt.streaming.config import CausalConfig, StreamingConfig, SyncConfig
from sdk.models.vatt.streaming.pipeline import build_stages, staged_model
from sdk.runtime import Frame
from sdk.stage import Stage
from tests.export.coreml_loops import largest_error, lower_and_open
from tests.models.vatt.small import shaken
from tests.toy_bundle import speech_like

TINY = TransformerConfig(layers=2, width=64, heads=4, head_width=16, ffn=128)
CONFIG = StreamingConfig(
    audio=CausalConfig(transformer=TINY, patch=320, window=12),
    space=32,
    sync=SyncConfig(motion=CausalConfig(transformer=TINY, patch=1, window=12), numbers=20, reach=6),
)
QUICK = [("onnx", "fp32"), ("onnx", "int8")]
SLOW = [("executorch", "fp32"), ("onnx", "fp16")]
Jobs = list[tuple[str, str]]


def stages() -> list[Stage]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return [shaken(stage) for stage in build_stages(CONFIG)]


@pytest.fixture(scope="module", params=[QUICK, pytest.param(SLOW, marks=pytest.mark.slow)], ids=["quick", "slow"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Jobs]:
    folder = tmp_path_factory.mktemp("vatt") / "vatt"
    jobs = [Job(find_target(target), precision) for target, precision in request.param]
    staged = staged_model("vatt", CONFIG, stages(), CARD)
    export_bundle(staged, jobs, folder, options=LoweringOptions(), speech=speech_like(48_000))
    with Bundle.open(folder) as opened:
        yield opened, [("eager", "fp32"), *request.param]


def test_every_target_gives_the_embeddings_of_the_model(exported: tuple[Bundle, Jobs]) -> None:
    """Cosine of each frame's embedding with the eager one's; `export_bundle` has held its tolerances already."""
    bundle, jobs = exported
    eager = frames(bundle, "eager", "fp32")
    for target, precision in jobs:
        ours = frames(bundle, target, precision)
        assert len(ours) == 45
        for name in ("audio_head.embedding", "motion_encoder.embedding"):
            one, other = (np.concatenate([frame.outputs[name] for frame in each]) for each in (ours, eager))
            np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1, atol=1e-2)
            assert (one * other).sum(1).min() > (0.99 if precision == "int8" else 0.9999)
            assert other.std(0).max() > 0.02, "they follow what is heard and seen"
        scores, expected = (np.stack([frame.values for frame in each]) for each in (ours, eager))
        assert scores.shape == (45, 13)
        np.testing.assert_allclose(scores, expected, atol=0.1 if precision == "int8" else 2e-3)


def frames(bundle: Bundle, target: str, precision: str) -> list[Frame]:
    """A second and a half of sound with a face that moves."""
    with bundle.session(target=target, precision=precision) as session:
        for index in range(45):
            values = np.sin(index / (3 + np.arange(20)), dtype=np.float32)[None]
            session.push_signal("motion", {"values": values, "seen": np.ones((1, 1), np.float32)}, sample=index * 533)
        session.push(speech_like(24_000, seed=3))
        return list(session.poll())


@pytest.mark.slow
def test_core_ml_programs_compute_the_same(tmp_path: Path) -> None:
    """In the interpreter, or on a Mac in Core ML itself: each stage in a closed loop on its own state."""
    target = find_target("coreml")
    for stage in stages():
        executor = lower_and_open(target, "fp32", stage, tmp_path)
        assert largest_error(stage, executor, steps=20) < 1e-5, stage.name
