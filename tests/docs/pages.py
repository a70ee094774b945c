"""The project's Markdown pages, taken apart: fenced blocks, links, headings."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sdk").rglob("*.md")])

_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def shell_lines(page: Path) -> list[str]:
    """Lines of the page's blocks without a language or in a shell's."""
    blocks = [body for _, language, body in _FENCE.findall(page.read_text(encoding="utf-8")) if language in _SHELLS]
    return [line.strip() for body in blocks for line in body.replace("\\\n", " ").splitlines()]


_SHELLS = ("", "bash", "console", "shell")


def commands(page: Path, program: str) -> list[list[str]]:
    """Arguments of each call of `program`, e.g. ``python -m sdk``, in the page's shell blocks and inline code."""
    lines = shell_lines(page) + re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))
    calls = [part.strip() for line in lines for part in line.split("&&")]
    return [
        shlex.split(call, comments=True)[len(program.split()) :]
        for call in calls
        if f"{call} ".startswith(f"{program} ")
    ]


def links(page: Path) -> list[str]:
    """Targets of the page's links and images, outside code."""
    return _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """Anchors of the page's headings, as GitHub and mkdocs make them."""
    titles = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
