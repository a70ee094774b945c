"""What is loaded as libnowface and is not, or is of another version, is told by a typed error."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runtime_bindings.python.native.library import ABI_VERSION, Library
from sdk.errors import TargetError


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("int something_else(void) { return 1; }", "is no libnowface of this version"),
        (f"unsigned nowface_abi_version(void) {{ return {ABI_VERSION}; }}", "is no libnowface of this version"),
        (f"unsigned nowface_abi_version(void) {{ return {ABI_VERSION + 1}; }}", f"has version {ABI_VERSION + 1}"),
    ],
)
def test_another_library_is_named(tmp_path: Path, code: str, problem: str) -> None:
    source, made = tmp_path / "other.c", tmp_path / "libnowface.so"
    source.write_text(code)
    subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(made)], check=True)
    with pytest.raises(TargetError, match=problem) as caught:
        Library(made)
    assert str(made) in str(caught.value)
    assert "build it afresh" in str(caught.value)
