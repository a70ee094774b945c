"""A sum that half precision cannot hold stops the export of a real program; in 32 bits nothing is wrong with it."""

from importlib.metadata import EntryPoint

import pytest
import torch

from export.exporter import export_bundle
from export.plan import calibration_speech, plan_jobs
from export.targets.base import LoweringOptions
from sdk.errors import ParityError
from sdk.models import registry
from sdk.models.registry import BuildOptions
from tests.export import square_toy
from tests.plugins import register

LARGE = 1e5
"""The hidden vector in other units: its weights still fit half precision, its sums do not."""


@pytest.fixture
def large(monkeypatch):
    """The toy with a decoder that gives the same, by way of numbers `LARGE` times as large."""
    point = EntryPoint("square_toy", "tests.export.square_toy:ENTRY", registry.ENTRY_POINT_GROUP)
    register(monkeypatch, registry.ENTRY_POINT_GROUP, [point], alone=True)
    plain = square_toy.square_stages

    def scaled(seed=0):
        stages = plain(seed)
        decoder = stages[-1]
        with torch.no_grad():
            for tensor in (decoder.enter.weight, decoder.enter.bias, decoder.turn.bias):
                tensor.mul_(LARGE)
            decoder.read.weight.div_(LARGE)
        return stages

    return lambda: monkeypatch.setattr(square_toy, "square_stages", scaled)


def export(target, precision, folder):
    staged = square_toy.ENTRY.build(BuildOptions())
    speech = calibration_speech(None)[:16_000]
    return export_bundle(staged, plan_jobs([target], [precision]), folder, options=LoweringOptions(), speech=speech)


def test_the_program_that_fits_passes(large, tmp_path):
    assert export("coreml", "fp16", tmp_path / "toy").parity.passed


def test_an_overflow_stops_the_export(large, tmp_path):
    large()
    assert export("coreml", "fp32", tmp_path / "whole").parity.passed
    with pytest.raises(ParityError, match=r"not written: coreml fp16 \w+: motion_decoder\.\w+: .*NaN or infinite"):
        export("coreml", "fp16", tmp_path / "half")
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
