"""The trainer: one update after the other, in one process or in several that compute the same gradient.

Every draw comes from the seed, the step and the rank, so a run that is cut and resumed ends in the same bits as one
that is not. Several processes share a batch; each weighs its gradient by its share of the valid frames, so that their
mean is the gradient of one process on the whole batch, for tasks that draw nothing.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sdk.errors import NumericalError, UsageError
from sdk.spec import SAMPLE_RATE
from sdk.training.average import copy_weights, update_average, using
from sdk.training.batches import SegmentSampler
from sdk.training.cache import PreparedClip
from sdk.training.checkpoints import Checkpoint
from sdk.training.distributed import Processes, summed
from sdk.training.recipe import Recipe
from sdk.training.schedule import learning_rate
from sdk.training.task import MEETING, Batch, Task, make_task


@dataclass(frozen=True)
class StepResult:
    """Of one update.

    Attributes:
        step: updates done.
        losses: by name, unweighed, over all processes; ``total`` is the weighed sum.
        gradient_norm: before clipping.
    """

    step: int
    losses: Mapping[str, float]
    gradient_norm: float


class _Losses(nn.Module):
    """The task's losses as a module's forward, which is where DistributedDataParallel hooks in."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.module = task.module
        self._task = [task]  # in a list: a task may itself be a module, and must not be registered twice

    def forward(self, batch: Batch, progress: float, generator: torch.Generator) -> dict[str, Tensor]:
        losses = self._task[0].losses(batch, progress, generator)
        # DistributedDataParallel waits for a gradient of every parameter, and a task may leave some out for a while.
        nothing = torch.stack([0 * parameter.sum() for parameter in self.module.parameters()]).sum()
        return {name: loss + nothing for name, loss in losses.items()}


class Trainer:
    """A run in progress.

    Args:
        recipe: what to do.
        clips: of the training split.
        processes: which process this is; its group is joined already.
        device: where to compute.

    Raises:
        UsageError: the batch cannot be shared evenly, or the task refuses the recipe.
    """

    def __init__(
        self,
        recipe: Recipe,
        clips: Sequence[PreparedClip],
        processes: Processes = Processes(),  # noqa: B008 - frozen
        device: torch.device = torch.device("cpu"),  # noqa: B008
    ) -> None:
        settings = recipe.optimiser
        if settings.batch % processes.count:
            problem = f"{settings.batch} segments cannot be shared by {processes.count} processes"
            raise UsageError("optimiser.batch", problem, "choose a multiple")
        self.recipe, self.processes, self.device = recipe, processes, device
        self.sampler = SegmentSampler(
            clips,
            size=settings.batch,
            meetings=round(settings.segment_seconds * SAMPLE_RATE / MEETING),
            seed=recipe.seed,
        )
        torch.manual_seed(recipe.seed)
        self.task = make_task(recipe.task, recipe.model)
        self.task.module.to(device).train()
        self.average = copy_weights(self.task.module)
        self.optimiser = torch.optim.AdamW(_groups(self.task.module, settings.weight_decay), betas=settings.betas)
        self.step, self.best = 0, float("inf")
        losses = _Losses(self.task)
        self._losses = DistributedDataParallel(losses) if processes.count > 1 else losses

    def update(self) -> StepResult:
        """One update of the weights and of their average.

        Raises:
            NumericalError: a loss or the gradient is not finite; the weights are left as they were.
            UsageError: the task's losses are not those that the recipe weighs.
        """
        settings = self.recipe.optimiser
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(settings, self.step)
        losses = self._backward()
        norm = float(nn.utils.clip_grad_norm_(self.task.module.parameters(), settings.clip_norm))
        for parameter in self.task.module.parameters():
            if parameter.grad is not None and not parameter.grad.any():
                parameter.grad = None  # no loss reached it: AdamW would let it decay, and move it by its momentum
        wrong = [name for name, value in {**losses, "gradient": norm}.items() if not math.isfinite(value)]
        if wrong:
            raise NumericalError(f"step {self.step}", f"{wrong[0]} is not finite", "lower the learning rate")
        self.optimiser.step()
        update_average(self.average, self.task.module, settings.ema, self.step)
        self.step += 1
        return StepResult(self.step, losses, norm)

    def _backward(self) -> dict[str, float]:
        """Gradients of the whole batch's loss, in every process; the losses over all processes."""
        recipe, processes = self.recipe, self.processes
        batch = self.sampler.batch(self.step, processes.rank, processes.count).to(self.device)
        generator = _seeded(recipe.seed, self.step, processes.rank, self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
            losses = self._losses(batch, self.step / recipe.optimiser.steps, generator)
        _check_names(losses, recipe)
        names = sorted(losses)
        parts = torch.stack([losses[name].float() for name in names])
        weigh = recipe.weights_at(self.step)
        weights = torch.tensor([weigh[name] for name in names], device=self.device)
        total = (parts * weights).sum()
        valid = batch.valid.sum()
        share = valid / summed(valid.clone(), processes).clamp(min=1)
        self.optimiser.zero_grad()
        # The processes' gradients are averaged, hence the factor.
        with warnings.catch_warnings():  # of DistributedDataParallel, about the strides of axes of length 1
            warnings.filterwarnings("ignore", "Grad strides do not match")
            torch.autograd.backward(total * share * processes.count)
        over_all = summed(torch.cat([parts.detach(), total.detach()[None]]) * share, processes)
        return dict(zip([*names, "total"], over_all.tolist(), strict=True))

    @contextmanager
    def averaged(self) -> Iterator[Task]:
        """The task with the averaged weights, ready to animate, for the length of a ``with`` block."""
        with using(self.task.module, self.average), torch.no_grad():
            yield self.task

    def checkpoint(self) -> Checkpoint:
        """Everything that `restore` needs."""
        return Checkpoint(
            recipe=self.recipe,
            step=self.step,
            weights=copy_weights(self.task.module),
            average=self.average,
            optimiser=self.optimiser.state_dict(),
            best=self.best,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint of the same recipe.

        Raises:
            UsageError: it is of another recipe, or does not fit the task as it is today.
        """
        if checkpoint.recipe != self.recipe:
            raise UsageError("--resume", "the checkpoint is of another recipe", "use its recipe, or another folder")
        try:
            self.task.module.load_state_dict(checkpoint.weights)
            self.average = {name: tensor.to(self.device) for name, tensor in checkpoint.average.items()}
            self.optimiser.load_state_dict(dict(checkpoint.optimiser))
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
            problem = f"the checkpoint does not fit the task {self.recipe.task}: {str(error).splitlines()[0]}"
            raise UsageError("--resume", problem, "name another folder, and train anew") from error
        self.step, self.best = checkpoint.step, checkpoint.best


def _groups(module: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices; none for biases, gains and other vectors."""
    matrices = [p for p in module.parameters() if p.dim() >= 2 and p.requires_grad]
    vectors = [p for p in module.parameters() if p.dim() < 2 and p.requires_grad]
    groups = [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def _seeded(seed: int, step: int, rank: int, device: torch.device) -> torch.Generator:
    """The generator of a step; the global one, which dropout draws from, is seeded as well."""
    mixed = (seed * 1_000_003 + step) * 4_099 + rank
    torch.manual_seed(mixed)
    return torch.Generator(device=device).manual_seed(mixed)


def _check_names(losses: Mapping[str, Tensor], recipe: Recipe) -> None:
    for name in sorted(losses.keys() ^ recipe.losses.keys()):
        problem = "is not a loss of the task" if name in recipe.losses else "is a loss without a weight"
        raise UsageError(f"losses.{name}", problem, f"weigh each of {', '.join(sorted(losses))}")
