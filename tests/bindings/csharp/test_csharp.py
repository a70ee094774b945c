"""The C# binding: its sessions are the native library's, bit for bit, and push and poll make no garbage."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from safetensors import safe_open

from tests.bindings.csharp.mono import HERE, Checks
from tests.toy_bundle import build_toy_bundle

WITHOUT_MORE = {
    "SessionChecks": "named_toy",
    "SignalChecks": "native_toy",
    "UnityChecks": "named_toy",
    "VertexChecks": "native_toy",
    "FaceChecks": None,
}
"""Class of checks -> fixture of the bundle that they take."""


def listed() -> list[str]:
    """Every check of these classes, as its source has it."""
    parameters = {name: "string folder" if bundle else "" for name, bundle in WITHOUT_MORE.items()}
    return [
        f"{name}.{check}"
        for name, given in parameters.items()
        for check in re.findall(
            rf"public static void (\w+)\({given}\)", (HERE / "checks" / f"{name}.cs").read_text(encoding="utf-8")
        )
    ]


@pytest.fixture(scope="module")
def outcomes(checks: Checks, named_toy: Path, native_toy: Path) -> dict[str, str]:
    """Check -> what was wrong; the checks of a class share a process, for the library takes a second to load."""
    folders = {"named_toy": [named_toy], "native_toy": [native_toy], None: []}
    lines = {name: checks.run(name, *folders[bundle]).splitlines() for name, bundle in WITHOUT_MORE.items()}
    return {f"{name}.{check}": fault for name in lines for check, fault in (line.split("\t") for line in lines[name])}


@pytest.mark.parametrize("name", listed())
def test_check(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[name] == ""


def test_a_bundle_in_an_android_package_is_copied(checks: Checks, named_toy: Path, tmp_path: Path) -> None:
    checks.run("UnityChecks.CopiesABundleOutOfThePackage", named_toy, tmp_path)


@pytest.fixture(scope="module", params=["native_toy", "named_toy"])
def bundle(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


@pytest.fixture(scope="module")
def trace(checks: Checks, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What C# recorded of the bundle's vectors."""
    path = tmp_path_factory.mktemp("trace") / "csharp.safetensors"
    checks.run("TraceChecks.WriteTrace", bundle, path)
    return path


def test_a_trace_equals_the_native_tools_bit_for_bit(
    trace: Path, bundle: Path, native_build: Path, tmp_path: Path
) -> None:
    native = tmp_path / "native.safetensors"
    subprocess.run([native_build / "nowface-replay", bundle, "-o", native], check=True, capture_output=True)
    with safe_open(native, "np") as wanted, safe_open(trace, "np") as have:
        assert sorted(have.keys()) == sorted(wanted.keys())
        for name in set(wanted.keys()) - {"seconds"}:
            assert have.get_tensor(name).dtype == wanted.get_tensor(name).dtype, name
            assert have.get_tensor(name).shape == wanted.get_tensor(name).shape, name
            assert have.get_tensor(name).tobytes() == wanted.get_tensor(name).tobytes(), name
        assert len(have.get_tensor("index")) >= 30
        told = have.metadata()
        assert told.pop("device") == 'a "mono" \\ machine\n'
        assert told.pop("os").startswith("Unix")
        assert told == {key: value for key, value in wanted.metadata().items() if key != "os"}


def test_the_gate_passes_a_trace(trace: Path, bundle: Path, toy_model: None) -> None:
    from click.testing import CliRunner

    from sdk.__main__ import main

    result = CliRunner().invoke(main, ["parity", str(bundle), "--device", str(trace)])
    assert result.exit_code == 0, result.output


def test_traces_are_read_as_they_are_written(checks: Checks, trace: Path) -> None:
    checks.run("TraceChecks.ReadsWhatItWrites", trace)


def test_damaged_files_are_refused(checks: Checks) -> None:
    checks.run("TraceChecks.RefusesDamagedTensors")
    checks.run("TraceChecks.ListsTheFilesOfAManifest")


def test_a_bundle_without_vectors_cannot_be_replayed(checks: Checks, toy_model: None, tmp_path: Path) -> None:
    checks.run("TraceChecks.HasNoVectors", build_toy_bundle(tmp_path / "bundle", vectors=False))


def test_an_app_without_the_library_is_told_where_it_belongs(program: Path, native_toy: Path) -> None:
    Checks(program, None).run("AbiChecks.SaysWhereTheLibraryBelongs", native_toy)
