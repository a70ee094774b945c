"""The command line as a test calls it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sdk.__main__ import main
from sdk.cli.common import run

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``python -m sdk ARGUMENTS`` in this process: exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["sdk", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            run(main, "python -m sdk")
        said = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, said.out, said.err

    return call
