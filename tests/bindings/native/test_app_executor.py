"""Stages run by an executor of the app's own: the same frames as the Python session's on the same target."""

from __future__ import annotations

import ctypes
import itertools
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime_bindings.python.native.library import Library
from runtime_bindings.python.native.session import NativeSession
from sdk.bundle import Bundle
from sdk.bundle.trace import Trace
from sdk.errors import BundleError, TargetError, UsageError
from sdk.parity.gate import check_bundle
from sdk.runtime.frame import Frame
from tests.bindings.native.app_executor import (
    AppExecutor,
    BundleOptions,
    ExecutorTable,
    LibraryWithExecutor,
    Run,
    options_with,
)
from tests.bindings.native.sessions import Open, opener
from tests.toy_bundle import speech_like
from tests.toy_choice import tracked

SPEECH = speech_like(16_000)
TARGETS = ("coreml", "onnx")


@pytest.fixture(scope="module")
def folder(toy_model: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle for the targets that libnowface cannot run by itself. Copy it before changing a byte."""
    from tests.toy_choice import build_choice_bundle

    return build_choice_bundle(tmp_path_factory.mktemp("own") / "bundle", TARGETS)


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Iterator[Bundle]:
    with Bundle.open(folder) as opened:
        yield opened


@pytest.fixture(params=TARGETS)
def app(bundle: Bundle, request: pytest.FixtureRequest) -> Iterator[AppExecutor]:
    made = AppExecutor(request.param, bundle.pipeline)
    yield made
    assert made.loaded == {}, "all that was loaded is unloaded"


@pytest.fixture
def library(native_build: Path, app: AppExecutor) -> Library:
    return LibraryWithExecutor(native_build / "libnowface.so", options_with(app.table))


@pytest.fixture
def native(bundle: Bundle, library: Library) -> Open:
    return opener(bundle, library)


def track(session: Any) -> None:
    expressions = tracked(8)
    for row in range(8):
        session.push_signal("tracker", {name: value[row] for name, value in expressions.items()}, sample=1_000 * row)


def drive(session: Any) -> list[Frame]:
    track(session)
    frames: list[Frame] = []
    for piece in np.array_split(SPEECH, 7):
        session.push(piece)
        frames += session.poll()
    session.flush()
    if getattr(session, "_worker", False):
        assert session.wait(60)
    return [*frames, *session.poll()]


def assert_same(ours: list[Frame], theirs: list[Frame]) -> None:
    """Within 1e-6 of the range."""
    assert [f.index for f in ours] == [f.index for f in theirs]
    assert [f.due_sample for f in ours] == [f.due_sample for f in theirs]
    own, other = (np.array([f.values for f in frames]) for frames in (ours, theirs))
    assert np.ptp(other) > 1
    np.testing.assert_allclose(own, other, rtol=0, atol=1e-6 * np.ptp(other))


@pytest.mark.parametrize("seed", [None, 11])
@pytest.mark.parametrize("worker", [False, True])
def test_frames_are_those_of_the_python_session(
    bundle: Bundle, native: Open, app: AppExecutor, worker: bool, seed: int | None
) -> None:
    with bundle.session(app.target, seed=seed) as reference:
        wanted = drive(reference)
    with native(worker=worker, seed=seed) as session:
        frames = drive(session)
        assert_same(frames, wanted)
        assert session.report.restarts == 0
        session.reset()
        assert_same(drive(session), wanted)
    if not worker:
        assert all(
            (f.outputs["chooser.labels"] == w.outputs["chooser.labels"]).all()
            for f, w in zip(frames, wanted, strict=True)
        )


@pytest.mark.parametrize("worker", [False, True])
def test_a_snapshot_goes_on_in_another_session(native: Open, worker: bool) -> None:
    with native(worker=worker) as one, native(worker=worker) as other:
        one.push(SPEECH[:9_000])
        saved = one.snapshot()
        other.push(SPEECH[:700])
        other.restore(saved)
        results = []
        for session in (one, other):
            session.push(SPEECH[9_000:])
            session.flush()
            assert session.wait(60)
            results.append([frame.values.tobytes() for frame in session.poll()])
        assert results[0] == results[1]
        assert len(results[0]) > 12


def test_a_stage_is_told_as_the_manifest_says_it(bundle: Bundle, native: Open, app: AppExecutor) -> None:
    native().close()
    record = next(record for record in bundle.manifest.targets if record.target == app.target)
    assert [told["name"] for told in app.told] == [stage.name for stage in bundle.pipeline.stages]
    for told, stage in zip(app.told, bundle.pipeline.stages, strict=True):
        assert told["context"] == AppExecutor.CONTEXT
        assert told["path"] == str(bundle.path / record.artefacts[stage.name])
        assert Path(told["path"]).is_dir() == (app.target == "coreml")
        assert told["inputs"] == [(t.name, t.shape) for t in stage.inputs]
        assert told["state"] == [(t.name, t.shape) for t in stage.state]
        assert told["outputs"] == [(t.name, t.shape) for t in stage.outputs]


def test_sessions_in_threads_load_for_themselves(native: Open, app: AppExecutor) -> None:
    with native() as session:
        wanted = [frame.values.tobytes() for frame in drive(session)]
    results: list[list[bytes]] = []

    def run() -> None:
        with native(worker=True) as session:
            results.append([frame.values.tobytes() for frame in drive(session)])

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [wanted] * 4
    assert len(app.told) == 5 * 3


def test_a_stage_that_cannot_be_loaded_is_told(native: Open, app: AppExecutor) -> None:
    app.fail_load = ("chooser", b"no room\n\x1b[2J in the Neural Engine")
    with pytest.raises(TargetError) as told:
        native()
    assert " fp32 stage chooser: " in str(told.value)
    assert "gives 7 to load: no room" in str(told.value)
    assert str(told.value).isprintable()
    assert len(app.told) == 2


@pytest.mark.parametrize("worker", [False, True])
def test_a_step_that_fails_is_told_and_changes_nothing(native: Open, app: AppExecutor, worker: bool) -> None:
    with native(worker=worker) as session, native() as other:
        wanted = drive(other)
        track(session)
        app.fail_run = b"x" * 1_000
        session.push(SPEECH)
        if worker:
            session.wait(60)
        with pytest.raises(TargetError, match=r"stage audio_encoder: the app's executor gives 7 to run: x{500,511}"):
            list(session.poll())
        app.fail_run = b""
        with pytest.raises(TargetError, match="to run" if worker else "to run and says nothing of it"):
            list(session.poll())
        app.fail_run = None
        if worker:  # its thread stands until a new stream begins
            session.reset()
            assert_same(drive(session), wanted)
        else:
            session.flush()
            assert_same(list(session.poll()), wanted)


def test_values_that_are_not_finite_begin_the_state_anew(native: Open, app: AppExecutor) -> None:
    with native() as session:
        session.push(SPEECH[:8_000])
        list(session.poll())
        steps = itertools.count()
        app.turn = lambda value: value * np.nan if next(steps) == 0 else value
        session.push(SPEECH[8_000:])
        assert len(list(session.poll())) > 12
        assert session.report.restarts == 1


def open_with(build: Path, folder: Path, options: BundleOptions) -> None:
    bundle = ctypes.c_void_p()
    library = LibraryWithExecutor(build / "libnowface.so", options)
    library.call("bundle_open", str(folder).encode(), None, ctypes.byref(bundle))
    library.free("bundle_close", bundle)


def changed(table: ExecutorTable, **fields: Any) -> ExecutorTable:
    copied = ExecutorTable.from_buffer_copy(table)
    for name, value in fields.items():
        setattr(copied, name, value)
    return copied


def test_an_executor_that_cannot_be_used_is_refused(native_build: Path, folder: Path, app: AppExecutor) -> None:
    for fields, kind, words in [
        ({"abi_version": 2}, TargetError, "executor: abi_version is 2"),
        ({"struct_size": 0}, UsageError, "struct_size is not set"),
        ({"struct_size": ExecutorTable.load.offset}, UsageError, "executor load: is NULL"),
        ({"target": None}, UsageError, "executor target: is NULL"),
        ({"runtime": None}, UsageError, "executor runtime: is NULL"),
        ({"run": Run()}, UsageError, "executor run: is NULL"),
        ({"target": b"Core ML"}, UsageError, "'Core ML' is no name of a target"),
    ]:
        with pytest.raises(kind, match=words):
            open_with(native_build, folder, options_with(changed(app.table, **fields)))
    open_with(native_build, folder, options_with(app.table))


def test_options_of_an_older_header_have_no_executor(native_build: Path, folder: Path, app: AppExecutor) -> None:
    options = options_with(changed(app.table, abi_version=2))
    options.struct_size = BundleOptions.executor.offset
    open_with(native_build, folder, options)


def test_a_target_that_the_bundle_lacks_is_told(bundle: Bundle, native_build: Path, native_library: Library) -> None:
    app = AppExecutor("qnn", bundle.pipeline)
    library = LibraryWithExecutor(native_build / "libnowface.so", options_with(app.table))
    with pytest.raises(TargetError, match="has no target qnn; export it with --target qnn"):
        NativeSession(bundle.path, bundle.pipeline, bundle.parameters(), library=library)
    with pytest.raises(TargetError, match="has no target executorch"):
        NativeSession(bundle.path, bundle.pipeline, bundle.parameters(), library=native_library)


def test_texts_of_the_executor_are_copied(bundle: Bundle, library: Library, app: AppExecutor, tmp_path: Path) -> None:
    opened = ctypes.c_void_p()
    library.call("bundle_open", str(bundle.path).encode(), None, ctypes.byref(opened))
    app.table.target = app.table.runtime = b"changed"
    path = tmp_path / "trace.safetensors"
    library.call("bundle_replay", opened, None, None, str(path).encode())
    library.free("bundle_close", opened)
    assert Trace.load(path).metadata["runtime"] == "python 3"


def test_a_replay_tells_the_executor_and_passes_the_gate(
    bundle: Bundle, library: Library, app: AppExecutor, tmp_path: Path
) -> None:
    path = tmp_path / "trace é.safetensors"
    opened = ctypes.c_void_p()
    library.call("bundle_open", str(bundle.path).encode(), None, ctypes.byref(opened))
    try:
        library.call("bundle_replay", opened, b"fp32", "a désk".encode(), str(path).encode())
        with pytest.raises(TargetError, match=f"has no {app.target} in int3; it has fp32"):
            library.call("bundle_replay", opened, b"int3", None, str(path).encode())
        with pytest.raises(UsageError, match="cannot be written"):
            library.call("bundle_replay", opened, None, None, str(tmp_path / "no" / "folder").encode())
        app.fail_run = b"hot"
        with pytest.raises(TargetError, match="run: hot"):
            library.call("bundle_replay", opened, None, None, str(tmp_path / "other").encode())
        assert not (tmp_path / "other").exists()
    finally:
        library.free("bundle_close", opened)
    trace = Trace.load(path)
    told = {key: trace.metadata[key] for key in ("target", "runtime", "precision", "model", "device")}
    assert told == {
        "target": app.target,
        "runtime": "python 3",
        "precision": "fp32",
        "model": "toy_choice",
        "device": "a désk",
    }
    assert trace.frames == 60
    assert check_bundle(bundle, device_trace=trace).passed


def test_every_file_of_a_package_is_checked(bundle: Bundle, native_build: Path, folder: Path, tmp_path: Path) -> None:
    options = options_with(AppExecutor("coreml", bundle.pipeline).table)
    copied = Path(shutil.copytree(folder, tmp_path / "bundle"))
    package = next(path for path in copied.rglob("*.mlpackage"))
    file = next(path for path in sorted(package.rglob("*")) if path.is_file() and path.stat().st_size > 100)
    good = file.read_bytes()
    file.write_bytes(bytes([good[0] ^ 1]) + good[1:])
    with pytest.raises(BundleError, match="SHA-256"):
        open_with(native_build, copied, options)
    file.write_bytes(good)
    (package / "more").write_bytes(b"")
    with pytest.raises(BundleError, match="not listed"):
        open_with(native_build, copied, options)
