"""The compiled C# package, and a bundle of named values for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bindings.csharp.mono import HERE, PACKAGE, Checks, compile_csharp, sources

CHANNELS = tuple("abcdefgh")


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


@pytest.fixture(scope="session")
def named_toy(toy_model: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle for ExecuTorch whose frames are the weights of channels a to h, with a second of test vectors."""
    from export.exporter import export_bundle
    from export.plan import plan_jobs
    from export.targets.base import LoweringOptions
    from sdk.models.registry import BuildOptions
    from tests.toy import ENTRY
    from tests.toy_bundle import speech_like

    staged = ENTRY.build(BuildOptions())
    pipeline = staged.pipeline.model_copy(update={"values": "motion_decoder.coefficients"})
    named = replace(staged, pipeline=pipeline, channels=CHANNELS, unit="1", basis={})
    folder = tmp_path_factory.mktemp("named") / "bundle"
    jobs = plan_jobs(["executorch"], ["fp32"])
    export_bundle(named, jobs, folder, options=LoweringOptions(), speech=speech_like(16_000), parity=False)
    return folder
