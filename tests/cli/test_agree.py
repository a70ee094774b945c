"""The command that compares traces of one stream."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sdk.bundle import Bundle
from sdk.cli.agree import agree
from sdk.cli.common import run


@pytest.fixture
def traces(toy_bundle: Path, tmp_path: Path) -> list[Path]:
    """The vectors, the same again, a frame off by a hundredth of the range, and one frame less."""
    with Bundle.open(toy_bundle) as bundle:
        vectors, values = bundle.vectors(), bundle.pipeline.values
    wrong = vectors.outputs[values].copy()
    span = float((wrong.max(0) - wrong.min(0)).max())
    wrong[7, 0, 0] += 0.01 * span
    short = {name: output[1:] for name, output in vectors.outputs.items()}
    cut = {name: getattr(vectors, name)[1:] for name in ("index", "due_sample", "seconds", "digests")}
    made = {
        "one": vectors,
        "two": replace(vectors, metadata={"runtime": "another"}),
        "off": replace(vectors, outputs={**vectors.outputs, values: wrong}),
        "short": replace(vectors, outputs=short, **cut),
    }
    for name, trace in made.items():
        trace.save(tmp_path / name)
    return [tmp_path / name for name in made]


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str]:
    with pytest.raises(SystemExit) as stop:
        run(agree, "python -m sdk agree", [str(argument) for argument in arguments])
    return stop.value.code, capsys.readouterr().out


def test_equal_traces_are_named_and_others_measured(
    toy_bundle: Path, traces: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = call(capsys, toy_bundle, *traces[:3], "--json")
    rows = {row["trace"]: row for row in json.loads(said)}
    assert code == 0
    assert rows["two"]["same_as"] == rows["one"]["same_as"] == "one"
    assert rows["two"]["runtime"] == "another"
    assert rows["off"]["same_as"] == "off"
    assert rows["one"]["of_range"] == 0
    assert rows["off"]["of_range"] == pytest.approx(0.01, rel=1e-3)
    code, said = call(capsys, toy_bundle, *traces[:2])
    assert (code, "another" in said) == (0, True)


def test_traces_in_files_of_one_name_are_all_compared(
    toy_bundle: Path, traces: list[Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    places = []
    for folder, trace in (("desk", traces[0]), ("phone", traces[3])):
        (tmp_path / folder).mkdir()
        places.append(trace.rename(tmp_path / folder / "trace"))
    for order in (places, places[::-1]):
        code, said = call(capsys, toy_bundle, *order, "--json")
        assert (code, [row["trace"] for row in json.loads(said)]) == (1, [str(place) for place in order])


def test_values_of_another_size_fail(
    toy_bundle: Path, traces: list[Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with Bundle.open(toy_bundle) as bundle:
        vectors, values = bundle.vectors(), bundle.pipeline.values
    wide = {**vectors.outputs, values: vectors.outputs[values][:, 1:]}
    replace(vectors, outputs=wide).save(tmp_path / "wide")
    code, said = call(capsys, toy_bundle, traces[0], tmp_path / "wide")
    assert (code, "other frames" in said) == (1, True)


def test_other_frames_fail(toy_bundle: Path, traces: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, said = call(capsys, toy_bundle, traces[0], traces[3])
    assert (code, "other frames" in said) == (1, True)
