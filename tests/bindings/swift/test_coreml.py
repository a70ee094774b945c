"""The package's Core ML files: compiled and run over a stand-in for Apple's module, which Linux does not have."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from sdk.__main__ import main
from tests.bindings.swift.conftest import PACKAGE, ROOT, Swift, count_tests, page_blocks

HERE = Path(__file__).parent / "coreml"
SHARED = ("Support", "Toy", "ToyExecutor")
"""Files of the package's own tests that these use as well."""


@pytest.fixture(scope="session")
def over_coreml(swift: Swift) -> tuple[Path, str]:
    """The package with the stand-in beside it, and what its tests say."""
    folder = shutil.copytree(HERE, swift.folder / "coreml")
    shutil.copytree(PACKAGE / "Sources" / "Nowface", folder / "Sources" / "Nowface")
    tests = PACKAGE / "Tests" / "NowfaceTests"
    for name in SHARED:
        shutil.copy(tests / f"{name}.swift", folder / "Tests" / "CoreMLTests")
    module = folder / "Sources" / "CNowface"
    module.mkdir()
    text = (PACKAGE / "Sources" / "CNowface" / "module.modulemap").read_text(encoding="utf-8")
    header = ROOT / "runtime_bindings" / "cpp" / "include" / "nowface.h"
    (module / "module.modulemap").write_text(re.sub(r'header "[^"]*"', f'header "{header}"', text), encoding="utf-8")
    return folder, swift.test(folder, "coreml_build")


@pytest.mark.slow
def test_core_ml_is_called_as_the_programs_want(over_coreml: tuple[Path, str]) -> None:
    _, printed = over_coreml
    assert f"Executed {count_tests(HERE / 'Tests' / 'CoreMLTests')} tests, with 0 failures" in printed
    assert "warning:" not in printed


@pytest.mark.slow
def test_the_gate_takes_a_trace_of_the_stand_in(
    over_coreml: tuple[Path, str], swift_toy: Path, swift_given: Path
) -> None:
    trace = swift_given / "swift-coreml.safetensors"
    done = CliRunner().invoke(main, ["parity", str(swift_toy), "--device", str(trace)])
    assert done.output.splitlines()[-1] == "parity holds: 1 passed, 0 failed"
    assert "target coreml" in done.output


@pytest.mark.slow
def test_the_core_ml_code_of_the_page_compiles(over_coreml: tuple[Path, str], swift: Swift) -> None:
    blocks = page_blocks("CoreML")
    assert len(blocks) == 1
    source = swift.folder / "coreml_page.swift"
    source.write_text(blocks[0], encoding="utf-8")
    check_types(swift, over_coreml[0], [source])


@pytest.mark.slow
def test_the_sample_can_choose_core_ml(over_coreml: tuple[Path, str], swift: Swift) -> None:
    sources = sorted((ROOT / "samples" / "apple" / "FaceStream" / "Sources" / "FaceStream").glob("*.swift"))
    check_types(swift, over_coreml[0], sources)


def check_types(swift: Swift, package: Path, sources: Sequence[Path]) -> None:
    modules = ["-I", swift.folder / "coreml_build" / "debug" / "Modules", "-I", package / "Sources" / "CNowface"]
    swift.run("swiftc", "-swift-version", "6", "-warnings-as-errors", "-typecheck", *modules, *sources)
