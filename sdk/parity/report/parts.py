"""Pieces of the HTML page: tables, links, colours."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sdk.parity.cases import Case
from sdk.parity.report.text import MODES, escape


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[str] = (), prose: Collection[str] = ()
) -> str:
    """A table from plain headings and cells that are HTML already.

    The columns `numbers` are set flush right; the columns `prose` may be broken into lines.
    """
    right = [' class="n"' if title in numbers else ' class="prose"' if title in prose else "" for title in head]
    titles = "".join(f"<th{css}>{escape(title)}</th>" for css, title in zip(right, head, strict=True))
    body = "\n".join(
        "<tr>" + "".join(f"<td{css}>{cell}</td>" for css, cell in zip(right, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def named(case: Case) -> list[str]:
    """The cells that say which case a row is of."""
    return [escape(cell) for cell in (case.key.target, case.key.precision, MODES[case.key.mode])]


def link(case: Case) -> str:
    """The verdict, leading to the case's section."""
    return f'<a href="#{anchor(case)}" class="{colour(case)}">{case.verdict}</a>'


def anchor(case: Case) -> str:
    """Name of a case's section."""
    return escape(case.key.id).replace(" ", "_")


def colour(case: Case) -> str:
    """Class of a verdict in the style sheet."""
    return case.verdict.replace(" ", "-")
