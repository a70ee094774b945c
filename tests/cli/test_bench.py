"""The bench command counts the steps that the clock says and reports every stage of every target."""

from __future__ import annotations

import json

import pytest

from export.exporter import export_bundle
from export.plan import plan_jobs
from export.targets.base import LoweringOptions
from sdk.cli import common
from sdk.cli.bench import StageCost, bench, show
from sdk.cli.common import run
from sdk.models.registry import BuildOptions
from sdk.runtime.bandwidth import LARGEST, SMALLEST, read_seconds
from tests.toy import ENTRY
from tests.toy_bundle import speech_like


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        run(bench, "python -m sdk bench", [str(argument) for argument in arguments])
    return stop.value.code, capsys.readouterr()


def test_every_stage_is_measured(toy_bundle, capsys):
    code, out = call(capsys, toy_bundle, "--seconds", "1", "--json")
    assert code == 0
    rows = {row["stage"]: row for row in json.loads(out.out)}
    assert {name: row["steps"] for name, row in rows.items()} == {
        "audio_encoder": 50,
        "identity": 1,
        "motion_decoder": 30,
    }
    assert all(0 < row["p10_ms"] <= row["median_ms"] <= row["p95_ms"] for row in rows.values())
    assert all(row["of_fp32"] == 1 for row in rows.values())
    assert all(row["bytes"] > 0 for row in rows.values())
    # The stages of the reference share one file of weights: none of them reads all of it.
    assert all((row["floor_ms"], row["of_floor"]) == (None, None) for row in rows.values())
    assert rows["identity"]["load"] == 0 < rows["motion_decoder"]["load"]


def test_the_table_names_the_target(toy_bundle, capsys):
    code, out = call(capsys, toy_bundle, "--seconds", "0.5", "--target", "eager")
    assert code == 0
    assert "eager" in out.out


def test_a_stage_with_a_file_of_its_own_has_a_floor(tmp_path, capsys):
    options, staged = LoweringOptions(), ENTRY.build(BuildOptions())
    jobs, speech = plan_jobs(["onnx"], ["fp32"]), speech_like(16_000)
    export_bundle(staged, jobs, tmp_path / "toy", options=options, speech=speech, parity=False)
    code, out = call(capsys, tmp_path / "toy", "--seconds", "0.5", "--target", "onnx", "--json")
    assert code == 0
    for row in json.loads(out.out):
        assert row["of_floor"] == pytest.approx(row["p10_ms"] / row["floor_ms"])
        assert row["floor_ms"] == pytest.approx(1e3 * read_seconds(row["bytes"]))


def cost(target, precision, milliseconds, load):
    return StageCost(
        target, precision, "audio_transformer", 352_000_000, 300, *3 * [milliseconds], 1.0, 28.4, 1.3, load
    )


@pytest.mark.parametrize("width", [80, 60])
def test_no_number_is_cut_on_a_narrow_screen(capsys, monkeypatch, width):
    """The longest names that there are, steps of a second, and a model that is far from real time."""
    monkeypatch.setattr(common.stdout, "width", width)
    show([cost("executorch-coreml", "int8-static", 1234.567, 37.01), cost("onnx", "fp32", 0.001, 0.0)])
    out = capsys.readouterr().out
    assert "…" not in out
    assert max(len(line) for line in out.splitlines()) <= 80
    numbers = ["352.00", "1234.567", "1234.567", "1234.567", "1.00", "28.400", "1.3", "3701.0%"]
    assert any(line.split()[-8:] == numbers for line in out.splitlines())
    assert "audio_transformer, 300 steps" in out


def test_the_floor_is_the_time_of_reading_as_many_bytes():
    assert SMALLEST <= LARGEST
    # Twice the bytes take twice the time where both are read at one rate, and the rate is one that machines have.
    assert read_seconds(3 * LARGEST) == pytest.approx(3 * read_seconds(LARGEST))
    assert read_seconds(1) == pytest.approx(read_seconds(1000) / 1000)
    assert 1e8 < 1 / read_seconds(1) < 1e13


@pytest.mark.parametrize("arguments", [("--target", "abacus"), ("--seconds", "nan"), ("--seconds", "inf")])
def test_a_mistake_is_bad_usage(toy_bundle, capsys, arguments):
    code, out = call(capsys, toy_bundle, *arguments)
    assert code == 2
    assert len(out.err.strip().splitlines()) == 1
