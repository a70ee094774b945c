"""The Kotlin functions and the Android sample, compiled once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bindings.java.conftest import ROOT, Java, code_blocks, run

PACKAGE = ROOT / "runtime_bindings" / "kotlin"
SAMPLE = ROOT / "samples" / "android"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Kotlin:
    """Folder of the compiled classes, and Kotlin's library."""

    classes: Path
    standard: Path
    java: Java

    def __call__(self, name: str, *arguments: object) -> str:
        """What a class says."""
        path = os.pathsep.join(map(str, (self.java.classes, self.classes, self.standard)))
        return run("java", "-Xcheck:jni", f"-Djava.library.path={self.java.library}", "-cp", path, name, *arguments)


@pytest.fixture(scope="session")
def compiler() -> Path:
    """Folder of the Kotlin compiler's jars, as the lock file says."""
    lock, installed = PACKAGE / "package-lock.json", PACKAGE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", PACKAGE)
    return PACKAGE / "node_modules" / "kotlin-compiler" / "lib"


@pytest.fixture(scope="session")
def kotlin(java: Java, compiler: Path, tmp_path_factory: pytest.TempPathFactory) -> Kotlin:
    """The binding, the sample over stubs of Android, and the test, compiled without a warning."""
    folder = tmp_path_factory.mktemp("kotlin")
    standard = compiler / "kotlin-stdlib.jar"
    stubs = sorted((HERE / "stubs").rglob("*.java"))
    run("javac", "-Xlint:all", "-Werror", "--release", "17", "-d", folder / "stubs", *stubs)
    (folder / "Page.kt").write_text(code_blocks("kotlin")[0], encoding="utf-8")
    sources = [folder / "Page.kt", *PACKAGE.glob("src/**/*.kt"), *SAMPLE.glob("app/src/**/*.kt"), *HERE.glob("*.kt")]
    path = os.pathsep.join(map(str, (java.classes, folder / "stubs", standard)))
    machine = ["java", "-Xmx1g", "-cp", f"{compiler}/*", "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"]
    options = ["-no-stdlib", "-no-reflect", "-jvm-target", "17", "-Werror", "-cp", path, "-d", folder / "classes"]
    run(*machine, *options, *sources, timeout=300)
    return Kotlin(folder / "classes", standard, java)
