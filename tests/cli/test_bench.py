"""The bench command counts the steps that the clock says and reports every stage of every target."""

from __future__ import annotations

import json

import pytest

from sdk.cli.bench import bench
from sdk.cli.common import run


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
    assert rows["identity"]["load"] == 0 < rows["motion_decoder"]["load"]


def test_the_table_names_the_target(toy_bundle, capsys):
    code, out = call(capsys, toy_bundle, "--seconds", "0.5", "--target", "eager")
    assert code == 0
    assert "eager" in out.out


@pytest.mark.parametrize("arguments", [("--target", "abacus"), ("--seconds", "nan"), ("--seconds", "inf")])
def test_a_mistake_is_bad_usage(toy_bundle, capsys, arguments):
    code, out = call(capsys, toy_bundle, *arguments)
    assert code == 2
    assert len(out.err.strip().splitlines()) == 1
