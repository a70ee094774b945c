"""The native library, built once for all tests that call it, and small bundles for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime_bindings.python.native import build
from runtime_bindings.python.native.library import Library
from tests.bindings.named_toy import build_named_toy


@pytest.fixture(scope="session")
def native_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build folder of the native runtime on the installed wheel, tools and tests included.

    `NOWFACE_NATIVE_BUILD` names a folder to build in that is kept, so that the next run has little to do.
    """
    kept = os.environ.get("NOWFACE_NATIVE_BUILD")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("native")
    return build.build(build.installed_wheel(), folder, tests=True, settings={"CMAKE_CXX_FLAGS": "-Werror"}).parent


@pytest.fixture(scope="session")
def native_library(native_build: Path) -> Library:
    return Library(native_build / "libnowface.so")


@pytest.fixture(scope="session")
def native_toy(toy_model: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the toy that draws and listens, for ExecuTorch. Shared: copy it before changing a byte."""
    from tests.toy_choice import build_choice_bundle

    return build_choice_bundle(tmp_path_factory.mktemp("native") / "bundle", ("executorch",))


@pytest.fixture(scope="session")
def named_toy(toy_model: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose frames are the weights of channels a to h, with a second of test vectors."""
    return build_named_toy(tmp_path_factory.mktemp("named") / "bundle")
