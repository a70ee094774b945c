"""Tables that are read by row, in 8 bits: one scale a row, multiplied only into the rows that a step reads."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.targets.rewrites import ModuleRewrite, replace_layers
from sdk.models.layers.row_table import RowTable

LEAST_NUMBERS = 65_536
"""In a table: below it, two more operators a reading are not worth three quarters of it."""


class ByteTable(nn.Module):
    """`RowTable` (count, width) in signed bytes."""

    codes: Tensor  # (count, width) int8
    scales: Tensor  # (count, 1)

    def __init__(self, table: RowTable) -> None:
        super().__init__()
        scales = (table.rows.abs().amax(1, keepdim=True) / 127).clamp(min=torch.finfo(torch.float32).tiny)
        self.register_buffer("codes", (table.rows / scales).round().to(torch.int8))
        self.register_buffer("scales", scales)

    def forward(self, numbers: Tensor) -> Tensor:
        """Row numbers (n,) to rows (n, width)."""
        return F.embedding(numbers, self.codes).float() * F.embedding(numbers, self.scales)


def _byte_form(layer: nn.Module) -> nn.Module | None:
    return ByteTable(layer) if isinstance(layer, RowTable) and layer.rows.numel() >= LEAST_NUMBERS else None


TABLE_TO_BYTES = ModuleRewrite("table_to_bytes", lambda module: replace_layers(module, _byte_form))
