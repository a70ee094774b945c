"""The writer publishes a whole bundle or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdk.bundle import Bundle, TargetRecord
from sdk.bundle.errors import CollidingPathError, UnsafePathError, WrongValueError
from sdk.bundle.writer import BASIS, PARAMETERS, WEIGHTS, BundleWriter
from sdk.errors import UsageError
from sdk.models.registry import BuildOptions, StagedModel
from tests.bundle.conftest import meta_files
from tests.toy import ENTRY

STAGES = ("audio_encoder", "identity", "motion_decoder")


@pytest.fixture(scope="module")
def staged() -> StagedModel:
    return ENTRY.build(BuildOptions())


def target(**artefacts: str) -> TargetRecord:
    return TargetRecord(target="onnx", precision="fp32", artefacts=artefacts)


def test_without_any_target_it_runs_eagerly(staged: StagedModel, tmp_path: Path, toy_model: None) -> None:
    with BundleWriter(tmp_path / "new" / "bundle", staged) as writer:
        writer.finish()
    bundle = Bundle.open(tmp_path / "new" / "bundle")
    assert bundle.targets() == [("eager", "fp32")]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["bundle"]


def test_artefacts_may_be_files_or_folders(staged: StagedModel, tmp_path: Path, toy_model: None) -> None:
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        artefacts = {}
        for stage in STAGES:
            path = writer.artefact("onnx", "fp32", stage, ".mlpackage")
            (path / "Data" / "com.apple.CoreML").mkdir(parents=True)
            (path / "Data" / "com.apple.CoreML" / "weight.bin").write_bytes(stage.encode())
            artefacts[stage] = writer.relative(path)
        writer.add_target(target(**artefacts))
        manifest = writer.finish()
    assert artefacts["identity"] == "onnx/fp32/identity.mlpackage"
    assert "onnx/fp32/identity.mlpackage/Data/com.apple.CoreML/weight.bin" in {file.path for file in manifest.files}
    assert Bundle.open(tmp_path / "bundle").targets() == [("eager", "fp32"), ("onnx", "fp32")]


def test_a_draft_can_be_opened_and_measured(staged: StagedModel, tmp_path: Path, toy_model: None) -> None:
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        with Bundle.open(writer.draft()) as draft, draft.session() as session:
            session.flush()
        record = draft.record("eager")
        writer.add_target(record.model_copy(update={"measured": {"max_abs_of_range": 0.0}}))
        assert not (tmp_path / "bundle").exists()
        writer.finish()
    assert Bundle.open(tmp_path / "bundle").record("eager").measured == {"max_abs_of_range": 0.0}


def test_failure_leaves_nothing(staged: StagedModel, tmp_path: Path) -> None:
    def export() -> None:
        with BundleWriter(tmp_path / "bundle", staged) as writer:
            writer.draft()
            raise RuntimeError("lowering failed")

    with pytest.raises(RuntimeError, match="lowering failed"):
        export()
    assert list(tmp_path.iterdir()) == []


def test_failure_keeps_the_bundle_before(staged: StagedModel, tmp_path: Path, toy_model: None) -> None:
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        writer.write_card("first")
        writer.finish()
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        writer.write_card("second")
        writer.add_target(target(audio_encoder="README.md"))
        with pytest.raises(WrongValueError):
            writer.finish()
    Bundle.open(tmp_path / "bundle")
    assert (tmp_path / "bundle" / "README.md").read_text() == "first"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_second_export_replaces_the_first(staged: StagedModel, tmp_path: Path, toy_model: None) -> None:
    for text in ("first", "second"):
        with BundleWriter(tmp_path / "bundle", staged) as writer:
            writer.write_card(text)
            if text == "first":
                (writer.path / "extra").write_text("gone after the second")
            writer.finish()
    Bundle.open(tmp_path / "bundle")
    assert (tmp_path / "bundle" / "README.md").read_text() == "second"
    assert not (tmp_path / "bundle" / "extra").exists()
    assert len(list(tmp_path.iterdir())) == 1


def test_what_unity_wrote_beside_the_files_is_kept(staged: StagedModel, tmp_path: Path, toy_model: None) -> None:
    folder = tmp_path / "bundle"
    with BundleWriter(folder, staged) as writer:
        path = writer.artefact("onnx", "fp32", "motion_decoder", ".onnx")
        path.write_bytes(b"old")
        writer.finish()
    for beside in meta_files(folder):
        beside.write_text(f"guid: {beside.name}\n")
    with BundleWriter(folder, staged) as writer:
        writer.finish()
    Bundle.open(folder)
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*.meta")}
    assert left == {f"{path}.meta" for path in ("manifest.json", PARAMETERS, BASIS, "reference", WEIGHTS)}
    assert (folder / "reference.meta").read_text() == "guid: reference.meta\n"


def test_an_empty_folder_is_taken(staged: StagedModel, tmp_path: Path, toy_model: None) -> None:
    (tmp_path / "bundle").mkdir()
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        writer.finish()
    Bundle.open(tmp_path / "bundle")


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_not_a_bundle_is_not_overwritten(staged: StagedModel, tmp_path: Path, kind: str) -> None:
    precious = tmp_path / "home" / "thesis.txt" if kind == "folder" else tmp_path / "home"
    precious.parent.mkdir(exist_ok=True)
    precious.write_text("precious")
    with pytest.raises(UsageError, match="is not a bundle"):
        BundleWriter(tmp_path / "home", staged)
    assert precious.read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


OTHER_MANIFESTS = {
    "web page": '{"name": "my page"}',
    "list": '{"format_version": 1, "files": 3}',
    "not JSON": "manifest",
}


@pytest.mark.parametrize("kind", OTHER_MANIFESTS)
def test_another_program_s_manifest_makes_no_bundle(staged: StagedModel, tmp_path: Path, kind: str) -> None:
    """Replacing means deleting, and manifest.json is a common name."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "manifest.json").write_text(OTHER_MANIFESTS[kind])
    (folder / "thesis.txt").write_text("precious")
    with pytest.raises(UsageError, match="is not"):
        BundleWriter(folder, staged)
    assert (folder / "thesis.txt").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_a_user_s_file_in_a_bundle_is_not_deleted(staged: StagedModel, tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        writer.finish()
    (tmp_path / "bundle" / "notes").mkdir()
    (tmp_path / "bundle" / "notes" / "mine.txt").write_text("precious")
    with pytest.raises(UsageError, match=r"notes/mine\.txt: is not part of the bundle"):
        BundleWriter(tmp_path / "bundle", staged)
    assert (tmp_path / "bundle" / "notes" / "mine.txt").read_text() == "precious"


def test_a_damaged_bundle_is_replaced(staged: StagedModel, tmp_path: Path, toy_model: None) -> None:
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        writer.finish()
    (tmp_path / "bundle" / "parameters.safetensors").write_bytes(b"damaged")
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        writer.finish()
    Bundle.open(tmp_path / "bundle")


def test_the_place_cannot_be_written(staged: StagedModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        BundleWriter(tmp_path / "file" / "bundle", staged)


def test_an_artefact_that_is_missing(staged: StagedModel, tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        writer.add_target(target(**dict.fromkeys(STAGES, "onnx/fp32/absent.onnx")))
        with pytest.raises(WrongValueError, match="absent"):
            writer.finish()


def test_a_measurement_that_is_not_finite(staged: StagedModel, tmp_path: Path) -> None:
    """`model_copy` checks nothing; what it lets through must not reach a manifest."""
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        record = target(**dict.fromkeys(STAGES, "reference"))
        writer.add_target(record.model_copy(update={"measured": {"max_abs_of_range": float("inf")}}))
        with pytest.raises(WrongValueError):
            writer.finish()


def test_names_that_differ_only_in_case(staged: StagedModel, tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        (writer.path / "Notes").write_text("")
        (writer.path / "notes").write_text("")
        with pytest.raises(CollidingPathError):
            writer.finish()


def test_an_artefact_that_is_a_link(staged: StagedModel, tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        (writer.path / "link").symlink_to("/etc/hostname")
        with pytest.raises(UnsafePathError):
            writer.finish()


def test_the_same_model_makes_the_same_bytes(staged: StagedModel, tmp_path: Path) -> None:
    for name in ("a", "b"):
        with BundleWriter(tmp_path / name, staged) as writer:
            writer.finish()
    a, b = ((tmp_path / name / "manifest.json").read_bytes() for name in ("a", "b"))
    assert a == b


def test_everyone_may_read_it(staged: StagedModel, tmp_path: Path) -> None:
    """A bundle made by one user is served or packed by another; the umask decides, not the writer."""
    before = os.umask(0o022)
    try:
        with BundleWriter(tmp_path / "bundle", staged) as writer:
            writer.finish()
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes.pop("bundle") == modes.pop("reference") == 0o755
    assert set(modes.values()) == {0o644}, modes


def test_the_last_rename_fails(
    staged: StagedModel, tmp_path: Path, toy_model: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundle that was there is put back."""
    with BundleWriter(tmp_path / "bundle", staged) as writer:
        writer.write_card("first")
        writer.finish()
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name == "bundle" and path.parent != tmp_path:
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with BundleWriter(tmp_path / "bundle", staged) as writer, pytest.raises(OSError, match="Input/output"):
        writer.finish()
    monkeypatch.undo()
    Bundle.open(tmp_path / "bundle")
    assert (tmp_path / "bundle" / "README.md").read_text() == "first"
    assert len(list(tmp_path.iterdir())) == 1
