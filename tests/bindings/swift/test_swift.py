"""The Swift package: compiled, its own tests run, and its traces judged, by Swift 6."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from safetensors import safe_open

from sdk.__main__ import main
from tests.bindings.swift.conftest import PACKAGE, ROOT, Swift, count_tests, page_blocks


@pytest.fixture(scope="session")
def printed(swift: Swift) -> str:
    """What the tests of the package say; they leave traces among what they are given."""
    return swift.test(PACKAGE, "build")


@pytest.mark.slow
def test_the_package_passes_its_tests(printed: str) -> None:
    assert f"Executed {count_tests(PACKAGE / 'Tests' / 'NowfaceTests')} tests, with 0 failures" in printed


@pytest.mark.slow
def test_a_trace_is_that_of_the_native_tool(printed: str, swift_given: Path) -> None:
    with (
        safe_open(swift_given / "cpp.safetensors", "np") as wanted,
        safe_open(swift_given / "swift.safetensors", "np") as have,
    ):
        assert have.keys() == wanted.keys()
        for name in set(wanted.keys()) - {"seconds"}:
            assert have.get_tensor(name).tobytes() == wanted.get_tensor(name).tobytes(), name
        assert have.metadata()["device"] == "a test"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["swift", "swift-own"])
def test_the_gate_takes_a_trace(printed: str, swift_toy: Path, swift_given: Path, name: str) -> None:
    trace = swift_given / f"{name}.safetensors"
    done = CliRunner().invoke(main, ["parity", str(swift_toy), "--device", str(trace)])
    assert done.output.splitlines()[-1] == "parity holds: 1 passed, 0 failed"
    assert ("runtime toy 1" in done.output) == (name == "swift-own")


@pytest.mark.slow
def test_the_code_of_the_page_compiles(swift: Swift) -> None:
    blocks = page_blocks("Nowface")
    assert len(blocks) == 4
    swift.run("swift", "build", "--package-path", PACKAGE, "--scratch-path", swift.folder / "build")
    modules = ["-I", swift.folder / "build" / "debug" / "Modules", "-I", PACKAGE / "Sources" / "CNowface"]
    for number, block in enumerate(blocks):
        source = swift.folder / f"page{number}.swift"
        source.write_text(block, encoding="utf-8")
        swift.run("swiftc", "-swift-version", "6", "-warnings-as-errors", "-typecheck", *modules, source)


def test_the_c_module_is_the_header_of_this_repository() -> None:
    folder = PACKAGE / "Sources" / "CNowface"
    header = (folder / "module.modulemap").read_text(encoding="utf-8").split('header "')[1].split('"')[0]
    assert (folder / header).resolve() == ROOT / "runtime_bindings" / "cpp" / "include" / "nowface.h"
