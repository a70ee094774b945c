"""The price of zero lookahead as a table, as JSON and as a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sdk.training.distil.price import Price


def price_table(prices: Sequence[Price], unit: str) -> str:
    """A Markdown table, a row a lookahead."""
    head = (
        f"| lookahead ms | error {unit} | of constant face | lag ms | jerk of teacher's |\n|---:|---:|---:|---:|---:|"
    )
    rows = [
        f"| {p.lookahead_ms:.0f} | {p.error:.4g} | {p.of_constant:.3f} | {p.lag_ms:.0f} | {p.jerk:.2f} |"
        for p in prices
    ]
    return "\n".join([head, *rows])


def write_report(prices: Sequence[Price], unit: str, out: Path) -> None:
    """Write ``report.json`` and ``report.md``, and the curve as ``report.svg`` where matplotlib is installed."""
    rows = {"unit": unit, "prices": [asdict(price) for price in prices]}
    (out / "report.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    (out / "report.md").write_text(price_table(prices, unit) + "\n", encoding="utf-8")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([price.lookahead_ms for price in prices], [price.error for price in prices], marker="o")
    axes.set(xlabel="lookahead in ms", ylabel=f"mean vertex error in {unit}", ylim=(0, None))
    axes.grid(alpha=0.3)
    figure.savefig(out / "report.svg", metadata={"Date": None})
