"""The native reader, and the manifests that tests change."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bindings.native.bundle.agreement import NativeReader, Tree


@pytest.fixture(scope="module")
def native(native_build: Path) -> Iterator[NativeReader]:
    reader = NativeReader(native_build)
    yield reader
    assert reader.process.stdin
    reader.process.stdin.close()
    assert reader.process.wait() in (0, 2)


@pytest.fixture(scope="session")
def toy(toy_bundle: Path) -> Tree:
    parsed: Tree = json.loads((toy_bundle / "manifest.json").read_text())
    return parsed


@pytest.fixture(scope="session")
def full(toy: Tree) -> Tree:
    return with_everything(toy)


def with_everything(toy: Tree) -> Tree:
    """The toy's manifest with every optional key, a signal, a noise and named values."""
    tree = copy.deepcopy(toy)
    pipeline = tree["pipeline"]
    decoder = next(stage for stage in pipeline["stages"] if stage["clock"] == "frame")
    face = {"name": "pose", "shape": [1, 3], "dtype": "float32", "unit": "rad", "low": -4, "high": 4.5}
    pipeline["signals"] = [{"name": "face", "tensors": [face], "hold_samples": 1600}]
    decoder["inputs"] += [
        {"name": "pose", "shape": [1, 3], "source": "face.pose"},
        {"name": "draw", "shape": [1, 8], "source": "noise.draw"},
    ]
    pipeline["values"] = f"{decoder['name']}.coefficients"
    tree["channels"] = list("abcdefgh")
    tree["basis"] = tree["parameters"]
    stages = [stage["name"] for stage in pipeline["stages"]]
    tree["targets"].append(
        {
            "target": "executorch",
            "precision": "int8_dynamic",
            "artefacts": {**dict.fromkeys(stages, "reference"), stages[0]: "README.md"},
            "tools": {"executorch": "1.4.1"},
            "minimum_os": {"iOS": "18.0"},
            "rewrites": ["layer_norm_as_linear_means"],
            "undelegated": ["aten.where x2"],
            "layers": {stages[0]: {"project": "int8"}},
            "calibration": "0" * 64,
            "tolerance": {
                "max_abs_of_range": 1e-4,
                "rms_of_range": 1e-5,
                "digest_relative": 0,
                "label_agreement": 1,
                "motion_deviation": 1.5,
                "gain_error": None,
                "lip_error_mm": 0.5,
                "closure_points": 3,
                "lag_ms": None,
                "jitter_mm": 0.1,
            },
            "measured": {"max_abs_of_range": 3e-7},
        }
    )
    return tree
