"""The parity page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from sdk.cli.parity import parity
from sdk.parity.tolerances import TOLERANCES

PAGE = (Path(__file__).parents[2] / "docs" / "parity.md").read_text(encoding="utf-8")


def test_the_page_s_tolerances_are_the_table_s() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| ([\de.-]+) \| ([\de.-]+) \| ([\de.-]+) \|", PAGE, re.MULTILINE)
    assert {name: tuple(map(float, numbers)) for name, *numbers in rows} == {
        name: (row.tolerance.max_abs_of_range, row.tolerance.rms_of_range, row.tolerance.digest_relative)
        for name, row in TOLERANCES.items()
    }


def test_the_page_s_bounds_of_the_face_are_the_table_s() -> None:
    rows = re.findall(
        r"^\| `([\w-]+)` \| ([\d.]+) mm.* \| (\d) \| (\d) ms \| (\d+) ms \| ([\d.]+) mm \|", PAGE, re.MULTILINE
    )
    bounds = {name: row.tolerance for name, row in TOLERANCES.items() if row.tolerance.lip_error_mm is not None}
    assert {name: tuple(map(float, numbers)) for name, *numbers in rows} == {
        name: (each.lip_error_mm, each.closure_points, each.lag_ms, each.sync_ms, each.jitter_mm)
        for name, each in bounds.items()
    }


def test_the_page_names_every_option_of_the_command() -> None:
    options = {option for parameter in parity.params for option in parameter.opts if option.startswith("--")}
    named = set(re.findall(r"^\| `(--[a-z]+)", PAGE, re.MULTILINE))
    assert options == {option for option in named if not option.startswith("--nowface")}
