"""The gate over whole bundles: what it runs, what it cannot run, what it fails, and what it says."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from sdk import Bundle
from sdk.bundle.errors import UnknownPrecisionError, UnknownTargetError
from sdk.bundle.manifest import FileRecord, TargetRecord
from sdk.bundle.trace import Trace
from sdk.errors import BundleError, TargetError, UsageError
from sdk.parity import ParityReport, check_bundle
from sdk.parity.gate import CaseKey
from sdk.parity.replay import closed_loop
from sdk.parity.tolerances import TOLERANCES, tolerance_for
from sdk.runtime import executor
from tests.parity.conftest import add_target
from tests.plugins import register
from tests.toy import ToyIdentity
from tests.toy_bundle import build_toy_bundle, speech_like


def check(folder: Path, *arguments: object, **options: object) -> ParityReport:
    with Bundle.open(folder) as bundle:
        return check_bundle(bundle, *arguments, **options)


def verdicts(report: ParityReport) -> dict[str, str]:
    return {case.key.id: case.verdict for case in report.cases}


def phone_trace(folder: Path, seed: int = 3) -> Trace:
    """As a phone would record: int16 at 48 kHz, chunks of its own, other audio than the vectors'."""
    pcm = (speech_like(48_000, seed) * 32767).astype(np.int16)
    with Bundle.open(folder) as bundle:
        trace = closed_loop(bundle, "eager", None, pcm, [480] * 100, sample_rate=48_000)
    return replace(trace, metadata={"target": "coreml", "precision": "fp16", "model": "toy", "device": "phone"})


def test_every_target_is_checked_or_plainly_listed(fake_bundle: Path) -> None:
    report = check(fake_bundle)
    assert verdicts(report) == {
        "eager-fp32-closed_loop": "pass",
        "close-fp32-teacher_forced": "pass",
        "close-fp32-closed_loop": "pass",
        "wrong-fp32-teacher_forced": "fail",
        "wrong-fp32-closed_loop": "fail",
        "needs_package-fp32-teacher_forced": "not run",
        "needs_package-fp32-closed_loop": "not run",
        "absent-fp32-teacher_forced": "not run",
        "absent-fp32-closed_loop": "not run",
    }
    assert not report.passed
    assert (report.count("pass"), report.count("fail"), report.count("not run")) == (3, 2, 4)
    assert report.first_failure is not None
    assert report.first_failure.startswith("wrong fp32 teacher_forced: motion_decoder.vertices: max abs")
    reasons = [case.not_run for case in report.cases if case.verdict == "not run"]
    assert reasons[0] == "needs_package: its package is not installed; pip install nowface[fakes]"
    assert reasons[2] is not None
    assert "no executor runs this target" in reasons[2]


def test_what_cannot_run_here_fails_only_if_it_was_asked_for(fake_bundle: Path) -> None:
    assert not check(fake_bundle, ["needs_package"]).passed
    assert not check(fake_bundle, ["close", "absent"]).passed
    assert check(fake_bundle, ["close"]).passed


def test_nothing_that_could_run_is_not_a_pass(toy_model: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = build_toy_bundle(tmp_path / "bundle")
    register(monkeypatch, executor.ENTRY_POINT_GROUP, [], alone=True)
    report = check(folder)
    assert verdicts(report) == {"eager-fp32-closed_loop": "not run"}
    assert not report.passed
    assert report.first_failure == "no target could be run here, so nothing was checked"


def test_a_good_bundle_passes(good_bundle: Path) -> None:
    report = check(good_bundle)
    assert report.passed
    assert report.first_failure is None
    measured = report.measured("close", "fp32")
    of_range = {name: value for name, value in measured.items() if name.endswith("_of_range")}
    assert set(of_range) == {
        "teacher_forced.max_abs_of_range",
        "teacher_forced.rms_of_range",
        "closed_loop.max_abs_of_range",
        "closed_loop.rms_of_range",
    }
    assert all(0 < value < 1e-4 for value in of_range.values())
    assert 0 < measured["closed_loop.vertex_error_mm"] < measured["closed_loop.worst_vertex_error_mm"] < 1e-3
    assert report.measured("close", "fp16") == {}


def test_a_crash_is_a_failed_case_and_the_others_still_run(good_bundle: Path) -> None:
    add_target(good_bundle, "crashes")
    report = check(good_bundle)
    assert verdicts(report)["crashes-fp32-closed_loop"] == "fail"
    assert verdicts(report)["close-fp32-closed_loop"] == "pass"
    assert report.first_failure is not None
    assert "RuntimeError: the foreign runtime gave up" in report.first_failure


def test_an_artefact_that_cannot_be_loaded_fails_rather_than_counts_as_not_run(
    good_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runtime's complaint about a file of the bundle is the bundle's fault, not this machine's."""

    def refuse(source: executor.ExecutorSource) -> executor.Executor:
        raise TargetError(source.files["identity"], "is not a program this runtime can load", "export it again")

    monkeypatch.setattr("tests.parity.fakes.open_close", refuse)
    report = check(good_bundle)
    assert verdicts(report)["close-fp32-closed_loop"] == "fail"
    assert not report.passed


def test_the_manifest_s_tolerance_rules(good_bundle: Path) -> None:
    strict = {"max_abs_of_range": 1e-12, "rms_of_range": 1e-12, "digest_relative": 1e-12}
    add_target(good_bundle, "wrong", tolerance=dict.fromkeys(strict, 10.0))
    add_target(good_bundle, "close", precision="fp16", tolerance=strict)
    found = verdicts(check(good_bundle))
    assert found["wrong-fp32-closed_loop"] == "pass"
    assert found["close-fp16-closed_loop"] == "fail"
    assert found["close-fp32-closed_loop"] == "pass"


def _louder(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {**inputs, "style": inputs["style"] * 1.1}


def test_a_model_that_changed_since_the_export_fails_and_says_so(
    good_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The eager row guards the reference itself: its code must still give the vectors of the export."""
    embed = ToyIdentity.step
    monkeypatch.setattr(ToyIdentity, "step", lambda self, inputs, state: embed(self, _louder(inputs), state))
    report = check(good_bundle)
    assert verdicts(report)["eager-fp32-closed_loop"] == "fail"
    assert report.first_failure is not None
    assert "export it again" in report.first_failure


def test_only_one_precision(good_bundle: Path) -> None:
    add_target(good_bundle, "close", precision="fp16")
    assert set(verdicts(check(good_bundle, precision="fp16"))) == {
        "close-fp16-teacher_forced",
        "close-fp16-closed_loop",
    }


def test_more_frames_than_the_vectors_hold(good_bundle: Path) -> None:
    seen: list[tuple[CaseKey, int, int]] = []
    report = check(good_bundle, ["close"], frames=100, on_progress=lambda *told: seen.append(told))
    frames = {case.key.mode: case.comparison.frames for case in report.cases if case.comparison}
    assert frames == {"teacher_forced": 30, "closed_loop": 100}
    assert report.passed
    assert [told[1:] for told in seen if told[0].mode == "closed_loop"] == [(n, 100) for n in range(1, 101)]


@pytest.mark.parametrize(
    ("targets", "options", "error"),
    [
        (["nothing"], {}, UnknownTargetError),
        (["close"], {"precision": "fp64"}, UnknownPrecisionError),
        (None, {"precision": "fp64"}, UnknownPrecisionError),
        (None, {"frames": 0}, UsageError),
    ],
)
def test_what_the_bundle_does_not_hold_is_bad_usage(
    good_bundle: Path, targets: list[str] | None, options: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        check(good_bundle, targets, **options)


def test_a_bundle_without_vectors_cannot_be_checked(toy_model: None, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no test vectors"):
        check(build_toy_bundle(tmp_path / "bundle", vectors=False))


def test_a_device_trace_is_compared_with_the_reference_on_its_own_audio(good_bundle: Path) -> None:
    report = check(good_bundle, device_trace=phone_trace(good_bundle))
    assert verdicts(report) == {"coreml-fp16-device": "pass"}
    assert report.cases[0].metadata["device"] == "phone"
    assert report.cases[0].comparison is not None
    assert report.cases[0].comparison.tolerance == TOLERANCES["fp16"].tolerance


def test_a_device_trace_and_a_target(good_bundle: Path) -> None:
    report = check(good_bundle, ["close"], phone_trace(good_bundle))
    assert [case.key.mode for case in report.cases] == ["device", "teacher_forced", "closed_loop"]


def test_a_phone_that_dropped_a_frame_fails(good_bundle: Path) -> None:
    trace = phone_trace(good_bundle)
    keep = np.arange(trace.frames) != 7
    dropped = replace(
        trace,
        index=trace.index[keep],
        due_sample=trace.due_sample[keep],
        outputs={name: values[keep] for name, values in trace.outputs.items()},
        digests=trace.digests[keep],
        seconds=trace.seconds[keep],
    )
    report = check(good_bundle, device_trace=dropped)
    assert report.first_failure is not None
    assert "29 frames, the reference has 30" in report.first_failure


def test_a_phone_that_lost_a_chunk_but_kept_its_clock_fails(good_bundle: Path) -> None:
    """What the phone says it pushed and what its model heard differ by one chunk of zeros."""
    trace = phone_trace(good_bundle)
    heard = trace.pcm.copy()
    heard[1440:1920] = 0
    with Bundle.open(good_bundle) as bundle:
        lost = closed_loop(bundle, "eager", None, heard, trace.chunks, sample_rate=48_000)
    report = check(good_bundle, device_trace=replace(lost, pcm=trace.pcm, metadata=trace.metadata))
    assert verdicts(report) == {"coreml-fp16-device": "fail"}


def test_a_trace_of_another_model_fails(good_bundle: Path) -> None:
    trace = phone_trace(good_bundle)
    report = check(good_bundle, device_trace=replace(trace, metadata={"model": "other"}))
    assert verdicts(report) == {"unknown-unknown-device": "fail"}
    assert report.first_failure is not None
    assert "recorded with model other" in report.first_failure


def test_a_device_of_unknown_precision_is_held_to_fp32(good_bundle: Path) -> None:
    trace = replace(phone_trace(good_bundle), metadata={"precision": "q3"})
    comparison = check(good_bundle, device_trace=trace).cases[0].comparison
    assert comparison is not None
    assert comparison.tolerance == tolerance_for("fp32")


def test_where_eager_cannot_run_a_device_is_compared_with_the_vectors(
    toy_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(toy_bundle, folder)
    with Bundle.open(folder) as bundle:
        vectors = bundle.vectors()
    other = phone_trace(folder)
    register(monkeypatch, executor.ENTRY_POINT_GROUP, [], alone=True)
    assert check(folder, device_trace=vectors).passed
    report = check(folder, device_trace=other)
    assert set(verdicts(report).values()) == {"not run"}
    assert not report.passed


def test_a_precision_without_a_row_is_a_typed_error() -> None:
    with pytest.raises(TargetError, match="use one of fp32, fp16"):
        tolerance_for("fp12")


def test_every_row_of_the_table_is_ordered_and_says_why() -> None:
    for row in TOLERANCES.values():
        assert 0 < row.tolerance.rms_of_range < row.tolerance.max_abs_of_range < row.tolerance.digest_relative
        assert len(row.reason) > 40


def test_both_modes_tell_what_it_costs_on_the_face(good_bundle: Path) -> None:
    add_target(good_bundle, "close", "int8")
    report = check(good_bundle, targets=["close"])
    faces = [case.comparison.face for case in report.cases if case.comparison]
    assert len(faces) == 4
    for face in faces:
        assert face is not None
        assert (face.word, face.closures) == ("vertex", None)
        assert 0 < face.lip_error_mm < 1e-3
    assert [case.verdict for case in report.cases] == ["pass"] * 4


def test_the_face_is_judged_in_both_modes(good_bundle: Path) -> None:
    """The same artefact under a bound that is stricter than its error."""
    tolerance = {**tolerance_for("int8").model_dump(), "lip_error_mm": 1e-9}
    add_target(good_bundle, "close", "int8", tolerance=tolerance)
    report = check(good_bundle, targets=["close"], precision="int8")
    for case in report.cases:
        assert case.comparison is not None
        assert [problem.where for problem in case.comparison.problems] == ["face.vertex_error"]
        assert "RMS error of the face" in case.summary


def test_sizes_are_of_a_target_s_own_files_each_counted_once(good_bundle: Path) -> None:
    report = check(good_bundle)
    with Bundle.open(good_bundle) as bundle:
        (record,) = [record for record in bundle.manifest.targets if record.target == "eager"]
        files = {file.path: file.bytes for file in bundle.manifest.files}
    (path,) = set(record.artefacts.values())
    assert report.sizes == {("eager", "fp32"): files[path], ("close", "fp32"): files[path]}


def test_an_artefact_that_is_a_folder_is_as_large_as_its_files(good_bundle: Path) -> None:
    files = tuple(
        FileRecord(path=path, sha256="0" * 64, bytes=size)
        for path, size in (("a/x.mlpackage/one", 3), ("a/x.mlpackage/sub/two", 4), ("a/x.mlpackage2", 8), ("a/y", 16))
    )
    artefacts = {"p": "a/x.mlpackage", "q": "a/x.mlpackage", "r": "a/y"}
    record = TargetRecord(target="coreml", precision="fp16", artefacts=artefacts)
    with Bundle.open(good_bundle) as bundle:
        manifest = bundle.manifest.model_copy(update={"files": files})
    assert manifest.artefact_bytes(record) == 3 + 4 + 16
    assert manifest.artefact_bytes(record, "q") == 3 + 4
