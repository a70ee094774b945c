"""The Java binding, compiled once, and a way to run programs on it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "runtime_bindings" / "java"
HERE = Path(__file__).parent


def run(*command: object, timeout: int = 120) -> str:
    """What the command says, on both streams; fails the test when the command fails."""
    texts = [str(part) for part in command]
    done = subprocess.run(
        texts, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=timeout
    )
    assert done.returncode == 0, f"{' '.join(texts[:4])}: {done.returncode}\n{done.stdout}"
    return done.stdout


def code_blocks(language: str) -> list[str]:
    """Examples of the documentation's page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / "java.md").read_text(encoding="utf-8"), re.DOTALL)


@dataclass(frozen=True)
class Java:
    """Folders of the compiled classes, the binding's and the tests', and of libnowface_jni."""

    classes: Path
    library: Path

    def command(self, name: str, *arguments: object) -> list[str]:
        """Runs a class; the virtual machine checks its calls of JNI."""
        machine = ["java", "-Xcheck:jni", "-Xmx256m", f"-Djava.library.path={self.library}", "-cp", str(self.classes)]
        return [*machine, name, *map(str, arguments)]

    def __call__(self, name: str, *arguments: object) -> str:
        """What a class says."""
        said = run(*self.command(name, *arguments))
        assert "WARNING in native method" not in said, said
        assert "FATAL ERROR in native method" not in said, said
        return said


@pytest.fixture(scope="session")
def java(native_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Java:
    """The binding on the native library, without a warning of either compiler."""
    folder = tmp_path_factory.mktemp("java")
    compiler = ["javac", "-Xlint:all", "-Werror", "--release", "17", "-d", folder / "classes"]
    run(*compiler, *sorted(SOURCES.rglob("*.java")))
    (folder / "Speak.java").write_text(code_blocks("java")[0], encoding="utf-8")
    run(*compiler, "-cp", folder / "classes", folder / "Speak.java", *sorted(HERE.glob("*.java")))
    settings = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_C_FLAGS": "-Wall -Wextra -Wconversion -Werror",
        "NOWFACE_LIBRARY": native_build / "libnowface.so",
    }
    run("cmake", "-S", SOURCES, "-B", folder / "jni", "-G", "Ninja", *(f"-D{k}={v}" for k, v in settings.items()))
    run("cmake", "--build", folder / "jni")
    return Java(folder / "classes", folder / "jni")
