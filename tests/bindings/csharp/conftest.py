"""The compiled C# package, and a bundle of named values for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bindings.csharp.mono import HERE, PACKAGE, Checks, compile_csharp, sources


@pytest.fixture(scope="session")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nowface.dll: everything that knows no Unity."""
    return compile_csharp(tmp_path_factory.mktemp("csharp") / "Nowface.dll", sources(PACKAGE / "Runtime" / "Core"))


@pytest.fixture(scope="session")
def unity(core: Path) -> Path:
    """Nowface.Unity.dll, compiled against the stub of Unity beside it."""
    stub = compile_csharp(core.with_name("UnityEngine.dll"), [HERE / "UnityStub.cs"])
    return compile_csharp(core.with_name("Nowface.Unity.dll"), sources(PACKAGE / "Runtime" / "Unity"), [core, stub])


@pytest.fixture(scope="session")
def program(core: Path, unity: Path) -> Path:
    references = [core, unity, core.with_name("UnityEngine.dll")]
    return compile_csharp(core.with_name("checks.exe"), sources(HERE / "checks"), references)


@pytest.fixture(scope="session")
def checks(program: Path, native_build: Path) -> Checks:
    return Checks(program, native_build)
