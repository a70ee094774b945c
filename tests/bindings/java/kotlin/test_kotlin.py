"""The Kotlin functions over the Java binding, and the Android sample as far as it goes without Android."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from safetensors import safe_open

from sdk import __version__
from tests.bindings.java.kotlin.conftest import HERE, PACKAGE, ROOT, SAMPLE, Kotlin

LIBRARY = ROOT / "runtime_bindings" / "android"
ANDROID = "{http://schemas.android.com/apk/res/android}"


@pytest.mark.slow
def test_binding_and_sample(kotlin: Kotlin, native_toy: Path, named_toy: Path, tmp_path: Path) -> None:
    said = kotlin("ai.nowface.StreamingTestKt", native_toy, tmp_path / "trace.safetensors", named_toy)
    titles = re.findall(r'println\("(.+)"\)', (HERE / "StreamingTest.kt").read_text(encoding="utf-8"))
    assert [line for line in said.splitlines() if line in titles] == titles
    assert "WARNING in native method" not in said
    with safe_open(tmp_path / "trace.safetensors", "np") as trace:
        assert trace.metadata()["device"] == "a test"


def test_the_android_library_names_folders_that_exist() -> None:
    script = (LIBRARY / "build.gradle.kts").read_text(encoding="utf-8")
    named = re.findall(r'(?:srcDir|file)\("([^"]+)"\)', script)
    assert sorted(named) == ["../java/CMakeLists.txt", "../java/src", "../kotlin/src"]
    for path in named:
        assert (LIBRARY / path).exists()
    assert any((PACKAGE / "src").rglob("*.kt"))


def test_r8_keeps_what_jni_finds_by_name() -> None:
    rules = (LIBRARY / "consumer-rules.pro").read_text(encoding="utf-8")
    source = (ROOT / "runtime_bindings" / "java" / "jni" / "nowface_jni.c").read_text(encoding="utf-8")
    found = {name.replace("/", ".") for name in re.findall(r'FindClass\(env, "(ai/[^"]+)"\)', source)}
    assert found == {"ai.nowface.Native"}
    for name in found:
        assert f"-keep class {name} {{ native <methods>; }}" in rules


def test_the_sample_may_record_and_starts_an_activity_that_exists() -> None:
    manifest = ET.parse(SAMPLE / "app" / "src" / "main" / "AndroidManifest.xml").getroot()
    permission = manifest.find("uses-permission")
    activity = manifest.find("application/activity")
    assert permission is not None
    assert permission.get(f"{ANDROID}name") == "android.permission.RECORD_AUDIO"
    assert activity is not None
    name = str(activity.get(f"{ANDROID}name")).lstrip(".")
    source = next(SAMPLE.rglob(f"{name}.kt")).read_text(encoding="utf-8")
    package = re.search(r'namespace = "(.+)"', (SAMPLE / "app" / "build.gradle.kts").read_text(encoding="utf-8"))
    assert package is not None
    assert f"package {package[1]}\n" in source
    assert f"class {name} :" in source


def test_one_version_everywhere() -> None:
    library, sample = (
        dict(
            re.findall(r'id\("([^"]+)"\) version "([^"]+)"', (folder / "build.gradle.kts").read_text(encoding="utf-8"))
        )
        for folder in (LIBRARY, SAMPLE)
    )
    assert len(library) == 2
    assert library.items() <= sample.items()
    assert sample["com.android.application"] == sample["com.android.library"]
    assert f'\nversion = "{__version__}"\n' in (LIBRARY / "build.gradle.kts").read_text(encoding="utf-8")
