"""What both executors must do alike: equal eager, stay pure, refuse files that are not their stage's."""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sdk.errors import MissingDependencyError, SessionError, TargetError
from sdk.runtime.executor import Executor, open_executor
from tests.export.lowering import LoweredZoo, lower_zoo, random_inputs, run_eager, run_stream, state_of, zero_state
from tests.export.zoo import zoo_stages

STAGES = {stage.name: stage for stage in zoo_stages()}
REWRITES = {
    "executorch": {
        **dict.fromkeys(STAGES, ()),
        "motion_decoder": ("operator_forms",),
        "mel": ("fold_parametrisations", "layer_norm_to_linear", "operator_forms"),
        "attention": ("layer_norm_to_linear", "operator_forms"),
    },
    "onnx": {**dict.fromkeys(STAGES, ()), "mel": ("fold_parametrisations",)},
}


@pytest.fixture(scope="module", params=["executorch", "onnx"])
def zoo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LoweredZoo:
    return lower_zoo(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def executor(zoo: LoweredZoo) -> Executor:
    return zoo.open()


def test_no_operator_is_left_outside_the_delegate(zoo: LoweredZoo) -> None:
    assert {name: report.undelegated for name, report in zoo.reports.items()} == dict.fromkeys(STAGES, ())


def test_rewrites_are_reported_where_they_changed_something(zoo: LoweredZoo) -> None:
    assert {name: report.rewrites for name, report in zoo.reports.items()} == REWRITES[zoo.source.target]


@pytest.mark.parametrize("name", STAGES)
def test_two_hundred_closed_loop_steps_equal_eager(executor: Executor, name: str) -> None:
    """Oracle: the stage itself in PyTorch, each side fed its own state."""
    stage = STAGES[name]
    reference, candidate = zero_state(stage.spec), zero_state(stage.spec)
    for step in range(200):
        inputs = random_inputs(stage.spec, step)
        want = run_eager(stage, {**inputs, **reference})
        have = executor.run(name, {**inputs, **candidate})
        assert list(have) == list(want)
        for key, value in want.items():
            assert have[key].dtype == np.float32
            np.testing.assert_allclose(have[key], value, rtol=0, atol=1e-5, err_msg=f"{key}, step {step}")
        reference, candidate = state_of(stage.spec, want), state_of(stage.spec, have)


@pytest.mark.parametrize("name", ["mel", "attention"])
def test_runs_are_deterministic_across_loads(zoo: LoweredZoo, executor: Executor, name: str) -> None:
    spec = STAGES[name].spec
    first, second = run_stream(executor, spec, 20, seed=7), run_stream(zoo.open(), spec, 20, seed=7)
    for one, other in zip(first, second, strict=True):
        assert all(np.array_equal(one[key], other[key]) for key in one)


def test_streams_that_share_an_executor_do_not_mix(executor: Executor) -> None:
    spec = STAGES["attention"].spec
    alone = {seed: run_stream(executor, spec, 20, seed) for seed in (100, 200)}
    states = {seed: zero_state(spec) for seed in alone}
    for step in range(20):
        for seed, state in states.items():
            results = executor.run(spec.name, {**random_inputs(spec, seed + step), **state})
            assert all(np.array_equal(results[key], alone[seed][step][key]) for key in results)
            states[seed] = state_of(spec, results)


def test_streams_in_threads_do_not_mix(executor: Executor) -> None:
    spec = STAGES["attention"].spec
    seeds = range(300, 1100, 100)
    alone = [run_stream(executor, spec, 30, seed) for seed in seeds]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: run_stream(executor, spec, 30, seed), seeds))
    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(a[key], b[key]) for a, b in zip(one, other, strict=True) for key in a)


@pytest.mark.parametrize("name", STAGES)
def test_results_belong_to_the_caller(executor: Executor, name: str) -> None:
    """No later run and no write into an argument changes them, nor does a run change its arguments."""
    spec = STAGES[name].spec
    arguments = {**random_inputs(spec, 1), **zero_state(spec)}
    given = {key: value.copy() for key, value in arguments.items()}
    results = executor.run(name, arguments)
    kept = {key: value.copy() for key, value in results.items()}
    assert all(np.array_equal(arguments[key], given[key]) for key in given)
    executor.run(name, {**random_inputs(spec, 2), **state_of(spec, results)})
    for value in arguments.values():
        np.add(value, 1, out=value)
    assert all(np.array_equal(results[key], kept[key]) for key in kept)
    for value in results.values():
        np.add(value, 1, out=value)
    assert not any(np.shares_memory(a, b) for key, a in results.items() for other, b in results.items() if key != other)


def test_read_only_and_strided_arguments_are_taken(executor: Executor) -> None:
    spec = STAGES["wires"].spec
    plain = {**random_inputs(spec, 5), **zero_state(spec)}
    want = executor.run("wires", plain)
    wide = {key: np.repeat(value, 2, axis=-1)[..., ::2] for key, value in plain.items()}
    for value in plain.values():
        value.flags.writeable = False
    for arguments in (plain, wide):
        have = executor.run("wires", arguments)
        assert all(np.array_equal(have[key], want[key]) for key in want)


def test_nan_passes_through(executor: Executor) -> None:
    spec = STAGES["audio_encoder"].spec
    inputs = random_inputs(spec, 1)
    inputs["pcm"][0, 3] = np.nan
    results = executor.run("audio_encoder", {**inputs, **zero_state(spec)})
    assert np.isnan(results["features"]).all()
    assert np.isfinite(results["left"]).all()


def test_another_stages_file_is_refused(zoo: LoweredZoo) -> None:
    with pytest.raises(TargetError, match="attention"):
        open_executor(zoo.with_file("attention", zoo.source.files["mel"]))


def test_a_missing_file_is_refused(zoo: LoweredZoo, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no such file"):
        open_executor(zoo.with_file("mel", tmp_path / "gone"))


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_truncated_file_is_refused(zoo: LoweredZoo, tmp_path: Path, keep: float) -> None:
    data = zoo.source.files["mel"].read_bytes()
    broken = tmp_path / "mel"
    broken.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(TargetError, match="mel"):
        open_executor(zoo.with_file("mel", broken))


@pytest.mark.parametrize("content", [b"not a program\n" * 100, bytes(range(0x80, 0x100)) * 40], ids=["text", "bytes"])
def test_a_file_of_something_else_is_refused(zoo: LoweredZoo, tmp_path: Path, content: bytes) -> None:
    """Bytes that are no UTF-8 must not reach ExecuTorch's own message, which would end the process."""
    broken = tmp_path / "notes.txt"
    broken.write_bytes(content)
    with pytest.raises(TargetError, match=r"notes\.txt"):
        open_executor(zoo.with_file("mel", broken))


def test_files_may_go_once_loaded(zoo: LoweredZoo, tmp_path: Path) -> None:
    moved = shutil.copy(zoo.source.files["mel"], tmp_path / "mel")
    executor = open_executor(zoo.with_file("mel", Path(moved)))
    Path(moved).unlink()
    spec = STAGES["mel"].spec
    assert executor.run("mel", {**random_inputs(spec, 1), **zero_state(spec)})["features"].shape == (1, 16)


def test_a_closed_executor_runs_nothing(zoo: LoweredZoo) -> None:
    executor = zoo.open()
    executor.close()
    spec = STAGES["mel"].spec
    with pytest.raises(SessionError, match="its executor is closed"):
        executor.run("mel", {**random_inputs(spec, 1), **zero_state(spec)})


def test_a_missing_package_is_named_with_its_extra(zoo: LoweredZoo, monkeypatch: pytest.MonkeyPatch) -> None:
    module = {"executorch": "executorch.runtime", "onnx": "onnxruntime"}[zoo.source.target]
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"nowface\[{zoo.source.target}\]"):
        zoo.open()
