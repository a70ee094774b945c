"""A rig's map inside a model: the stage that makes a frame's values gives those of another rig beside them.

The model's own channels stay an output, and what the stage feeds back stays in them: its motion is the same, bit for
bit. The rig's values are one output more, of the same program on the device:

    rig = clamp(weight @ channels + bias, low, high)

A bundle tells of it in the model's configuration under `KEY`, from which the reference is rebuilt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import FiniteFloat, model_validator
from torch import Tensor
from torch.nn import functional as F

from sdk.errors import UsageError
from sdk.models.registry import StagedModel
from sdk.rigs.channel_set import channel_sets, set_of
from sdk.rigs.rig_map import RigMap, rig_map
from sdk.spec import Record, Source, TensorSpec
from sdk.stage import Stage, Tree

KEY = "in_graph_rig"
"""Of the configuration; the model's own stands beside it under ``model``."""
OUTPUT = "rig"
"""Name of the output with the rig's values."""
WEIGHT, BIAS = f"{KEY}.weight", f"{KEY}.bias"
"""Of the reference weights."""


class RigRecord(Record):
    """What a configuration says of a rig inside a model.

    Attributes:
        name: of the rig.
        values: ``stage.output`` of the model's own channels.
        channels: their names.
        low: least value of each channel of the rig.
        high: greatest.
    """

    name: str
    values: Source
    channels: tuple[str, ...]
    low: tuple[FiniteFloat, ...]
    high: tuple[FiniteFloat, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.channels or not self.low or len(self.low) != len(self.high):
            raise ValueError("a rig has channels, and a range for each")
        return self

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> RigRecord | None:
        """The rig that a configuration tells of; None where it tells of none.

        Raises:
            ValueError: what it tells has another form.
        """
        return cls.model_validate(config[KEY]) if KEY in config else None


class RigStage(Stage):
    """A stage with one output more: its channels as those of a rig.

    The map is no layer, so no precision rounds it to 8 bits: a hundredth of jawOpen is a third of a millimetre.

    Args:
        inner: the stage.
        record: which output is mapped, and the rig's ranges.
        weight: (T, C).
        bias: (T,).
    """

    weight: Tensor
    bias: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, inner: Stage, record: RigRecord, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.inner = inner
        self.name, self.clock, self.inputs = inner.name, inner.clock, inner.inputs
        self.outputs = (*inner.outputs, TensorSpec(name=OUTPUT, shape=(len(record.low),)))
        self._mapped = record.values.split(".")[1]
        ranges = set(zip(record.low, record.high, strict=True))
        self._range = ranges.pop() if len(ranges) == 1 else None
        for name, tensor in (("weight", weight), ("bias", bias)):
            self.register_buffer(name, tensor.to(torch.float32))
        for name, limit in (("low", record.low), ("high", record.high)):
            self.register_buffer(name, torch.tensor(limit).reshape(1, -1), persistent=False)

    def init_state(self) -> Tree:
        """That of the stage within."""
        return self.inner.init_state()

    def step(self, inputs: Mapping[str, Tensor], state: Tree) -> tuple[dict[str, Tensor], Tree]:
        """One step of the stage within, and the rig's values of what it gave."""
        outputs, after = self.inner.step(inputs, state)
        values = F.linear(outputs[self._mapped].reshape(1, -1), self.weight, self.bias)
        if self._range:
            values = torch.clamp(values, *self._range)
        else:
            values = torch.minimum(torch.maximum(values, self.low), self.high)
        return {**outputs, OUTPUT: values.reshape(-1)}, after


@dataclass(frozen=True, eq=False)
class InGraphRig:
    """A rig's map, ready to be put into a model.

    Attributes:
        record: what a configuration says of it.
        weight: (T, C) float32.
        bias: (T,) float32.
    """

    record: RigRecord
    weight: Tensor
    bias: Tensor

    def put_into(self, stages: Sequence[Stage]) -> Sequence[Stage]:
        """The model's stages with the map in its place.

        Raises:
            ValueError: no stage gives the channels that are mapped.
        """
        name, output = self.record.values.split(".")
        found = [tensor for stage in stages if stage.name == name for tensor in stage.outputs if tensor.name == output]
        if not found or found[0].size != len(self.record.channels):
            raise ValueError(f"{self.record.values} is no output of {len(self.record.channels)} channels")
        return [
            RigStage(stage, self.record, self.weight, self.bias).eval() if stage.name == name else stage
            for stage in stages
        ]


def taken_apart(
    config: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> tuple[Mapping[str, Any], Mapping[str, Tensor], InGraphRig | None]:
    """A bundle's configuration and weights as those of the model alone, and the rig that was put into it.

    Raises:
        ValueError, KeyError: they do not fit each other.
    """
    record = RigRecord.of(config)
    if record is None:
        return config, weights, None
    rig = InGraphRig(record, weights[WEIGHT], weights[BIAS])
    targets = len(record.low)
    if rig.weight.shape != (targets, len(record.channels)) or rig.bias.shape != (targets,):
        raise ValueError(f"{WEIGHT} of shape {tuple(rig.weight.shape)} is not that of the rig")
    rest = {name: tensor for name, tensor in weights.items() if name not in {WEIGHT, BIAS}}
    return config["model"], rest, rig


def with_rig(staged: StagedModel, rig: RigMap) -> StagedModel:
    """The model with a rig's map in the stage that makes a frame's values.

    Channels go by name: one that the model lacks stays at rest, one that the map does not take is lost. The basis of
    the model's own channels becomes that of the rig's where the SDK has a map back, and is left out where it has none.

    Raises:
        UsageError: the model puts out vertices, or no channel that the map takes.
    """
    subject = f"--rig {rig.target.name}"
    if not staged.channels:
        raise UsageError(subject, f"{staged.name} puts out vertices, not channels", "export a model of a rig")
    columns = [rig.source.channels.index(name) if name in rig.source.channels else None for name in staged.channels]
    weight = np.zeros((len(rig.target.channels), len(columns)), np.float32)
    for place, column in enumerate(columns):
        if column is not None:
            weight[:, place] = rig.weights[:, column]
    if not weight.any():
        problem = f"{staged.name} has no channel that moves it"
        raise UsageError(subject, problem, f"give a rig whose channels follow from those of {rig.source.name}")
    target = rig.target
    record = RigRecord(
        name=target.name, values=staged.pipeline.values, channels=staged.channels, low=target.low, high=target.high
    )
    inside = InGraphRig(record, torch.from_numpy(weight), torch.from_numpy(rig.bias.copy()))
    stages = inside.put_into(staged.stages)
    specs = tuple(stage.spec for stage in stages)
    values = f"{staged.pipeline.values.split('.')[0]}.{OUTPUT}"
    still = [name for name, row in zip(target.channels, weight, strict=True) if not row.any()]
    note = f"Frames are the {len(target.channels)} channels of {target.name}, mapped inside the model."
    notes = (note, f"Nothing moves {', '.join(still)}.") if still else (note,)
    return replace(
        staged,
        config={KEY: record.model_dump(mode="json"), "model": dict(staged.config)},
        weights={**staged.weights, WEIGHT: inside.weight, BIAS: inside.bias},
        stages=stages,
        pipeline=staged.pipeline.model_copy(update={"stages": specs, "values": values}),
        unit="1",
        card=replace(staged.card, notes=(*staged.card.notes, *notes)),
        channels=target.channels,
        basis=rig_basis(staged, rig),
    )


def rig_basis(staged: StagedModel, rig: RigMap) -> dict[str, NDArray[np.float32]]:
    """The read-out of the model's channels as one of the rig's, through the map back; empty where there is none."""
    own = set_of(staged.channels)
    known = rig.target.name in channel_sets() and set_of(rig.target.channels) == rig.target
    if own is None or not known or set(staged.basis) != {"basis", "offset"}:
        return {}
    back = rig_map(rig.target.name, own.name)
    basis = np.tensordot(back.weights.T, staged.basis["basis"], 1).astype(np.float32)
    offset = staged.basis["offset"] + np.tensordot(back.bias, staged.basis["basis"], 1)
    return {"basis": basis, "offset": offset.astype(np.float32)}


def measured_on(config: Mapping[str, Any], values: str, channels: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The output that figures in millimetres are measured on, and the names of its channels.

    That is what the frame shows, `values`; and the model's own channels where a rig is mapped from them.

    Raises:
        ValueError: the configuration tells of a rig in another form.
    """
    record = RigRecord.of(config)
    return (values, tuple(channels)) if record is None else (record.values, record.channels)
