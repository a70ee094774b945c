"""The learning rate over the steps: a linear warm-up, then half a cosine (Loshchilov and Hutter 2017, SGDR)."""

from __future__ import annotations

import math

from sdk.training.recipe import Optimiser


def learning_rate(optimiser: Optimiser, step: int) -> float:
    """Rate of update `step`, counted from 0: rises to `learning_rate` and falls to its `final_rate` part."""
    if step < optimiser.warm_up:
        return optimiser.learning_rate * (step + 1) / optimiser.warm_up
    done = (step - optimiser.warm_up) / max(1, optimiser.steps - 1 - optimiser.warm_up)
    share = (1 + math.cos(math.pi * min(1.0, done))) / 2
    return optimiser.learning_rate * (optimiser.final_rate + (1 - optimiser.final_rate) * share)
