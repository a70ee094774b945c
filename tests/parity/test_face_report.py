"""A face's figures in a comparison, and in every form of the report."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console

from sdk.bundle.trace import Trace
from sdk.parity import Case, ParityReport, compare
from sdk.parity.cases import CaseKey
from sdk.parity.face import FaceFigures, NoFace, View
from sdk.parity.findings import Comparison
from sdk.parity.report.curves import face_charts
from sdk.parity.report.document import dumps
from sdk.parity.report.face import face_rows
from sdk.parity.report.html import html
from sdk.parity.report.junit import junit
from sdk.parity.report.sounds import sounds_line, sounds_section
from sdk.parity.report.table import table
from sdk.parity.report.text import describe, signed
from sdk.parity.tolerances import tolerance_for
from sdk.spec import TensorSpec
from tests.parity.face.talking import FRAMES, JAW, VIEW, sound, weights
from tests.parity.face.test_sounds import speech

LABELS = "context.labels"
TENSORS = {
    VIEW.output: TensorSpec(name="weights", shape=(52,)),
    LABELS: TensorSpec(name="labels", shape=(2,), unit="label"),
}
INT8 = tolerance_for("int8")
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "parity.schema.json").read_text())


def talk(values: np.ndarray, labels: np.ndarray | None = None) -> Trace:
    """The trace of a face that talks."""
    heard = sound()
    return Trace(
        pcm=heard.pcm,
        sample_rate=heard.sample_rate,
        chunks=np.array([len(heard.pcm)], np.int64),
        index=np.arange(FRAMES, dtype=np.int64),
        due_sample=heard.due_sample,
        outputs={VIEW.output: values, LABELS: np.zeros((FRAMES, 2), np.float32) if labels is None else labels},
        digests=np.zeros((FRAMES, 0, 2), np.float32),
        digest_names=(),
        seconds=np.full(FRAMES, 0.001, np.float32),
    )


def compared(values: np.ndarray, labels: np.ndarray | None = None, view: View = VIEW) -> Comparison:
    return compare(talk(weights()), talk(values, labels), INT8, tensors=TENSORS, view=view)


LATE = compared(np.concatenate([weights()[:1], weights()[:-1]]))
NEAR = compared(weights() + np.float32(1e-4) * np.sin(np.arange(52, dtype=np.float32)))
NO_FACE = compared(weights(), view=View(VIEW.output, NoFace("its channels are not those of ARKit <b>")))
SIZES = {("onnx", "fp32"): 4_000_000, ("onnx", "int8"): 1_000_000}


def report(*found: Comparison) -> ParityReport:
    cases = [
        Case(CaseKey("onnx", precision, "closed_loop"), comparison, frame_ms=time)
        for comparison, precision, time in zip(found, ("int8", "fp32", "int4"), (0.5, 1.5, 2.0), strict=False)
    ]
    return ParityReport("build/toy", "toy", "0.1.0", "a machine", tuple(cases), SIZES)


def test_a_face_beyond_its_bounds_fails_the_comparison_and_names_the_figure() -> None:
    assert not LATE.passed
    assert {"face.lag", "face.lip_error"} <= {problem.where for problem in LATE.problems if problem.kind == "face"}
    assert NEAR.passed
    assert NEAR.face is not None
    assert 0 < NEAR.face.lip_error_mm < 0.05


def test_without_a_view_nothing_is_said_of_a_face() -> None:
    found = compare(talk(weights()), talk(weights()), INT8, tensors=TENSORS)
    assert (found.face, found.no_face, found.curves) == (None, "", ())


def test_values_that_one_trace_lacks_have_no_face() -> None:
    other = replace(talk(weights()), outputs={LABELS: np.zeros((FRAMES, 2), np.float32)})
    found = compare(talk(weights()), other, INT8, tensors=TENSORS, view=VIEW)
    assert found.no_face == f"the traces have no {VIEW.output} in common"


def test_the_curves_begin_with_the_lip_gap_and_then_what_moves_most() -> None:
    assert [curve.name for curve in LATE.curves] == ["lip gap", "browInnerUp", "jawOpen", "mouthSmileLeft"]
    jaw = LATE.curves[2]
    assert (jaw.reference, jaw.candidate[1:]) == (tuple(weights()[:, JAW].tolist()), jaw.reference[:-1])


def test_after_another_choice_figures_stop_and_motion_is_told() -> None:
    labels = np.zeros((FRAMES, 2), np.float32)
    labels[100:] = 1
    other = weights()
    other[100:] = other[20]
    found = compared(other, labels)
    assert found.face is not None
    assert (found.face.frames, found.face.lip_error_mm) == (100, 0)
    assert found.face.after is not None
    # 150 frames at least are judged, the last ones.
    assert found.face.after.frames == 150
    rows = {name: (value, meaning) for name, value, _, meaning in face_rows(found.face, INT8)}
    assert rows["motion after another choice"][1].startswith("over 150 frames; the reference's")
    assert "another choice" in face_charts(found)
    jsonschema.validate(json.loads(dumps(report(found))), SCHEMA)


def test_json_holds_the_figures_and_fits_its_schema() -> None:
    data = json.loads(dumps(report(LATE, NO_FACE)))
    jsonschema.validate(data, SCHEMA, cls=jsonschema.Draft202012Validator)
    late, without = data["cases"]
    assert late["face"]["region"] == "lips"
    assert late["face"]["lag_ms"] == pytest.approx(1000 / 30, abs=1)
    assert len(late["face"]["per_frame_mm"]) == FRAMES
    assert late["tolerance"]["lip_error_mm"] == 0.05
    assert late["no_face"] is None
    assert without["face"] is None
    assert without["no_face"].startswith("its channels are not those of ARKit")
    late["face"]["new"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


def test_every_form_says_what_it_costs_on_the_face() -> None:
    console = Console(file=io.StringIO(), width=160)
    console.print(table(report(LATE, NO_FACE)), crop=False)
    text = console.file.getvalue()
    for form in (text, describe(report(LATE).cases[0])):
        assert "face: lip error 0." in form
        assert "6 of 6 closures kept, 0 false, lag +33." in form
        assert "face.lag: it moves late: lag 33." in form
    assert "no figures of the face: its channels are not those of ARKit" in text


def test_junit_has_a_test_case_for_the_face() -> None:
    root = ET.fromstring(junit(report(LATE, NEAR)))
    late, near = (suite.find("testcase[@name='face']") for suite in root)
    assert late is not None
    assert near is not None
    failure = late.find("failure")
    assert failure is not None
    assert "face.lag: it moves late" in failure.get("message", "")
    assert near.find("failure") is None
    assert "lip error" in (near.findtext("system-out") or "")


def test_the_page_tells_the_verdict_then_the_face_then_size_and_speed_then_tensors() -> None:
    page = html(report(LATE, NEAR))
    places = [page.index(text) for text in ("Parity fails", "On the face", "Size and speed", ">Tensors<", "<svg")]
    assert places == sorted(places)
    assert 'title="allowed 0.05"' in page
    # int8: a quarter of the size, three times the speed.
    assert '<td class="n">1.00</td><td class="n">0.25</td><td class="n">0.500</td><td class="n">3.00</td>' in page


def test_a_page_without_a_face_says_why() -> None:
    page = html(report(NO_FACE))
    assert page.count("its channels are not those of ARKit &lt;b&gt;") == 2


def spoken(values: np.ndarray) -> Comparison:
    return compare(replace(talk(weights()), phones=speech()), talk(values), INT8, tensors=TENSORS, view=VIEW)


def test_where_the_words_are_known_every_form_tells_errors_by_sound() -> None:
    ajar = weights()
    ajar[:20, JAW] += np.float32(0.1)
    found = report(spoken(ajar), LATE)
    page = html(found)
    places = [page.index(text) for text in ("On the face", "By sound", "Size and speed", '<rect class="bilabial"')]
    assert places == sorted(places)
    assert "At 6 of 6 p, b and m the reference's lips meet; the candidate's do at 5 of these" in page
    known, unknown = json.loads(dumps(found))["cases"]
    jsonschema.validate(json.loads(dumps(found)), SCHEMA, cls=jsonschema.Draft202012Validator)
    assert unknown["face"]["sounds"] is None
    sounds = known["face"]["sounds"]
    assert [(each["name"], each["said"]) for each in sounds["phones"]] == [("m", 6), ("aa", 6), ("ae", 6), ("sil", 0)]
    assert (sounds["bilabials"]["reference"], sounds["bilabials"]["kept"]) == (6, 5)
    console = Console(file=io.StringIO(), width=160)
    console.print(table(found), crop=False)
    told = figures_of(spoken(ajar)).sounds
    assert told is not None
    line = sounds_line(told)
    assert line.startswith("by sound, mm: p b m ")
    assert line.endswith("p b m shut at 5 of 6")
    assert line in console.file.getvalue()


def test_columns_of_the_sounds_stay_within_their_frame() -> None:
    ajar = weights() + np.float32(0.01)
    root = ET.fromstring(f"<b>{sounds_section(figures_of(spoken(ajar)))}</b>")
    picture = next(root.iter("svg"))
    _, _, width, height = map(float, (picture.get("viewBox") or "").split())
    columns = list(picture.iter("rect"))
    assert [each.get("class") for each in columns] == ["bilabial", "sound", "sound", "sound"]
    for each in columns:
        x, y, wide, high = (float(each.get(name, "")) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + wide <= width
        assert y + high <= height
    assert sounds_section(figures_of(spoken(weights()))) == ""


def figures_of(found: Comparison) -> FaceFigures:
    assert found.face is not None
    return found.face


def test_charts_stay_within_their_frames_and_hold_both_curves() -> None:
    root = ET.fromstring(f"<b>{face_charts(LATE)}</b>")
    pictures = list(root.iter("svg"))
    assert len(pictures) == len(LATE.curves) + 1
    for picture in pictures:
        _, _, width, height = map(float, (picture.get("viewBox") or "").split())
        lines = list(picture.iter("polyline"))
        assert [line.get("class") for line in lines] in (["reference", "candidate"], ["candidate"])
        for line in lines:
            points = [tuple(map(float, point.split(","))) for point in (line.get("points") or "").split()]
            assert len(points) == FRAMES
            assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


def test_a_candidate_that_is_not_finite_is_drawn_where_it_is() -> None:
    broken = weights()
    broken[50] = np.nan
    found = compared(broken)
    assert found.no_face == "a value is not finite"
    root = ET.fromstring(f"<b>{face_charts(found)}</b>")
    reference, candidate = (line.get("points", "").split() for line in list(root.iter("polyline"))[:2])
    assert (len(reference), len(candidate)) == (FRAMES, FRAMES - 1)


def test_where_nothing_differs_nothing_is_drawn() -> None:
    assert face_charts(compared(weights())) == ""


@pytest.mark.parametrize(("value", "text"), [(0.001, "0"), (-0.004, "0"), (1.5, "+1.50"), (-0.25, "-0.25")])
def test_differences_have_a_sign_or_are_nothing(value: float, text: str) -> None:
    assert signed(value) == text
