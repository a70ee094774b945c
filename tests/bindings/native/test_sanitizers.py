"""The native runtime under clang's sanitizers: its own tests, sessions in threads, and the fuzzers.

The small runtime is used: the wheel's library brings an allocator and a Python that the sanitizers do not know. It is
not instrumented, so what is watched is our own code and what it hands over.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runtime_bindings.python.native import build
from tests.bindings.native.test_replay import PARTS

pytestmark = pytest.mark.slow

CLANG = {"CMAKE_C_COMPILER": "clang-19", "CMAKE_CXX_COMPILER": "clang++-19", "CMAKE_BUILD_TYPE": "None"}
ADDRESS = "-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all"
THREAD = "-g -O1 -fsanitize=thread"
SECONDS = 30
"""Of each fuzzer."""


def built(folder: Path, flags: str, **settings: str) -> Path:
    runtime = build.fetched_wheels(folder)
    flags_of = {"CMAKE_C_FLAGS": flags, "CMAKE_CXX_FLAGS": flags}
    return build.build(runtime, folder / "build", tests=True, settings={**CLANG, **flags_of, **settings}).parent


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Path:
    flags = f"{ADDRESS} -fsanitize=fuzzer-no-link"
    return built(tmp_path_factory.mktemp("address"), flags, NOWFACE_FUZZ="ON")


@pytest.fixture(scope="module")
def thread(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("thread"), THREAD)


def clean(command: list[object], **environment: str) -> str:
    """What a program says that ends well; a sanitizer that finds something ends it badly."""
    arguments = [str(part) for part in command]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=False, errors="replace", env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout + done.stderr


def test_the_sanitizers_watch(address: Path, thread: Path) -> None:
    def symbols(folder: Path) -> str:
        return clean(["nm", "-D", "--undefined-only", folder / "libnowface.so"])

    assert "__asan_report" in symbols(address)
    assert "__ubsan_handle" in symbols(address)
    assert "__tsan_" in symbols(thread)


@pytest.mark.parametrize("part", PARTS)
def test_parts_and_header_are_clean(address: Path, part: str) -> None:
    clean([address / f"test_{part}"])


def test_sessions_in_threads_are_clean(address: Path, thread: Path, native_toy: Path) -> None:
    for folder in (address, thread):
        assert "0 different" in clean([folder / "many_sessions", native_toy, 8])


@pytest.mark.parametrize("fuzzer", ["manifest", "retarget", "safetensors", "session"])
def test_no_bytes_break_it(address: Path, native_toy: Path, named_toy: Path, tmp_path: Path, fuzzer: str) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    if fuzzer == "manifest":
        (corpus / "good").write_bytes((native_toy / "manifest.json").read_bytes())
    options = [f"-max_total_time={SECONDS}", "-seed=1", "-max_len=16384", f"-artifact_prefix={tmp_path}/"]
    said = clean([address / f"fuzz_{fuzzer}", *options, corpus], NOWFACE_FUZZ_BUNDLES=f"{native_toy}:{named_toy}")
    assert "Done" in said
