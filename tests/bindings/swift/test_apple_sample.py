"""samples/apple: what knows no screen is tested on Linux; the rest is checked against stand-ins for Apple's modules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.bindings.swift.conftest import PACKAGE, ROOT, Swift, count_tests

HERE = Path(__file__).parent
SAMPLE = ROOT / "samples" / "apple"
APP = sorted((SAMPLE / "App").glob("*.swift"))


STAND_INS = {
    "QuartzCore": ["QuartzCore"],
    "AVFoundation": ["AVFoundation"],
    "SwiftUI": ["SwiftUI", "SwiftUIViews"],
    "RealityKit": ["RealityKit"],
}
"""Modules, each after those that it imports, and their files in tests/bindings/swift/apple."""


@pytest.fixture(scope="session")
def printed(swift: Swift) -> str:
    """What the tests of FaceStream say."""
    return swift.test(SAMPLE / "FaceStream", "sample_build")


@pytest.mark.slow
def test_what_knows_no_screen_passes_its_tests(printed: str) -> None:
    tests = count_tests(SAMPLE / "FaceStream" / "Tests" / "FaceStreamTests")
    assert f"Executed {tests} tests, with 0 failures" in printed


@pytest.mark.slow
def test_the_app_compiles_over_stand_ins(printed: str, swift: Swift) -> None:
    """With strict concurrency: what the audio thread runs belongs to no actor, what the screen shows to the main."""
    modules = swift.folder / "apple"
    modules.mkdir()
    options = ["-swift-version", "6", "-parse-as-library", "-I", modules]
    for module, names in STAND_INS.items():
        files = [HERE / "apple" / f"{name}.swift" for name in names]
        made = ["-emit-module", "-module-name", module, "-o", modules / f"{module}.swiftmodule"]
        swift.run("swiftc", *options, *made, *files)
    built = ["-I", swift.folder / "sample_build" / "debug" / "Modules", "-I", PACKAGE / "Sources" / "CNowface"]
    swift.run("swiftc", *options, "-warnings-as-errors", "-typecheck", *built, *APP)


def test_the_project_is_whole() -> None:
    text = (SAMPLE / "TalkingHead.xcodeproj" / "project.pbxproj").read_text(encoding="utf-8")
    made = re.findall(r"^\t\t([0-9A-F]{24})(?: /\*.*?\*/)? = \{", text, re.MULTILINE)
    named = re.findall(r"\b[0-9A-F]{24}\b", text)
    assert len(made) == len(set(made))
    assert set(named) == set(made)
    # Each but the project itself is named by another.
    assert all(named.count(number) > 1 for number in made)
    assert text.count("{") == text.count("}")
    assert text.count("(") == text.count(")")
    for path in ("App", "TalkingHead.xcconfig"):
        assert f"path = {path};" in text
        assert (SAMPLE / path).exists()
    assert "relativePath = FaceStream;" in text
    assert (SAMPLE / "FaceStream" / "Package.swift").is_file()
    assert '"\\"$SRCROOT/copy_resources.sh\\"\\n"' in text
    assert (SAMPLE / "copy_resources.sh").stat().st_mode & 0o100


def test_each_file_of_the_app_is_in_its_readme() -> None:
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    logic = sorted((SAMPLE / "FaceStream" / "Sources" / "FaceStream").glob("*.swift"))
    assert len(APP) > 5
    assert [path.name for path in (*APP, *logic) if f"`{path.name}`" not in readme] == []
