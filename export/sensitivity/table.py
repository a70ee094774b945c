"""The sweep as a file of the bundle: what each layer costs in each form, and what was chosen."""

from __future__ import annotations

import json
from collections.abc import Sequence

from export.sensitivity.budget import Budget
from export.sensitivity.choose import Choice
from export.sensitivity.sweep import Option


def sensitivity_table(choice: Choice, rows: Sequence[Sequence[Option]], budget: Budget) -> str:
    """JSON: the budget, the error measured of the whole choice, and a row for each layer, the costliest first.

    Every row names the stage, the layer, the form chosen (null for the base), and of each form its bytes and its lip
    error in millimetres when that layer alone is in it.
    """
    chosen = {(option.stage, option.layer): option.form for option in choice.options}
    layers = [
        {
            "stage": row[0].stage,
            "layer": row[0].layer,
            "chosen": chosen[row[0].stage, row[0].layer],
            "forms": {
                option.form or "base": {"bytes": option.bytes, "lip_error_mm": round(option.lip_error_mm, 6)}
                for option in row
            },
        }
        for row in sorted(rows, key=lambda row: -max(option.lip_error_mm for option in row))
    ]
    document = {
        "budget": {"lip_error_mm": budget.lip_error_mm},
        "chosen": {"lip_error_mm": round(choice.lip_error_mm, 6), "bytes": choice.bytes},
        "layers": layers,
    }
    return json.dumps(document, indent=2) + "\n"
