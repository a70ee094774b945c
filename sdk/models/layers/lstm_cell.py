"""One step of an LSTM written on one linear layer: `nn.LSTM` falls apart into many small operators when lowered, and
no target quantises it.

Hochreiter and Schmidhuber 1997 with forget gates (Gers et al. 2000), in the gate order of PyTorch: i, f, g, o.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LstmState:
    """What the cell carries from step to step."""

    hidden: Tensor  # (1, hidden)
    cell: Tensor  # (1, hidden)


class LstmCell(nn.Module):
    """The same numbers as one layer of `nn.LSTM`.

    Args:
        inputs: width of the input.
        hidden: width of the state and of the output.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Linear(inputs + hidden, 4 * hidden)

    def init_state(self) -> LstmState:
        """Zeros."""
        return LstmState(hidden=torch.zeros(1, self.hidden), cell=torch.zeros(1, self.hidden))

    def step(self, x: Tensor, state: LstmState) -> tuple[Tensor, LstmState]:
        """(1, inputs) to (1, hidden)."""
        gates, n = self.gates(torch.cat([x, state.hidden], 1)), self.hidden
        take, keep = torch.sigmoid(gates[:, :n]), torch.sigmoid(gates[:, n : 2 * n])
        cell = keep * state.cell + take * torch.tanh(gates[:, 2 * n : 3 * n])
        hidden = torch.sigmoid(gates[:, 3 * n :]) * torch.tanh(cell)
        return hidden, LstmState(hidden=hidden, cell=cell)


def lstm_cell_weights(lstm: nn.LSTM, layer: int = 0) -> dict[str, Tensor]:
    """State dict of an `LstmCell` that computes a layer of `lstm`."""
    inputs, hidden = (lstm.get_parameter(f"weight_{kind}_l{layer}").detach() for kind in ("ih", "hh"))
    biases = [lstm.get_parameter(f"bias_{kind}_l{layer}").detach() for kind in ("ih", "hh")]
    return {"gates.weight": torch.cat([inputs, hidden], 1), "gates.bias": biases[0] + biases[1]}
