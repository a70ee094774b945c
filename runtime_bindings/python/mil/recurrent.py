"""The long short-term memory."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from runtime_bindings.python.mil.kernel import Kernel, register

KERNELS: dict[str, Kernel] = {}
_computes = register(KERNELS, computes=True)

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}


@_computes("lstm")
def _lstm(
    *,
    x: Tensor,
    initial_h: Tensor,
    initial_c: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor | None = None,
    weight_ih_back: Tensor | None = None,
    weight_hh_back: Tensor | None = None,
    bias_back: Tensor | None = None,
    direction: str = "forward",
    output_sequence: bool = False,
    recurrent_activation: str = "sigmoid",
    cell_activation: str = "tanh",
    activation: str = "tanh",
) -> tuple[Tensor, Tensor, Tensor]:
    # x (steps, batch, inputs); states (batch, directions * hidden); weights (4 * hidden, ...), gates i, f, o, z.
    try:
        gate, cell, leave = (_ACTIVATIONS[name] for name in (recurrent_activation, cell_activation, activation))
    except KeyError as error:
        raise NotImplementedError(f"activation {error}") from error

    def run(
        x: Tensor, h: Tensor, c: Tensor, weights: tuple[Tensor, Tensor], bias: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        made = []
        for step in x:
            sums = step @ weights[0].T + h @ weights[1].T
            i, f, o, z = (sums if bias is None else sums + bias).chunk(4, -1)
            c = gate(f) * c + gate(i) * cell(z)
            h = gate(o) * leave(c)
            made.append(h)
        return torch.stack(made), h, c

    forth = (weight_ih, weight_hh)
    if direction == "forward":
        sequence, h, c = run(x, initial_h, initial_c, forth, bias)
    elif direction == "reverse":
        sequence, h, c = run(x.flip(0), initial_h, initial_c, forth, bias)
        sequence = sequence.flip(0)
    else:
        assert weight_ih_back is not None, "the format asks for it"
        assert weight_hh_back is not None, "the format asks for it"
        (h1, h2), (c1, c2) = initial_h.chunk(2, -1), initial_c.chunk(2, -1)
        one, h1, c1 = run(x, h1, c1, forth, bias)
        two, h2, c2 = run(x.flip(0), h2, c2, (weight_ih_back, weight_hh_back), bias_back)
        sequence, h, c = (torch.cat(pair, -1) for pair in ((one, two.flip(0)), (h1, h2), (c1, c2)))
    return sequence if output_sequence else h[None], h, c
