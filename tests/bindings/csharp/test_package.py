"""The folder as Unity's package manager takes it, and the sample."""

from __future__ import annotations

import json
import re
from pathlib import Path

import sdk
from tests.bindings.csharp.mono import PACKAGE, ROOT, compile_csharp, sources

RUNTIME = PACKAGE / "Runtime"


def test_the_package_has_the_version_of_the_sdk() -> None:
    manifest = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    assert manifest["version"] == sdk.__version__
    assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", manifest["name"])
    assert re.fullmatch(r"\d{4}\.\d", manifest["unity"])


def test_every_file_and_folder_has_its_meta_file() -> None:
    """Unity ignores what has none in a package that it fetched."""
    assets = [path for path in PACKAGE.rglob("*") if path.suffix != ".meta"]
    assert len(assets) > 30
    wanted = {path.with_name(f"{path.name}.meta") for path in assets}
    assert set(PACKAGE.rglob("*.meta")) == wanted
    guids = [re.search(r"^guid: ([0-9a-f]{32})$", path.read_text(encoding="utf-8"), re.MULTILINE) for path in wanted]
    assert all(guids)
    assert len({guid.group(1) for guid in guids if guid}) == len(wanted)


def test_assemblies_are_named_like_their_namespace() -> None:
    for path in RUNTIME.rglob("*.asmdef"):
        definition = json.loads(path.read_text(encoding="utf-8"))
        assert definition["name"] == definition["rootNamespace"] == path.stem
        assert definition["allowUnsafeCode"] is True


def test_the_core_knows_no_engine() -> None:
    assert json.loads((RUNTIME / "Core" / "Nowface.asmdef").read_text(encoding="utf-8"))["noEngineReferences"] is True
    assert [path for path in sources(RUNTIME / "Core") if "UnityEngine" in path.read_text(encoding="utf-8")] == []


def test_the_sample_compiles(unity: Path, tmp_path: Path) -> None:
    references = [unity, unity.with_name("Nowface.dll"), unity.with_name("UnityEngine.dll")]
    compile_csharp(tmp_path / "sample.dll", sources(ROOT / "samples" / "unity"), references)


def test_the_code_of_the_page_compiles(unity: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "unity.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```csharp\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    references = [unity, unity.with_name("Nowface.dll"), unity.with_name("UnityEngine.dll")]
    for number, block in enumerate(blocks):
        source = tmp_path / f"{number}.cs"
        source.write_text(block, encoding="utf-8")
        compile_csharp(tmp_path / f"{number}.dll", [source], references)


def test_the_page_names_the_package() -> None:
    name = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["name"]
    assert f'"{name}"' in (ROOT / "docs" / "unity.md").read_text(encoding="utf-8")
