"""The gate over a model that chooses: every known mistake is found, and another draw is not taken for one."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console

from sdk import Bundle
from sdk.audio.clock import SampleClock
from sdk.bundle import TraceRecorder
from sdk.bundle.trace import SignalRows, Trace
from sdk.models.registry import BuildOptions
from sdk.parity import Case, Comparison, ParityReport, compare
from sdk.parity.beside import Beside
from sdk.parity.cases import CaseKey
from sdk.parity.choices import MOTION_FRAMES, motion_deviation, moving
from sdk.parity.gate import Gate, check_bundle
from sdk.parity.replay import closed_loop, play, record, repeat_audio
from sdk.parity.report.document import dumps
from sdk.parity.report.html import html
from sdk.parity.report.junit import junit
from sdk.parity.report.table import table
from sdk.parity.report.text import describe
from sdk.parity.teacher import TeacherForcedExecutor
from sdk.parity.tolerances import tolerance_for
from sdk.runtime import Session
from sdk.runtime.eager import EagerExecutor
from sdk.runtime.executor import Array, Executor
from tests.parity.fakes import Spoil, SpoiltExecutor
from tests.runtime.choices import EchoExecutor, echo_pipeline
from tests.toy_bundle import speech_like
from tests.toy_choice import CATEGORY, CLASSES, ENTRY, FACE, HEADS, LABELS, SCORES, choice_stages, tracked

EXACT, COARSE = tolerance_for("fp32"), tolerance_for("fp16")
STAGED = ENTRY.build(BuildOptions())
PIPELINE = STAGED.pipeline
TENSORS = {f"{s.name}.{t.name}": t for s in PIPELINE.stages for t in s.outputs}
FRAMES, SAMPLES = 225, 120_000
PCM, CHUNKS = speech_like(SAMPLES), [4_000] * 30
SEEN_AT = np.arange(20_000, 60_000, 400, dtype=np.int64)
BESIDE = Beside({"tracker": SignalRows(SEEN_AT, tracked(len(SEEN_AT)))}, seed=1)


def stream(executor: Executor, beside: Beside = BESIDE) -> Trace:
    return record(PIPELINE, executor, STAGED.parameters, PCM, CHUNKS, beside=beside)


def taught(executor: Executor, tolerance: object = EXACT) -> Comparison:
    teacher = TeacherForcedExecutor(PIPELINE, EagerExecutor(choice_stages()), executor)
    play(PIPELINE, teacher, STAGED.parameters, PCM, CHUNKS, sample_rate=16_000, on_frame=None, beside=BESIDE)
    return teacher.comparison(tolerance)  # type: ignore[arg-type]


def looped(candidate: Trace, tolerance: object = EXACT) -> Comparison:
    return compare(reference(), candidate, tolerance, tensors=TENSORS)  # type: ignore[arg-type]


def spoilt(spoil: Spoil) -> Executor:
    return SpoiltExecutor(spoil, EagerExecutor(choice_stages()))


def flipped(frames: Collection[int], head: int = 0) -> Executor:
    """In these frames a head takes the next class, and its one-hot form and the history agree with that."""

    def spoil(stage: str, given: Mapping[str, Array], results: dict[str, Array], run: int) -> dict[str, Array]:
        if stage != "chooser" or run not in frames:
            return results
        labels = results["labels"].copy()
        labels[0, head] = (labels[0, head] + 1) % CLASSES
        one_hot = np.eye(CLASSES, dtype=np.float32)[labels[0].astype(int)].reshape(1, -1)
        history = np.concatenate([results["history"][:-1], one_hot])
        return {**results, "labels": labels, "categories": one_hot, "history": history}

    return spoilt(spoil)


def moved(from_frame: int, change: Callable[[Array], Array], trace: Trace) -> Trace:
    """The trace with other vertices from a frame on."""
    vertices = trace.outputs[FACE].copy()
    vertices[from_frame:] = change(vertices[from_frame:])
    return replace(trace, outputs={**trace.outputs, FACE: vertices})


@cache
def reference() -> Trace:
    return stream(EagerExecutor(choice_stages()))


@cache
def parted(frame: int) -> Trace:
    """One flipped label in that frame; what follows is another sequence."""
    return stream(flipped({frame}))


def wrong(found: Comparison) -> list[tuple[str, str]]:
    return [(problem.kind, problem.where) for problem in found.problems]


def test_the_model_equals_itself() -> None:
    for found in (looped(stream(EagerExecutor(choice_stages()))), taught(EagerExecutor(choice_stages()))):
        assert found.passed
        assert [(c.name, c.labels, c.agreement) for c in found.choices] == [(LABELS, HEADS * FRAMES, 1.0)]
        assert LABELS not in {error.name for error in found.outputs}
        assert found.motion == ()
    assert reference().frames == FRAMES


def test_the_reference_draws_and_listens() -> None:
    """Without seed or signals it is another stream, so that a gate which loses either would not see this one."""
    for beside in (replace(BESIDE, seed=None), replace(BESIDE, signals={})):
        assert not np.array_equal(
            stream(EagerExecutor(choice_stages()), beside).outputs[LABELS], reference().outputs[LABELS]
        )


@pytest.mark.parametrize("head", range(HEADS))
def test_one_flipped_label_fails_a_float32_step(head: int) -> None:
    found = taught(flipped({100}, head))
    assert wrong(found) == [("output", LABELS)]
    assert found.first_bad_step == 100
    assert "0.9978 of 450 labels agree; allowed 1; first other label at step 100" in found.problems[0].message
    # Its one-hot form and the history differ for that reason only, and are not called wrong as well.
    assert {error.name: error.steps for error in found.outputs}[CATEGORY] == FRAMES - 1
    assert all(error.max_abs == 0 for error in found.outputs)


def test_one_flipped_label_fails_a_float32_loop() -> None:
    found = looped(parted(60))
    assert wrong(found) == [("output", LABELS)]
    assert found.first_bad_step == 60
    # Up to it all values are compared, and are exact; after it none is.
    compared = {error.name: (error.steps, error.max_abs) for error in found.outputs}
    assert compared == dict.fromkeys((SCORES, CATEGORY, FACE), (60, 0.0))
    assert not np.allclose(parted(60).outputs[FACE][60:], reference().outputs[FACE][60:], atol=0.1)


@pytest.mark.parametrize("frame", [10, 60, 215])
def test_a_coarse_artefact_may_flip_one(frame: int) -> None:
    """In closed loop the rest is another sequence that moves alike; each step alone, one label of 450 is rare."""
    found = looped(parted(frame), COARSE)
    assert found.passed, found.problems
    assert found.choices[0].first_bad_step == frame
    assert [motion.name for motion in found.motion] == [FACE]
    assert taught(flipped({frame}), COARSE).passed


@pytest.mark.parametrize(("every", "passes"), [(25, True), (24, False), (3, False)])
def test_a_coarse_artefact_may_flip_one_label_in_fifty(every: int, *, passes: bool) -> None:
    """One of two heads in every 25th frame is 0.98 to the label."""
    found = taught(flipped(range(0, FRAMES, every)), COARSE)
    assert found.choices[0].equal == HEADS * FRAMES - len(range(0, FRAMES, every))
    assert found.passed == passes
    assert wrong(found) == ([] if passes else [("output", LABELS)])


def test_a_coarse_loop_is_not_held_to_the_labels_of_another_path() -> None:
    """One label in six is another: each step alone fails for it (above), the loop moves alike and fails in float32."""
    candidate = stream(flipped(range(0, FRAMES, 3)))
    found = looped(candidate, COARSE)
    assert found.choices[0].agreement < 0.9
    assert found.passed, found.problems
    assert wrong(looped(candidate)) == [("output", LABELS)]


def test_labels_that_are_never_right_leave_nothing_else_to_compare() -> None:
    found = taught(flipped(range(FRAMES)), COARSE)
    assert wrong(found) == [("output", LABELS)]
    assert {error.name for error in found.outputs} == {"audio_encoder.features", FACE}
    first = looped(stream(flipped({0})))
    assert wrong(first) == [("output", LABELS)]
    assert first.outputs == ()


@pytest.mark.parametrize("frame", [10, 60])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: np.repeat(v[:1], len(v), 0), "moves 0.00 times as far"),
        (lambda v: v[:1] + 5 * (v - v[:1]), "times as far as the reference; allowed 0.50 to 2"),
        (lambda v: v[:1] + 0.2 * (v - v[:1]), "times as far as the reference; allowed 0.50 to 2"),
        (lambda v: v + 3, "moves about another mean"),
    ],
    ids=["stuck", "wild", "timid", "elsewhere"],
)
def test_after_another_label_the_face_must_still_move_alike(
    frame: int, change: Callable[[Array], Array], said: str
) -> None:
    found = looped(moved(frame, change, parted(frame)), COARSE)
    assert {where for _, where in wrong(found)} == {FACE}
    assert said in " ".join(problem.message for problem in found.problems)
    assert not found.passed


def test_a_face_that_is_stuck_is_found_before_any_label_differs() -> None:
    """The values before the first other label are still held point by point, for coarse artefacts too."""
    found = looped(moved(100, lambda v: np.repeat(v[:1], len(v), 0), parted(215)), COARSE)
    assert ("output", FACE) in wrong(found)
    assert found.first_bad_step is not None
    assert 100 < found.first_bad_step < 110


def test_motion_is_judged_where_it_is_free_and_over_five_seconds_at_least() -> None:
    assert moving(1_000, 300) == slice(300, None)
    assert moving(1_000, 990) == slice(1_000 - MOTION_FRAMES, None)
    assert moving(60, 30) == slice(0, None)


def test_motion_deviations_against_numbers_by_hand() -> None:
    """Two elements, four frames: means 0 and 10, deviations 1 and 3, whose RMS is sqrt(5)."""
    signs = np.array([1, -1, 1, -1], np.float32)
    expected = np.stack([signs, 10 + 3 * signs], 1)
    found = motion_deviation("a.b", expected, np.stack([2 * signs + 1, 10 + 6 * signs - 2], 1))
    assert found.spread == pytest.approx(2)
    assert found.mean == pytest.approx(np.sqrt((1 + 4) / 2) / np.sqrt((1 + 9) / 2))
    still = np.zeros((4, 2), np.float32)
    assert (motion_deviation("a.b", still, still).mean, motion_deviation("a.b", still, still).spread) == (0, 1)
    assert motion_deviation("a.b", still, expected).spread == np.inf


@pytest.mark.parametrize("name", [LABELS, SCORES, CATEGORY, FACE])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_wrong_after_any_choice(name: str, value: float) -> None:
    outputs = {key: values.copy() for key, values in parted(60).outputs.items()}
    outputs[name][200, 0, 0] = value
    found = looped(replace(parted(60), outputs=outputs), COARSE)
    assert wrong(found) == [("nonfinite", name)]
    assert found.problems[0].message == "1 values are NaN or infinite, first at frame 200"


def test_what_is_not_finite_in_the_flipped_step_is_wrong_too() -> None:
    flips = flipped({100})

    def spoil(stage: str, given: Mapping[str, Array], results: dict[str, Array], run: int) -> dict[str, Array]:
        results = flips.run(stage, given)
        if stage == "chooser" and run == 100:
            results["logprobs"][1, 2] = np.nan
            results["history"][0, 0] = np.inf
        return results

    found = taught(spoilt(spoil), COARSE)
    assert wrong(found) == [("nonfinite", SCORES), ("nonfinite", "chooser.history")]
    assert found.first_bad_step == 100


def test_another_seed_is_another_stream() -> None:
    for seed, said in ((2, "drawn with seed 2, the reference with seed 1"), (None, "drawn with the likeliest choices")):
        found = looped(stream(EagerExecutor(choice_stages()), replace(BESIDE, seed=seed)), COARSE)
        assert wrong(found)[0] == ("input", "seed")
        assert said in found.problems[0].message


def other_signals(rows: SignalRows) -> dict[str, dict[str, SignalRows]]:
    changed = {name: value.copy() for name, value in rows.tensors.items()}
    changed["expression"][40, 2, 1] += 1e-6
    fewer = {name: value[:-1] for name, value in rows.tensors.items()}
    return {
        "a value": {"tracker": replace(rows, tensors=changed)},
        "a time": {"tracker": replace(rows, sample=rows.sample + (np.arange(len(rows.sample)) == 40))},
        "one fewer": {"tracker": SignalRows(rows.sample[:-1], fewer)},
        "another name": {"gaze": rows},
        "none": {},
        "a tensor more": {"tracker": replace(rows, tensors={**rows.tensors, "more": rows.tensors["confidence"]})},
    }


@pytest.mark.parametrize("what", other_signals(BESIDE.signals["tracker"]))
def test_other_signals_are_another_stream(what: str) -> None:
    signals = other_signals(BESIDE.signals["tracker"])[what]
    kinds = wrong(looped(replace(reference(), signals=signals), COARSE))
    assert ("input", "signal tracker") in kinds
    assert {kind for kind, _ in kinds} == {"input"}


def test_a_signal_written_down_without_values_is_one_that_never_came() -> None:
    empty = SignalRows(np.zeros(0, np.int64), {name: value[:0] for name, value in tracked(1).items()})
    without = replace(reference(), signals={})
    assert compare(without, replace(reference(), signals={"tracker": empty}), EXACT, tensors=TENSORS).passed


def test_values_are_given_by_the_first_frame_to_see_them() -> None:
    """Frames are due at 160, 320, ...: by their time the values belong to frames 0, 0 and 2, and 1 and 2."""
    one = SignalRows(np.array([0, 160, 321]), {"x": np.arange(3, dtype=np.float32)})
    other = SignalRows(np.array([161, 480]), {"y": np.arange(2, dtype=np.float32)})
    clock = SampleClock(echo_pipeline().frame_rate, 160)
    order = Beside({"b": one, "a": other}).in_order(clock)
    assert [(g.name, g.sample, g.frame) for g in order] == [
        ("b", 0, 0),
        ("b", 160, 0),
        ("a", 161, 1),
        ("a", 480, 2),
        ("b", 321, 2),
    ]
    late = Beside({"b": replace(one, seen_from=np.array([0, 5, 5])), "a": other}).in_order(clock)
    assert [(g.name, float(g.values["x"]), g.frame) for g in late if g.name == "b"] == [
        ("b", 0, 0),
        ("b", 1, 5),
        ("b", 2, 5),
    ]


def recorded_late(session: Session, recorder: TraceRecorder, lag: int) -> Trace:
    """As a tracker does it: every value comes `lag` frames after those of its time were shown."""
    rows = BESIDE.signals["tracker"]
    frames, row = 0, 0
    for chunk in np.split(PCM[:60_000], 100):
        session.push(chunk)
        frames += len(list(session.poll()))
        while row < len(rows.sample) and rows.sample[row] <= (frames - lag) * 16_000 / 30:
            session.push_signal("tracker", {k: v[row] for k, v in rows.tensors.items()}, sample=int(rows.sample[row]))
            row += 1
    session.flush()
    list(session.poll())
    return recorder.trace


def test_a_device_whose_signals_came_late_is_replayed_as_it_was(choice_bundle: Path, tmp_path: Path) -> None:
    with Bundle.open(choice_bundle) as bundle:
        said = {"target": "onnx", "precision": "fp32"}
        recorder = TraceRecorder(bundle.pipeline, said, seed=1)
        trace = recorded_late(bundle.session("onnx", seed=1, observer=recorder), recorder, lag=3)
    trace.save(tmp_path / "late.safetensors")
    assert device_case(choice_bundle, Trace.load(tmp_path / "late.safetensors")).verdict == "pass"
    # Were the values there in time, frames would see them that never did.
    rows = replace(trace.signals["tracker"], seen_from=None)
    case = device_case(choice_bundle, replace(trace, signals={"tracker": rows}))
    assert case.comparison is not None
    assert case.comparison.choices[0].agreement < 1


def test_a_push_of_many_seconds_drops_no_signal() -> None:
    """1,000 values in one push of 10 s, more than may wait: each is given when its frame is next."""
    sample = np.arange(0, 160_000, 160)
    mark = np.arange(1, 1_001, dtype=np.float32).reshape(-1, 1)
    beside = Beside({"cue": SignalRows(sample, {"mark": mark})})
    pcm = np.zeros(160_000, np.float32)
    trace = record(echo_pipeline(), EchoExecutor(), {}, pcm, [160_000], beside=beside)
    assert trace.outputs["face.seen"][:, 0].tolist() == [*range(2, 1_001), 1_000]
    assert trace.signals["cue"].seen_from is None


def test_repeated_audio_repeats_its_signals() -> None:
    """Values of the period's very end belong to the next turn's start, where the next turn's own are."""
    rows = SignalRows(np.array([0, 700, 1_599, 1_600, 5_000]), {"mark": np.arange(5, dtype=np.float32).reshape(5, 1)})
    again = Beside({"cue": rows}, seed=6).repeated(1_600, 3_900)
    assert again.seed == 6
    assert again.signals["cue"].sample.tolist() == [0, 700, 1_599, 1_600, 2_300, 3_199, 3_200, 3_900]
    assert again.signals["cue"].tensors["mark"].reshape(-1).tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert Beside({"cue": rows}).repeated(1_600, 650).signals["cue"].sample.tolist() == [0]
    assert Beside({}, 3).repeated(1_600, 10_000) == Beside({}, 3)


@pytest.mark.parametrize("frames", [7, 10, 25])
def test_frames_of_a_repeated_stream_see_the_signals_of_the_first_turn(frames: int) -> None:
    """Ten frames a turn, and a value in frame 0 of each: frame 10 + n sees what frame n saw."""
    sample, mark = np.array([0, 300, 900]), np.array([[1], [2], [3]], np.float32)
    beside = Beside({"cue": SignalRows(sample, {"mark": mark})})
    first = record(echo_pipeline(), EchoExecutor(), {}, PCM[:1_600], [333] * 4 + [268], beside=beside)
    pcm, chunks = repeat_audio(first, frames, echo_pipeline())
    again = record(echo_pipeline(), EchoExecutor(), {}, pcm, chunks, beside=Beside.of(first).repeated(1_600, len(pcm)))
    seen = first.outputs["face.seen"][:, 0].tolist()
    # A turn ends at the very sample where the next one's first value begins, and its last frame is due there.
    turn = [*seen[:9], 1.0]
    assert seen == [1, 2, 2, 2, 2, 3, 3, 3, 3, 3]
    expected = (turn * 3)[:frames] if frames > 10 else seen[:frames]
    assert again.outputs["face.seen"][:, 0].tolist() == expected


def report_of(*found: Comparison) -> ParityReport:
    keys = [CaseKey("onnx", f"q{number}", "closed_loop", requested=False) for number in range(len(found))]
    cases = tuple(Case(key, comparison) for key, comparison in zip(keys, found, strict=True))
    return ParityReport("build/choice", "toy_choice", "0.1.0", "a machine", cases)


@cache
def report() -> ParityReport:
    """A stream with another label in frame 60 and on: wrong in float32, right in half precision; and no other."""
    return report_of(looped(parted(60)), looped(parted(60), COARSE), looped(reference()))


@cache
def equal_labels() -> int:
    return int(np.sum(parted(60).outputs[LABELS] == reference().outputs[LABELS]))


def agreement() -> str:
    return f"{LABELS}: {equal_labels()} of 450 labels agree ({equal_labels() / 450:.2%}), first other at step 60"


def test_every_form_of_the_report_shows_the_agreement_and_the_motion() -> None:
    console = Console(file=io.StringIO(), width=200)
    console.print(table(report()), crop=False)
    motion = report().cases[1].comparison.motion[0]  # type: ignore[union-attr]
    moves = f"{FACE}: mean {motion.mean:.2f} deviations off, moves {motion.spread:.2f} times as far"
    forms = {
        "table": console.file.getvalue(),  # type: ignore[attr-defined]
        "html": html(report()),
        "junit": junit(report()),
        "text": "\n".join(map(describe, report().cases)),
    }
    for form, text in forms.items():
        assert text.count(agreement()) >= 2, form
        assert f"{LABELS}: 450 of 450 labels agree (100.00%)" in text, form
        assert moves in text, form


def test_json_fits_its_schema_and_holds_the_counts() -> None:
    data = json.loads(dumps(report()))
    schema = Path(__file__).parents[2] / "docs" / "parity.schema.json"
    jsonschema.validate(data, json.loads(schema.read_text()), cls=jsonschema.Draft202012Validator)
    assert [case["verdict"] for case in data["cases"]] == ["fail", "pass", "pass"]
    assert [case["choices"][0]["equal"] for case in data["cases"]] == [equal_labels(), equal_labels(), 450]
    assert [case["choices"][0]["first_bad_step"] for case in data["cases"]] == [60, 60, None]
    assert [len(case["motion"]) for case in data["cases"]] == [1, 1, 0]
    assert data["cases"][1]["tolerance"]["label_agreement"] == 0.98


def test_junit_has_a_test_for_the_labels() -> None:
    root = ET.fromstring(junit(report()))
    failed, passed, _ = ({test.get("name"): test for test in suite} for suite in root)
    assert set(failed) == {"stream", LABELS, SCORES, CATEGORY, FACE}
    assert [name for name, test in failed.items() if test.find("failure") is not None] == [LABELS]
    assert agreement() in (failed[LABELS].findtext("system-out") or "")
    assert not [name for name, test in passed.items() if test.find("failure") is not None]
    assert "deviations off" in (passed[FACE].findtext("system-out") or "")


def test_an_infinite_motion_is_null_in_json() -> None:
    found = report().cases[1].comparison
    assert found is not None
    wild = replace(found, motion=(replace(found.motion[0], mean=np.inf, spread=np.nan),))
    assert json.loads(dumps(report_of(wild)))["cases"][0]["motion"] == [{"name": FACE, "mean": None, "spread": None}]


def test_a_thousand_frames_of_onnx_choose_alike(choice_bundle: Path) -> None:
    with Bundle.open(choice_bundle) as bundle:
        case = Gate(bundle, frames=1_000).check(CaseKey("onnx", "fp32", "closed_loop", requested=True))
    assert case.verdict == "pass", describe(case)
    assert case.comparison is not None
    assert (case.comparison.frames, case.comparison.choices[0].labels) == (1_000, 1_000 * HEADS)
    assert case.comparison.choices[0].agreement == 1.0


def test_the_exported_vectors_draw_and_listen(choice_bundle: Path) -> None:
    with Bundle.open(choice_bundle) as bundle:
        vectors = bundle.vectors()
        report = check_bundle(bundle)
    assert report.passed
    assert vectors.seed is not None
    assert len(vectors.signals["tracker"].sample) == 30


@pytest.fixture(scope="module")
def phone(choice_bundle: Path) -> Trace:
    """As a device would record it: other audio, another seed and other signals than the vectors'."""
    beside = Beside({"tracker": SignalRows(np.array([0, 5_000]), tracked(2, seed=5))}, seed=9)
    with Bundle.open(choice_bundle) as bundle:
        trace = closed_loop(bundle, "onnx", None, speech_like(24_000, 4), [480] * 50, beside=beside)
    return replace(trace, metadata={"target": "onnx", "precision": "fp32", "model": "toy_choice"})


def device_case(folder: Path, trace: Trace) -> Case:
    with Bundle.open(folder) as bundle:
        (case,) = check_bundle(bundle, device_trace=trace).cases
    return case


def test_a_device_is_held_to_its_own_seed_and_signals(choice_bundle: Path, phone: Trace) -> None:
    assert device_case(choice_bundle, phone).verdict == "pass"


@pytest.mark.parametrize("lie", [{"seed": 10}, {"seed": None}, {"signals": {}}])
def test_a_device_that_drew_or_saw_otherwise_than_it_says_fails(
    choice_bundle: Path, phone: Trace, lie: dict[str, object]
) -> None:
    case = device_case(choice_bundle, replace(phone, **lie))  # type: ignore[arg-type]
    assert case.verdict == "fail"


def test_a_device_with_signals_that_the_model_lacks_is_told_so(choice_bundle: Path, phone: Trace) -> None:
    case = device_case(choice_bundle, replace(phone, signals={"gaze": phone.signals["tracker"]}))
    assert case.verdict == "not run"
    assert case.key.requested
    assert case.not_run == "signal gaze: the model has no such signal; its signals are: tracker"
