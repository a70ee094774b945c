"""A rig mapped inside the model: every target gives its channels, and the model's own motion stays what it was."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from export.cli import export_command
from export.exporter import Export, export_bundle
from export.plan import plan_jobs
from export.precision import FP32, Arithmetic, quantisable
from export.sensitivity.sweep import Sweep
from export.targets.base import LoweringOptions, find_target
from sdk.bundle import Bundle
from sdk.bundle.errors import WrongValueError
from sdk.cli.common import run
from sdk.errors import UsageError
from sdk.models.registry import BuildOptions, StagedModel
from sdk.models.rig_stage import OUTPUT, with_rig
from sdk.parity.face.face import Face
from sdk.parity.face.view import View
from sdk.rigs.rig_file import read_rig
from sdk.rigs.rig_map import RigMap, rig_map
from sdk.runtime import EagerExecutor
from sdk.spec import TensorSpec
from tests.bundle.conftest import edit_manifest
from tests.export.square_toy import SquareDecoder
from tests.toy import ENTRY, WIDTH
from tests.toy_bundle import speech_like

CHANNELS = (
    "jawOpen",
    "mouthClose",
    "mouthPucker",
    "mouthFunnel",
    "mouthSmileLeft",
    "mouthSmileRight",
    "eyeBlinkLeft",
    "browInnerUp",
)
TARGETS = ("executorch", "onnx")
MINE = {
    "nowface_rig": 1,
    "name": "percent",
    "channels": [
        {"name": "Mouth", "low": -20, "high": 30, "bias": 5, "weights": {"jawOpen": 100, "mouthClose": -100}},
        {"name": "Kiss", "weights": {"mouthPucker": 0.5, "mouthFunnel": 0.5}},
        {"name": "Tail"},
    ],
}


def rig_toy() -> StagedModel:
    """The toy, whose coefficients are now the weights of channels; some leave [0, 1]."""
    staged = ENTRY.build(BuildOptions())
    assert len(CHANNELS) == WIDTH
    pipeline = staged.pipeline.model_copy(update={"values": "motion_decoder.coefficients"})
    basis = {"basis": np.ones((WIDTH, 4, 3), np.float32), "offset": np.zeros((4, 3), np.float32)}
    return replace(staged, pipeline=pipeline, channels=CHANNELS, unit="1", basis=basis)


@pytest.fixture(scope="module")
def my_rig(tmp_path_factory: pytest.TempPathFactory) -> RigMap:
    path = tmp_path_factory.mktemp("rig") / "rig.json"
    path.write_text(json.dumps(MINE), encoding="utf-8")
    return read_rig(path)


@pytest.fixture(scope="module", params=["viseme_15", "percent"])
def rig(request: pytest.FixtureRequest, my_rig: RigMap) -> RigMap:
    """A bias and one range for all channels; a range for each channel."""
    return my_rig if request.param == "percent" else rig_map("arkit_52", request.param)


@pytest.fixture(scope="module")
def exported(toy_model: None, rig: RigMap, tmp_path_factory: pytest.TempPathFactory) -> Export:
    """The toy with the rig inside, fp32, its parity proved."""
    folder = tmp_path_factory.mktemp("bundle") / "toy"
    jobs = plan_jobs(TARGETS, ["fp32"])
    staged = with_rig(rig_toy(), rig)
    return export_bundle(staged, jobs, folder, options=LoweringOptions(), speech=speech_like(24_000))


def frames(session) -> np.ndarray:
    with session:
        session.push(speech_like(24_000, seed=3))
        session.flush()
        return np.stack([frame.values for frame in session.poll()])


def own_channels() -> np.ndarray:
    """(T, 8) what the toy alone gives."""
    from sdk.runtime import Session

    staged = rig_toy()
    return frames(Session(staged.pipeline, EagerExecutor(staged.stages), staged.parameters)).reshape(-1, WIDTH)


def on_the_host(rig: RigMap) -> np.ndarray:
    own = own_channels()
    whole = np.zeros((len(own), len(rig.source.channels)), np.float32)
    for column, name in enumerate(CHANNELS):
        whole[:, rig.source.index(name)] = own[:, column]
    mapped = rig.apply(whole)
    clamped = (mapped == np.array(rig.target.low, np.float32)) | (mapped == np.array(rig.target.high, np.float32))
    moving = np.ptp(mapped, axis=0) > 0
    assert clamped[:, moving].any()
    assert not clamped[:, moving].all()
    return mapped


@pytest.mark.parametrize("target", ["eager", *TARGETS])
def test_a_session_gives_the_channels_that_the_host_would(exported: Export, rig: RigMap, target: str) -> None:
    wanted = on_the_host(rig)
    with Bundle.open(exported.path) as bundle:
        assert bundle.rig.names == rig.target.channels
        assert bundle.unit == "1"
        got = frames(bundle.session(target))
    np.testing.assert_allclose(got, wanted, atol=2e-6 * np.abs(wanted).max())
    assert (got >= np.array(rig.target.low, np.float32)).all()
    assert (got <= np.array(rig.target.high, np.float32)).all()


def test_parity_passed_and_nothing_left_the_delegate(exported: Export) -> None:
    assert exported.parity is not None
    assert exported.parity.passed
    assert [record.undelegated for record in exported.manifest.targets] == [(), (), ()]


def test_the_gate_still_speaks_of_millimetres(exported: Export) -> None:
    """The model's own channels are an output of the bundle, and figures of the face are theirs."""
    view = View.by(exported.manifest)
    assert view.output == "motion_decoder.coefficients"
    assert view.names == CHANNELS
    assert isinstance(view.face, Face)
    assert exported.parity is not None
    faces = [case.comparison.face for case in exported.parity.cases if case.comparison]
    assert faces
    assert all(face is not None and face.word == "lip" for face in faces)


def test_the_card_tells_of_the_rig(exported: Export, rig: RigMap) -> None:
    card = (exported.path / "README.md").read_text(encoding="utf-8")
    assert f"the {len(rig.target.channels)} channels of {rig.target.name}" in card
    assert "Tail" in card or rig.target.name != "percent"


def test_what_is_fed_back_does_not_change(my_rig: RigMap) -> None:
    plain, mapped = rig_toy().stages[2], with_rig(rig_toy(), my_rig).stages[2]
    assert [t.name for t in mapped.outputs] == [*(t.name for t in plain.outputs), OUTPUT]
    assert mapped.spec.state == plain.spec.state
    generator = torch.Generator().manual_seed(0)
    tensors = plain.example(generator)
    for _ in range(5):
        expected, got = plain(*tensors), mapped(*tensors)
        kept = (*got[: len(plain.outputs)], *got[len(mapped.outputs) :])
        assert all(torch.equal(a, b) for a, b in zip(expected, kept, strict=True))
        inputs = [torch.randn(t.shape, generator=generator) for t in plain.inputs]
        tensors = (*inputs, *expected[len(plain.outputs) :])


class SquareRig(SquareDecoder):
    """The decoder that is worth quantising, with 15 channels in the place of its vertices."""

    outputs = (TensorSpec(name="vertices", shape=(15,)),)

    def step(self, inputs, state):
        outputs, after = super().step(inputs, state)
        return {"vertices": outputs["vertices"].reshape(15)}, after


def test_no_precision_quantises_the_map() -> None:
    """The layers that a form may be chosen for are those of the stage within."""
    stages = [*rig_toy().stages[:2], SquareRig().eval()]
    channels = rig_map("arkit_52", "arkit_52").source.channels[14:29]
    pipeline = rig_toy().pipeline.model_copy(
        update={"stages": tuple(stage.spec for stage in stages), "values": "motion_decoder.vertices"}
    )
    staged = replace(rig_toy(), stages=stages, pipeline=pipeline, channels=channels, basis={})
    mapped = with_rig(staged, rig_map("arkit_52", "meta_fb2_70")).stages[2]
    assert list(quantisable(mapped)) == [f"inner.{name}" for name in quantisable(stages[2])]


def test_a_budget_in_millimetres_can_be_kept(my_rig: RigMap) -> None:
    """`mixed` weighs layers by the lips of the model's own channels."""
    sweep = Sweep(with_rig(rig_toy(), my_rig), speech_like(8_000), {}, base="fp32", arithmetic=Arithmetic())
    assert sweep.error({}) == 0


@pytest.mark.parametrize("target", ["coreml", "executorch-coreml"])
def test_the_other_targets_take_the_stage(target: str, my_rig: RigMap, tmp_path: Path) -> None:
    row = find_target(target)
    stage = with_rig(rig_toy(), my_rig).stages[2]
    assert row.lower(stage, FP32, tmp_path / f"stage{row.suffix}", LoweringOptions()).undelegated == ()


def test_the_basis_follows_where_there_is_a_map_back(my_rig: RigMap) -> None:
    staged = rig_toy()
    assert with_rig(staged, my_rig).basis == {}
    known = replace(
        staged,
        channels=rig_map("arkit_52", "arkit_52").source.channels,
        basis={
            "basis": np.random.default_rng(0).random((52, 4, 3), np.float32),
            "offset": np.ones((4, 3), np.float32),
        },
        stages=[*staged.stages[:2], Wide().eval()],
        pipeline=staged.pipeline.model_copy(
            update={"stages": tuple(s.spec for s in (*staged.stages[:2], Wide())), "values": "motion_decoder.weights"}
        ),
    )
    basis = with_rig(known, rig_map("arkit_52", "meta_fb2_70")).basis
    weights = np.random.default_rng(1).random(52, np.float32)
    mapped = rig_map("arkit_52", "meta_fb2_70").apply(weights)
    np.testing.assert_allclose(
        basis["offset"] + np.tensordot(mapped, basis["basis"], 1),
        known.basis["offset"] + np.tensordot(weights, known.basis["basis"], 1),
        rtol=1e-5,
    )


class Wide(SquareDecoder):
    """A decoder of 52 channels."""

    outputs = (TensorSpec(name="weights", shape=(52,)),)


def test_a_model_of_vertices_is_refused() -> None:
    with pytest.raises(UsageError, match="puts out vertices"):
        with_rig(ENTRY.build(BuildOptions()), rig_map("arkit_52", "viseme_15"))


def test_a_rig_that_the_model_cannot_move_is_refused() -> None:
    staged = replace(rig_toy(), channels=tuple("abcdefgh"))
    with pytest.raises(UsageError, match="no channel that moves it"):
        with_rig(staged, rig_map("arkit_52", "viseme_15"))


@pytest.mark.parametrize(
    ("name", "words"),
    [("viseme_16", "neither a rig of the SDK nor a file"), ("none.json", "none.json: cannot be read")],
)
def test_a_rig_that_is_not_there_is_one_line_and_exit_code_2(name, words, capsys, tmp_path) -> None:
    with pytest.raises(SystemExit) as stop:
        run(export_command, "python -m export", ["--rig", name, "--target", "onnx", "--output-dir", str(tmp_path)])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


def damage(manifest, **changes) -> None:
    manifest["model"]["config"]["in_graph_rig"].update(changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"values": "motion_decoder.rig"},
        {"values": "motion_decoder.nothing"},
        {"channels": []},
        {"low": [0.0]},
        {"more": 1},
    ],
    ids="-".join,
)
def test_a_manifest_that_tells_of_another_rig_is_refused(exported: Export, tmp_path: Path, changes) -> None:
    folder = Path(shutil.copytree(exported.path, tmp_path / "bundle"))
    edit_manifest(folder, lambda manifest: damage(manifest, **changes))
    with Bundle.open(folder) as bundle, pytest.raises(WrongValueError, match=r"manifest\.json"):
        bundle.executor("eager")
