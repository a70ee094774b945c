"""The documentation against the code: commands parse, links resolve, tables are complete."""

from __future__ import annotations

import inspect
from pathlib import Path

import click
import pytest

import sdk.errors
from export import cli
from export.targets.base import find_target, target_names
from sdk.__main__ import main
from sdk.errors import NowfaceError
from tests.docs.pages import PAGES, ROOT, anchors, commands, links


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_resolve(page: Path) -> None:
    for link in links(page):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)} links to {link}"
        assert not anchor or anchor in anchors(target), f"{name(page)} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_export_commands_parse(page: Path) -> None:
    for arguments in commands(page, "python -m export"):
        first, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
        if first in cli.COMMANDS:
            parse(cli.COMMANDS[first], rest)
        else:
            parse(cli.export_command, arguments)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_sdk_commands_parse(page: Path) -> None:
    for arguments in commands(page, "python -m sdk"):
        command = main.get_command(click.Context(main), arguments[0])
        assert command is not None, f"{name(page)}: no command {arguments[0]}"
        if len(arguments) > 1:
            parse(command, arguments[1:])


def parse(command: click.Command, arguments: list[str]) -> None:
    """Parse without running: click raises UsageError for what the command does not take."""
    command.make_context(command.name, list(arguments)).close()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_scripts_exist(page: Path) -> None:
    for program in ("python", "bash"):
        for first, *_ in filter(None, commands(page, program)):
            if not first.startswith("-"):
                assert (ROOT / first).is_file(), f"{name(page)} runs {first}"


def test_readme_has_the_commands_that_everything_else_relies_on() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = ["python3 -m venv .venv && . .venv/bin/activate", 'pip install -e ".[test]"']
    for line in [*lines, "python -m export", "python -m pytest"]:
        assert f"\n{line}\n" in text, line


def test_every_error_is_documented() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    classes = [c for _, c in inspect.getmembers(sdk.errors, inspect.isclass) if issubclass(c, NowfaceError)]
    missing = [c.__name__ for c in classes if c is not NowfaceError and f"| `{c.__name__}` |" not in text]
    assert not missing


def test_every_target_is_documented_with_its_precisions() -> None:
    rows = [line.split("|") for line in (ROOT / "docs" / "exporting.md").read_text(encoding="utf-8").splitlines()]
    table = {cells[1].strip(" `"): cells[2] for cells in rows if len(cells) > 3}
    for target in target_names():
        assert target in table, target
        for precision in find_target(target).precisions:
            assert f"`{precision}`" in table[target], f"{target} {precision}"
