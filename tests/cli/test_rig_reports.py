"""`python -m sdk rig ... --json`: reports that the committed schema describes, with the figures that were found."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import trimesh

from sdk.rigs.head import default_head
from sdk.rigs.reports import SCHEMA, schema_text
from sdk.rigs.shape_file import write_shapes
from sdk.rigs.shape_set import default_shapes
from tests.cli.conftest import Command
from tests.cli.test_rig import SIZE, write_clip

COMMITTED = Path(__file__).parents[2] / SCHEMA


@pytest.fixture
def said_by(command: Command) -> Callable[..., dict[str, Any]]:
    """The JSON report of ``python -m sdk rig ARGUMENTS --json``, which the committed schema describes."""
    schema = json.loads(COMMITTED.read_text())

    def call(*arguments: object) -> dict[str, Any]:
        code, out, err = command("rig", *arguments, "--json")
        assert (code, err) == (0, "")
        report = json.loads(out)
        jsonschema.validate(report, schema)
        assert report["report"] == arguments[0]
        return report

    return call


def test_reports_of_solve_and_pose(said_by, tmp_path) -> None:
    shapes = default_shapes()
    waves = np.clip(np.sin(np.arange(6)[:, None] / 3 + np.arange(52)), 0, 1)
    weights = write_clip(tmp_path / "weights.npz", waves, shapes.channels, "1")
    vertices, table = tmp_path / "vertices.npz", tmp_path / "weights.csv"
    posed = said_by("pose", weights, "-o", vertices)
    assert posed == {"report": "pose", "output": str(vertices), "frames": 6, "vertices": SIZE, "missing": []}
    solved = said_by("solve", vertices, "-o", table)
    assert (solved["output"], solved["frames"], solved["channels"]) == (str(table), 6, 52)
    assert 0 < solved["mean_mm"] < solved["p95_mm"] < 1
    assert 0 < solved["lips_mm"] < 1
    assert solved["doubtful"] is False
    with np.load(vertices) as file:
        shifted = write_clip(tmp_path / "shifted.npz", file["values"] + 30)
    assert said_by("solve", shifted, "-o", table)["doubtful"] is True
    few = write_clip(tmp_path / "few.npz", np.zeros((3, 1)), ["jawOpen"], "1")
    assert len(said_by("pose", few, "-o", vertices)["missing"]) == 51


def test_report_of_check(said_by, tmp_path) -> None:
    shapes = default_shapes()
    picked = [shapes.channels.index(name) for name in ("jawOpen", "mouthClose", "jawOpen")]
    twins = type(shapes)(shapes.vertices, shapes.shapes[picked], ("a", "b", "twin"), shapes.low[:3], shapes.high[:3])
    write_shapes(tmp_path / "shapes.npz", twins)
    report = said_by("check", "--shapes", tmp_path / "shapes.npz", "--frames", 5, "--noise", 0, "--noise", 0.5)
    assert report["frames"] == 5
    assert [level["noise_mm"] for level in report["levels"]] == [0, 0.5]
    assert report["levels"][0]["jitter_in_mm"] < report["levels"][1]["jitter_in_mm"]
    assert report["levels"][0]["lips_mm"] is None, "these shapes name no lips"
    assert list(report["independence"]) == ["a", "b", "twin"]
    assert report["alike"] == ["a", "twin"]


def test_reports_of_landmarks_and_transfer(said_by, tmp_path) -> None:
    """The default face on itself, ten times as small, by all its landmarks."""
    face, table, out = default_shapes(), tmp_path / "pairs.csv", tmp_path / "shapes.npz"
    listed = said_by("landmarks", "-o", table)["landmarks"]
    assert listed == list(face.landmarks)
    triangles = default_head().triangles
    trimesh.Trimesh(face.vertices / 10, triangles, process=False).export(tmp_path / "face.obj", digits=9)
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([["source", "landmark"], *([face.landmarks[name], name] for name in listed)])
    dense = tmp_path / "dense.csv"
    call = ("transfer", tmp_path / "face.obj", "--landmarks", table, "-o", out, "--unit", "cm")
    report = said_by(*call, "--pairs", dense)
    assert (report["shapes"], report["vertices"], report["pairs"]) == (52, SIZE, str(dense))
    assert report["size"] == pytest.approx(1, abs=1e-3)
    assert report["landmark_error_mm"] < 0.01
    assert report["far"] == 0
    assert said_by(*call)["pairs"] is None


def test_the_committed_schema_is_that_of_the_reports() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema_text(), "run python -m sdk.rigs.reports"
    closed = json.loads(schema_text())["$defs"]
    assert all(part["additionalProperties"] is False for part in closed.values())
