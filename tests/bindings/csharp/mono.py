"""Compiles the C# package and its checks with mono, and runs them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "runtime_bindings" / "csharp"
HERE = Path(__file__).parent
LANGUAGE = ["-langversion:7.2", "-unsafe", "-warnaserror"]
"""What Unity 2021.3 takes and mono's compiler knows."""


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.cs"))


def compile_csharp(output: Path, files: Sequence[Path], references: Sequence[Path] = (), *options: str) -> Path:
    """Compile `files` to `output`, a .dll or .exe by its suffix; any warning is an error."""
    kind = "-target:library" if output.suffix == ".dll" else "-target:exe"
    used = [f"-r:{reference}" for reference in references]
    command = ["mcs", *LANGUAGE, *options, kind, f"-out:{output}", *used, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return output


@dataclass(frozen=True)
class Checks:
    """The compiled checks, with or without the native library in reach."""

    program: Path
    library_folder: Path | None

    def run(self, name: str, *arguments: object) -> str:
        """Run one check and give what it prints; it fails as an assertion does."""
        environment = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
        if self.library_folder:
            environment["LD_LIBRARY_PATH"] = str(self.library_folder)
        command = ["mono", str(self.program), name, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout
