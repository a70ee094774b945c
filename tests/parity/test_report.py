"""One report in five forms: the same numbers, well-formed, harmless whatever a trace's text says."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console

from sdk.parity import Case, ParityReport, compare
from sdk.parity.cases import CaseKey
from sdk.parity.report.chart import error_chart, largest_of_parts, round_step
from sdk.parity.report.document import document, dumps
from sdk.parity.report.html import html
from sdk.parity.report.junit import junit
from sdk.parity.report.table import table
from sdk.parity.report.text import describe, figure, worst_tensor
from sdk.parity.tolerances import tolerance_for
from tests.parity.streams import CHANNELS, TENSORS, VERTICES, make_trace, with_output

TRACE = make_trace()
HOSTILE = "<script>alert('x')</script>&\x1b[31m\x00]]>"
SCHEMA = Path(__file__).parents[2] / "docs" / "parity.schema.json"


def case(name: str, mode: str, values: np.ndarray | None, **more: object) -> Case:
    key = CaseKey(name, "fp32", mode, requested=bool(more.pop("requested", False)))
    if values is None:
        return Case(key, None, not_run=f"{name}: its package is not installed; install it")
    candidate = with_output(TRACE, VERTICES, values)
    return Case(key, compare(TRACE, candidate, tolerance_for("fp32"), tensors=TENSORS), frame_ms=1.25, **more)


def make_report() -> ParityReport:
    values = TRACE.outputs[VERTICES]
    wrong = values.copy()
    wrong[12:, 3, 1] += 0.5
    broken = values.copy()
    broken[20] = np.nan
    cases = (
        case("onnx", "closed_loop", values + np.float32(1e-5)),
        case("executorch", "closed_loop", wrong),
        case("native", "teacher_forced", None),
        case("coreml", "teacher_forced", None, requested=True),
        case("phone" + HOSTILE, "device", broken, metadata={"device" + HOSTILE: HOSTILE}),
    )
    return ParityReport("build/" + HOSTILE, "toy", "0.1.0", "a machine", cases)


REPORT = make_report()


def rendered(report: ParityReport) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(table(report), crop=False)
    return console.file.getvalue()


def test_the_table_holds_a_row_for_each_case_and_a_line_for_each_problem() -> None:
    text = rendered(REPORT)
    rows = [line for line in text.splitlines() if "│" in line]
    assert len(rows) == len(REPORT.cases)
    assert all(word in rows[1] for word in ("executorch", "closed loop", "40", VERTICES, "0.5 mm", "frame 12", "fail"))
    assert "executorch fp32 closed loop: decoder.vertices: max abs 0.5 mm" in text
    assert "native fp32 teacher-forced: not run here: native: its package is not installed; install it" in text
    assert text.splitlines()[-1] == "parity FAILS: 1 passed, 2 failed, 2 not run here"


def test_a_case_that_fails_by_states_alone_shows_its_worst_state() -> None:
    found = REPORT.cases[0].comparison
    assert found is not None
    state = replace(found.outputs[1], name="decoder.history", first_bad_step=4)
    failing = replace(REPORT.cases[0], comparison=replace(found, states=(state,)))
    assert [getattr(worst_tensor(c), "name", None) for c in (failing, REPORT.cases[0])] == ["decoder.history", VERTICES]


def test_many_problems_are_cut_short_under_the_table() -> None:
    found = REPORT.cases[1].comparison
    assert found is not None
    many = replace(REPORT.cases[1], comparison=replace(found, problems=found.problems * 20))
    text = rendered(replace(REPORT, cases=(many,)))
    assert text.count("max abs 0.5 mm") == 6
    assert "and 14 more: see --json or --report" in text


def test_the_table_of_a_good_report_says_so() -> None:
    assert "parity holds: 1 passed, 0 failed" in rendered(replace(REPORT, cases=REPORT.cases[:1]))


@pytest.mark.parametrize("form", [rendered, html, junit])
def test_no_form_passes_on_control_characters(form: object) -> None:
    text = form(REPORT)  # type: ignore[operator]
    assert "\x1b" not in text
    assert "\x00" not in text


def test_json_fits_its_schema_and_holds_the_numbers() -> None:
    data = json.loads(dumps(REPORT))
    jsonschema.validate(data, json.loads(SCHEMA.read_text()), cls=jsonschema.Draft202012Validator)
    assert data["counts"] == {"pass": 1, "fail": 2, "not_run": 2}
    assert not data["passed"]
    onnx, wrong, missing, requested, phone = data["cases"]
    vertices = next(output for output in wrong["outputs"] if output["name"] == VERTICES)
    assert vertices["max_abs"] == pytest.approx(0.5, rel=1e-4)
    assert vertices["first_bad_step"] == 12
    assert vertices["worst_element"] == [3, 1]
    assert vertices["distance"]["worst_vertex"] == 3
    assert len(vertices["per_step"]) == 40
    assert onnx["outputs"][0]["exact"]
    assert onnx["outputs"][0]["snr_db"] is None
    assert missing["verdict"] == "not_run"
    assert "not installed" in missing["not_run"]
    assert requested["requested"]
    assert phone["outputs"][1]["max_abs"] is None
    assert phone["outputs"][1]["nonfinite"] == 21
    assert {state["compared"] for state in wrong["states"]} == {"digest"}


def test_the_schema_is_closed_at_every_level() -> None:
    data = document(REPORT)
    for spot in (data, data["cases"][1], data["cases"][1]["outputs"][0], data["cases"][1]["states"][0]):
        spot["new"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(data, json.loads(SCHEMA.read_text()))
        del spot["new"]


def test_junit_has_a_test_case_for_each_output() -> None:
    root = ET.fromstring(junit(REPORT))
    assert {key: root.get(key) for key in ("tests", "failures", "skipped")} == {
        "tests": "11",
        "failures": "3",
        "skipped": "1",
    }
    names = [test.get("name") for test in root[1]]
    assert names == ["stream", CHANNELS, VERTICES]
    (failure,) = root[1].findall("testcase/failure")
    assert "first beyond at frame 12" in failure.get("message", "")
    assert [len(suite.findall("testcase/skipped")) for suite in root] == [0, 0, 1, 0, 0]
    assert [len(suite.findall("testcase/failure")) for suite in root] == [0, 1, 0, 1, 1]


class Page(HTMLParser):
    """Collects what a browser would load, run or nest wrongly."""

    VOID = frozenset({"meta", "line", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attributes if name in {"href", "src", "xlink:href", "srcset"}]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_one_self_contained_well_nested_file() -> None:
    text = html(REPORT)
    page = Page()
    page.feed(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert all(link.startswith("#") for link in page.links)
    assert "url(" not in text
    assert "@import" not in text
    assert page.tags.count("svg") == 3
    assert "prefers-color-scheme: dark" in text
    assert "&lt;script&gt;" in text


def test_html_links_lead_to_their_sections() -> None:
    root = ET.fromstring(html(REPORT).partition("<body>")[2].rpartition("</body>")[0].join(("<b>", "</b>")))
    anchors = [section.get("id") for section in root.iter("h2")]
    named = {anchor for anchor in anchors if anchor}
    assert {(link.get("href") or "").removeprefix("#") for link in root.iter("a")} == named
    assert len(named) == len(REPORT.cases)


def test_the_chart_keeps_peaks_of_a_long_stream() -> None:
    values = [1e-7] * 10_000
    values[7777] = 0.5
    parts = largest_of_parts(values, 400)
    assert len(parts) == 400
    assert max(parts) == 0.5
    assert parts.index(0.5) == 7777 * 400 // 10_000
    assert largest_of_parts([1.0, 2.0], 400) == [1.0, 2.0]


@pytest.mark.parametrize(
    ("span", "step"), [(0.2, 0.05), (1, 0.2), (8, 2), (19, 2), (20, 5), (293, 50), (1e-6, 2e-7), (4, 1)]
)
def test_axes_have_round_steps(span: float, step: float) -> None:
    assert round_step(span) == pytest.approx(step)


def test_the_chart_stays_within_its_frame() -> None:
    comparison = REPORT.cases[4].comparison
    assert comparison is not None
    root = ET.fromstring(error_chart(comparison))
    for line in root.iter("polyline"):
        for point in line.get("points", "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 880
            assert 0 <= y <= 260


def test_exact_outputs_need_no_chart() -> None:
    exact = compare(TRACE, TRACE, tolerance_for("fp32"))
    assert error_chart(exact) == "<p>No output of the stream differs from the reference in any bit.</p>"


def test_a_case_in_words() -> None:
    words = describe(REPORT.cases[1])
    assert words.splitlines()[0] == "executorch fp32, closed loop: FAIL"
    assert "  wrong: decoder.vertices: max abs 0.5 mm" in words
    assert "first beyond tolerance at frame 12" in words
    assert describe(REPORT.cases[2]).startswith("native fp32, teacher-forced: NOT RUN HERE: native: its package")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1.23456, "1.23"), (1e-6, "1.00e-06"), (123456, "1.23e+05"), (float("inf"), "inf"), (0.5, "0.5")],
)
def test_figures(value: float, text: str) -> None:
    assert figure(value) == text
