"""The program itself: version, help, and nothing heavy before it is needed."""

from __future__ import annotations

import subprocess
import sys

import sdk


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_version() -> None:
    result = run("-m", "sdk", "--version")
    assert (result.returncode, result.stdout) == (0, f"nowface, version {sdk.__version__}\n")


def test_help_names_every_command() -> None:
    result = run("-m", "sdk", "--help")
    assert result.returncode == 0, result.stderr
    assert "animate" in result.stdout
    assert "parity" in result.stdout


def test_no_command_shows_the_help() -> None:
    result = run("-m", "sdk")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") > 5
    assert result.stderr.startswith("Usage:")


def test_a_reader_that_leaves_is_no_failed_gate() -> None:
    """Every pipe holds some bytes; a closed one tells at once."""
    code = (
        "import os, sys, click; from sdk.cli.common import run;"
        "command = click.Command('x', callback=lambda: click.echo('x' * 100));"
        "ours, theirs = os.pipe(); os.close(ours); os.dup2(theirs, 1); run(command, 'x', [])"
    )
    result = run("-c", code)
    assert (result.returncode, result.stderr) == (141, "")


def test_an_error_of_the_system_is_one_line() -> None:
    code = (
        "import errno, click; from sdk.cli.common import run\n"
        "def full(): raise OSError(errno.ENOSPC, 'No space left on device', 'out.npz')\n"
        "run(click.Command('x', callback=full), 'python -m sdk', [])"
    )
    result = run("-c", code)
    assert result.returncode == 2
    assert result.stderr == "python -m sdk: out.npz: No space left on device; mend the file system\n"


def test_unknown_command() -> None:
    result = run("-m", "sdk", "fly")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "fly" in result.stderr


def test_help_of_animate_loads_no_tensor_library() -> None:
    """Help must come at once: PyTorch alone takes more than a second."""
    code = (
        "import sys; from sdk.__main__ import main; main(['animate', '--help'], standalone_mode=False);"
        "sys.exit(sorted({'torch', 'numpy', 'pydantic', 'soundfile'} & set(sys.modules)))"
    )
    result = run("-c", code)
    assert result.stderr in ("", "[]\n"), result.stderr
