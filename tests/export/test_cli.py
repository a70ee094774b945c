"""The exporter's command line: every mistake is one line on stderr and exit code 2, a failed gate exit code 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from export.cli import COMMANDS, export_command
from export.exporter import export_bundle
from export.loose import export_components
from export.plan import Job, calibration_speech
from export.planner import Planner
from export.proving import lines
from export.sensitivity.budget import Budget
from export.targets.base import LoweringOptions, find_target
from sdk.bundle import Bundle
from sdk.cli.common import run
from sdk.errors import AudioError, MissingDependencyError, ParityError, TargetError
from sdk.models.registry import BuildOptions
from tests.toy import ENTRY


def call(capsys, *arguments, command=export_command):
    with pytest.raises(SystemExit) as stop:
        run(command, "python -m export", [str(argument) for argument in arguments])
    return stop.value.code, capsys.readouterr()


@pytest.fixture
def files(tmp_path):
    (tmp_path / "text.pth").write_text("not a checkpoint")
    (tmp_path / "empty").mkdir()
    (tmp_path / "short").mkdir()
    soundfile.write(tmp_path / "short" / "click.wav", np.full(100, 0.5, np.float32), 16_000)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "faceformer").mkdir()
    (tmp_path / "other" / "faceformer" / "thesis.txt").write_text("precious")
    (tmp_path / "b" / "faceformer").mkdir(parents=True)
    (tmp_path / "b" / "faceformer" / "manifest.json").write_text("{}")
    return tmp_path


MISTAKES = {
    "model": (["nobody"], "nobody: no such model"),
    "target": (["--target", "tpu"], "tpu: no such target"),
    "precision": (["--target", "onnx", "--precision", "int3"], "no such precision; use one of fp32"),
    "refused precision": (["--target", "executorch", "--precision", "int8-static"], "executorch cannot do it: XNNPACK"),
    "budget": (["--precision", "mixed", "--target", "executorch", "--budget", "lip-error=-1mm"], "is not a budget"),
    "budget of nothing": (["--budget", "lip-error=1mm"], "only --precision mixed keeps a budget"),
    "component": (["--components", "brain"], "--components brain: no such stage"),
    "fps": (["--fps", "fast"], "--fps: 'fast' is not a frame rate"),
    "fps zero": (["--fps", "0"], "is not a frame rate between 1 and 1000"),
    "lookahead": (["--lookahead", "-1"], "--lookahead -1: out of range"),
    "checkpoint missing": (["--checkpoint", "{}/none.pth"], "none.pth"),
    "checkpoint text": (["--checkpoint", "{}/text.pth"], "text.pth"),
    "calibration missing": (["--calibration", "{}/none"], "is not a folder"),
    "calibration empty": (["--calibration", "{}/empty"], "holds no WAV, FLAC or OGG file"),
    "calibration short": (["--calibration", "{}/short"], "holds less than a second"),
    "template": (["--template", "{}/none.npy"], "none.npy"),
    "deployment target": (["--target", "coreml", "--min-deployment-target", "iOS7", "--output-dir", "{}/o"], "iOS7"),
    "folder": (["--target", "onnx", "--output-dir", "{}/other"], "is not a bundle"),
    "component in a bundle": (
        ["--components", "identity", "--target", "onnx", "--output-dir", "{}/b"],
        "holds a bundle",
    ),
    "component folder": (["--components", "identity", "--output-dir", "{}/text.pth"], "cannot be written"),
    "option": (["--nonsense"], "--nonsense"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(name, files, capsys):
    arguments, words = MISTAKES[name]
    code, out = call(capsys, *(argument.format(files) for argument in arguments))
    assert code == 2
    assert words in out.err
    assert len(out.err.strip().splitlines()) == 1
    assert (files / "other" / "faceformer" / "thesis.txt").read_text() == "precious"


def test_inspecting_what_is_no_bundle(tmp_path, capsys):
    code, out = call(capsys, tmp_path, command=COMMANDS["inspect"])
    assert code == 2
    assert len(out.err.strip().splitlines()) == 1


def test_list_names_models_and_targets(capsys):
    code, out = call(capsys, command=COMMANDS["list"])
    assert code == 0
    for name in ("faceformer", "executorch", "onnx", "coreml", "palette6", "8-bit layers"):
        assert name in out.out


def wrong_weight(target):
    """The target, with one weight changed behind the exporter's back."""

    def lower(stage, precision, path, options):
        changed = type(stage)()
        changed.load_state_dict(stage.state_dict())
        if stage.name == "motion_decoder":
            with torch.no_grad():
                changed.read.weight[0, 0] += 0.05
        return target.lower(changed.eval(), precision, path, options)

    return replace(target, lower=lower)


def test_a_wrong_artefact_is_not_published(tmp_path, toy_model):
    staged, folder = ENTRY.build(BuildOptions()), tmp_path / "toy"
    job = Job(wrong_weight(find_target("onnx")), "fp32")
    with pytest.raises(ParityError, match=r"onnx fp32 teacher_forced: motion_decoder\.vertices"):
        export_bundle(staged, [job], folder, options=LoweringOptions(), speech=calibration_speech(None))
    assert list(tmp_path.iterdir()) == []


def refused(target):
    """The target, which can lower nothing."""

    def lower(stage, precision, path, options):
        path.write_text("begun")
        raise TargetError(stage.name, "has a weight that does not fit", "use fp32")

    return replace(target, lower=lower)


RIGHT = Job(find_target("onnx"), "fp32")


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (wrong_weight, "teacher_forced: motion_decoder.vertices: max abs"),
        (refused, "audio_encoder: has a weight that does not fit; use fp32"),
    ],
)
def test_an_optional_job_that_fails_is_left_out_and_named(spoilt, reason, tmp_path, toy_model):
    staged, folder = ENTRY.build(BuildOptions()), tmp_path / "toy"
    jobs = [Job(spoilt(find_target("onnx")), "fp16", optional=True), RIGHT]
    speech = calibration_speech(None)[:32_000]
    result = export_bundle(staged, jobs, folder, options=LoweringOptions(), speech=speech)
    (left_out,) = result.left_out
    assert (left_out.target, left_out.precision) == ("onnx", "fp16")
    assert left_out.reason.startswith(reason)
    assert lines(result.left_out) == [f"left out: onnx fp16: {left_out.reason}"]
    assert result.parity.passed
    with Bundle.open(folder) as bundle:  # which refuses a file that the manifest does not list
        assert bundle.targets() == [("eager", "fp32"), ("onnx", "fp32")]
        assert bundle.record("onnx").measured
    assert "fp16" not in (folder / "README.md").read_text()


@pytest.mark.parametrize("spoilt", [wrong_weight, refused])
def test_where_nothing_is_left_nothing_is_written(spoilt, tmp_path, toy_model):
    staged = ENTRY.build(BuildOptions())
    jobs = [Job(spoilt(find_target("onnx")), precision, optional=True) for precision in ("fp32", "fp16")]
    with pytest.raises(ParityError, match="not written: "):
        export_bundle(staged, jobs, tmp_path / "toy", options=LoweringOptions(), speech=calibration_speech(None))
    assert list(tmp_path.iterdir()) == []


def test_a_job_asked_for_by_name_is_never_left_out(tmp_path, toy_model):
    staged = ENTRY.build(BuildOptions())
    jobs = [RIGHT, Job(refused(find_target("onnx")), "fp16")]
    with pytest.raises(TargetError, match="does not fit"):
        export_bundle(staged, jobs, tmp_path / "toy", options=LoweringOptions(), speech=calibration_speech(None))
    assert list(tmp_path.iterdir()) == []


def test_a_right_artefact_is(tmp_path, toy_model):
    staged, folder = ENTRY.build(BuildOptions()), tmp_path / "toy"
    words = []
    job = Job(find_target("onnx"), "fp32")
    result = export_bundle(
        staged, [job], folder, options=LoweringOptions(), speech=calibration_speech(None), advance=words.append
    )
    assert result.parity.passed
    assert (words[0], words[-1]) == ("vectors", "parity")
    with Bundle.open(folder) as bundle:
        assert "Untrained" in (folder / "README.md").read_text()
        assert bundle.vectors().metadata["model"] == "toy"


def test_skipping_parity_is_said_in_the_manifest(tmp_path, toy_model):
    staged, folder = ENTRY.build(BuildOptions()), tmp_path / "toy"
    job = Job(find_target("onnx"), "fp32")
    export_bundle(staged, [job], folder, options=LoweringOptions(), speech=calibration_speech(None), parity=False)
    with Bundle.open(folder) as bundle:
        assert bundle.record("onnx").measured == {}
        assert bundle.record("onnx").tolerance is None


def test_components_are_loose_checked_files(tmp_path):
    staged = ENTRY.build(BuildOptions())
    planner = Planner(staged, calibration_speech(None), Budget())

    def export(job, stage, parity=True):
        return export_components(
            [job], [stage], tmp_path, options=LoweringOptions(), planner=planner, parity=parity, advance=lambda _: None
        )

    paths, left_out = export(Job(find_target("onnx"), "fp32"), "audio_encoder")
    assert left_out == ()
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == ["onnx/fp32/audio_encoder.onnx"]
    with pytest.raises(ParityError, match="vertices is off by"):
        export(Job(wrong_weight(find_target("onnx")), "fp32"), "motion_decoder")
    optional = Job(wrong_weight(find_target("onnx")), "fp32", optional=True)
    paths, (left_out,) = export(optional, "motion_decoder")
    assert (paths, left_out.precision) == ([], "fp32")
    assert not (tmp_path / "onnx/fp32/motion_decoder.onnx").exists()
    ((path,), _) = export(Job(wrong_weight(find_target("onnx")), "fp32"), "motion_decoder", parity=False)
    assert path.is_file()


def test_a_missing_package_is_no_reason_to_leave_out(tmp_path, toy_model):
    def lower(*_):
        raise MissingDependencyError("onnx", "is not installed", "install it")

    jobs = [Job(find_target("onnx"), "fp32"), Job(replace(find_target("onnx"), lower=lower), "fp16", optional=True)]
    staged = ENTRY.build(BuildOptions())
    with pytest.raises(MissingDependencyError):
        export_bundle(staged, jobs, tmp_path / "toy", options=LoweringOptions(), speech=calibration_speech(None))


def test_the_broken_file_of_a_calibration_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000, np.float32), 16_000)
    soundfile.write(tmp_path / "b.wav", np.full(16_000, np.nan, np.float32), 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"b\.wav.*finite"):
        calibration_speech(tmp_path)
