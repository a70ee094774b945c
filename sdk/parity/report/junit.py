"""The report as JUnit XML, for continuous integration: a test case per target, precision, mode and output."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from sdk.parity.cases import Case, ParityReport
from sdk.parity.findings import Problem
from sdk.parity.report.text import choice_line, describe, error_line, face_line, motion_line, printable


def junit(report: ParityReport) -> str:
    """The document. What is wrong with no output in particular is the test case ``stream``.

    A case that could not be run is one skipped test case; a failed one if it was asked for by name.
    """
    suites = ET.Element("testsuites", name="nowface parity")
    for case in report.cases:
        suites.append(_suite(case))
    for count in ("tests", "failures", "skipped"):
        suites.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _suite(case: Case) -> ET.Element:
    suite = ET.Element("testsuite", name=printable(case.key.id))
    if case.comparison is None:
        test = _test(suite, case, "stream")
        kind = "failure" if case.key.requested else "skipped"
        ET.SubElement(test, kind, message=printable(f"not run here: {case.not_run}"))
    else:
        said = {error.name: [error_line(error)] for error in case.comparison.outputs}
        said |= {choice.name: [choice_line(choice)] for choice in case.comparison.choices}
        for motion in case.comparison.motion:
            said.setdefault(motion.name, []).append(motion_line(motion))
        line = face_line(case.comparison)
        if line:
            said["face"] = [line]
        general = [p for p in case.comparison.problems if _home(p) not in said]
        _fail(_test(suite, case, "stream"), general, describe(case))
        for name, lines in said.items():
            test = _test(suite, case, name)
            _fail(test, [p for p in case.comparison.problems if _home(p) == name], describe(case))
            ET.SubElement(test, "system-out").text = "\n".join(lines)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    return suite


def _home(problem: Problem) -> str:
    """The test case that a problem belongs to."""
    return "face" if problem.kind == "face" else problem.where


def _test(suite: ET.Element, case: Case, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=printable(f"nowface.parity.{case.key.id}"), name=name)


def _fail(test: ET.Element, problems: list[Problem], text: str) -> None:
    if problems:
        message = printable("; ".join(f"{p.where}: {p.message}" for p in problems))
        ET.SubElement(test, "failure", message=message, type=problems[0].kind).text = text
