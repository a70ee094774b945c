"""What a stage and a pipeline are, as data: names, shapes, types, units, clocks, sources.

These records are the only thing that exporters, runtimes, parity and bindings know of a model. They are written into
`manifest.json` as they stand. This module imports nothing of ours and no tensor library.

Words
    clock     when a stage runs: ``prepare`` once a session, ``hop`` every `PipelineSpec.hop` samples, ``frame`` once
              an animation frame.
    source    where an input comes from: ``audio.pcm`` (the hop's samples), ``clock.phase`` (the part of a hop that has
              passed since the newest complete one, [0, 1)), ``parameter.NAME`` (a session parameter such as the
              template), ``STAGE.OUTPUT``, ``SIGNAL.TENSOR`` (see `SignalSpec`), or ``noise.NAME``.
    noise     float32 in [0, 1) of the input's shape, new for each frame and the same for one seed on every device
              (`sdk.runtime.noise`): a sampled model draws by it and holds no random state of its own.
    window    an input whose source runs on the hop clock may ask for the newest W outputs, oldest first: its shape is
              then (W, ...) for a source of shape (1, ...). Rows from before the stream began are zeros.
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, model_validator

SAMPLE_RATE = 16_000
"""Samples a second of every stream; all absolute sample indices count these."""
LARGEST_TERM = 1_000_000
"""Of a frame rate's fraction: what bundles hold and every runtime computes with."""

LONGEST_RATE = 40
"""Characters of a frame rate's text."""

Clock = Literal["prepare", "hop", "frame"]
DType = Literal["float32", "float16", "int32", "int64", "bool"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=120)]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
Dimension = Annotated[int, Field(ge=1, le=2**31)]


class Record(BaseModel):
    """Immutable, closed: an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class TensorSpec(Record):
    """One named tensor. `unit` is ``1`` for pure numbers, else a unit such as ``mm`` or ``dBFS``."""

    name: Name
    shape: tuple[Dimension, ...]
    dtype: DType = "float32"
    unit: str = "1"

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


class InputSpec(TensorSpec):
    """A stage's input and where it comes from (see the module's words)."""

    source: Source


class StageSpec(Record):
    """One program on the device: ``step(inputs, state) -> (outputs, state)``.

    The lowered program takes `inputs` then `state` by position and gives `outputs` then the next state, in order; its
    tensors bear the names of the specs, the next state with the prefix ``next_``. The state starts as zeros.
    """

    name: Name
    clock: Clock
    inputs: tuple[InputSpec, ...]
    outputs: tuple[TensorSpec, ...]
    state: tuple[TensorSpec, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> StageSpec:
        names = [t.name for t in (*self.inputs, *self.state, *self.outputs)]
        names += [next_name(t) for t in self.state]
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ValueError(f"stage {self.name}: tensor names used twice: {', '.join(twice)}")
        if self.clock == "prepare" and self.state:
            raise ValueError(f"stage {self.name}: a prepare stage has no state")
        return self

    @property
    def graph_inputs(self) -> tuple[TensorSpec, ...]:
        """Inputs then state: the order of the lowered program's arguments."""
        return (*self.inputs, *self.state)

    @property
    def graph_output_names(self) -> tuple[str, ...]:
        """Outputs then next state: the order of the lowered program's results."""
        return (*(t.name for t in self.outputs), *(next_name(t) for t in self.state))


def next_name(state: TensorSpec) -> str:
    """Name of a state tensor among the results of the lowered program."""
    return f"next_{state.name}"


class FrameRate(Record):
    """A rational number of frames a second, e.g. 30000/1001 for 29.97."""

    num: Annotated[int, Field(ge=1, le=LARGEST_TERM)]
    den: Annotated[int, Field(ge=1, le=LARGEST_TERM)] = 1

    @classmethod
    def parse(cls, text: str | int | float) -> FrameRate:
        """Read ``30``, ``30000/1001`` or a decimal; 23.976, 29.97 and 59.94 are taken as their NTSC fractions.

        A rate whose fraction has a term above `LARGEST_TERM`, such as 12.345678, becomes the nearest that has none.

        Raises:
            ValueError: not a number from 1 to 1000 frames a second.
        """
        ntsc = {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}
        plain = str(text).strip()
        try:
            if len(plain) > LONGEST_RATE or "e" in plain.lower():  # Fraction would count 1e999999999 out
                raise ValueError(plain)
            value = ntsc.get(plain) or Fraction(plain)
        except (ValueError, ZeroDivisionError) as error:
            raise ValueError(f"{plain[:LONGEST_RATE]!r} is not a frame rate") from error
        if not 1 <= value <= 1000:
            raise ValueError(f"{plain!r} is not a frame rate between 1 and 1000 a second")
        # The numerator is the larger term, for a rate is 1 at least.
        value = value.limit_denominator(int(LARGEST_TERM / value))
        return cls(num=value.numerator, den=value.denominator)

    @property
    def fraction(self) -> Fraction:
        """Frames a second, exact."""
        return Fraction(self.num, self.den)

    def __str__(self) -> str:
        return str(self.num) if self.den == 1 else f"{self.num}/{self.den}"


LARGEST_HALF = 65_504
"""Largest number of half precision: what is beyond it is infinite on targets that compute in it."""


class SignalTensor(TensorSpec):
    """A tensor of a signal, and the lowest and highest number that it may hold.

    Finite numbers from a tracker that went wrong can be as bad as NaN: they overflow within the model. Values beyond
    the range are not taken in.
    """

    low: FiniteFloat = -LARGEST_HALF
    high: FiniteFloat = LARGEST_HALF

    @model_validator(mode="after")
    def _zero_is_within(self) -> SignalTensor:
        if not self.low <= 0 <= self.high or self.low == self.high:
            raise ValueError(f"{self.name}: {self.low:g} to {self.high:g} is no range with 0, which says nothing known")
        return self


class SignalSpec(Record):
    """What an app may give beside the sound, at its own pace: a tracked face and how far it is to be trusted.

    A frame sees the newest values whose time is not after its due sample plus the lookahead, unless they are older than
    `hold_samples`; it sees zeros when there are none. So zeros must mean that nothing is known.
    """

    name: Name
    tensors: Annotated[tuple[SignalTensor, ...], Field(min_length=1)]
    hold_samples: Annotated[int, Field(ge=0, le=10 * SAMPLE_RATE)]


OWN_SOURCES = ("audio", "clock", "parameter", "noise")
"""First words of sources that no stage and no signal may be called by."""


class PipelineSpec(Record):
    """The stages of a model in the order they run, and the clocks they run on.

    `hop` is in samples at `SAMPLE_RATE`. Frame t is due at sample ``ceil((t + 1) * 16000 * den / num)`` and is computed
    from samples before ``due + lookahead_samples`` only. `values` names the output, as ``stage.output``, that a frame
    shows to the app.
    """

    hop: Annotated[int, Field(ge=1, le=SAMPLE_RATE)]
    frame_rate: FrameRate
    lookahead_samples: Annotated[int, Field(ge=0, le=10 * SAMPLE_RATE)] = 0
    parameters: tuple[TensorSpec, ...] = ()
    signals: tuple[SignalSpec, ...] = ()
    stages: tuple[StageSpec, ...]
    values: Source

    @property
    def noise(self) -> dict[str, tuple[int, ...]]:
        """Shape of each noise that the stages draw by, ``noise.NAME`` -> shape, in the order of their first use."""
        inputs = (wanted for stage in self.stages for wanted in stage.inputs)
        return {wanted.source: wanted.shape for wanted in inputs if wanted.source.startswith("noise.")}

    def stage(self, name: str) -> StageSpec:
        """The stage of that name; KeyError if there is none."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    @model_validator(mode="after")
    def _sources_exist_and_fit(self) -> PipelineSpec:
        made: dict[str, tuple[Clock, TensorSpec]] = {
            "audio.pcm": ("hop", TensorSpec(name="pcm", shape=(1, self.hop))),
            "clock.phase": ("frame", TensorSpec(name="phase", shape=(1, 1))),
        }
        made |= {f"parameter.{p.name}": ("prepare", p) for p in self.parameters}
        made |= {f"{signal.name}.{t.name}": ("frame", t) for signal in self.signals for t in signal.tensors}
        rank = {"prepare": 0, "hop": 1, "frame": 2}
        for stage in self.stages:
            for wanted in stage.inputs:
                if wanted.source.startswith("noise."):
                    if stage.clock != "frame":
                        raise ValueError(f"{stage.name}.{wanted.name}: noise is drawn on the frame clock only")
                    made.setdefault(wanted.source, ("frame", wanted))
                if wanted.source not in made:
                    raise ValueError(f"{stage.name}.{wanted.name}: no earlier stage makes {wanted.source}")
                clock, given = made[wanted.source]
                if rank[clock] > rank[stage.clock]:
                    raise ValueError(f"{stage.name}.{wanted.name}: {wanted.source} is not ready on that clock")
                windowed = clock == "hop" and stage.clock == "frame" and wanted.shape[1:] == given.shape[1:]
                if wanted.shape != given.shape and not windowed:
                    raise ValueError(f"{stage.name}.{wanted.name}: shape {wanted.shape} is not {given.shape}")
            made |= {f"{stage.name}.{t.name}": (stage.clock, t) for t in stage.outputs}
        if self.values not in {f"{s.name}.{t.name}" for s in self.stages if s.clock == "frame" for t in s.outputs}:
            raise ValueError(f"values: {self.values} is not the output of a frame stage")
        return self

    @model_validator(mode="after")
    def _names_are_not_taken(self) -> PipelineSpec:
        names = [*OWN_SOURCES, *(signal.name for signal in self.signals), *(stage.name for stage in self.stages)]
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ValueError(f"names of stages and signals that are used twice or taken: {', '.join(twice)}")
        for signal in self.signals:
            tensors = [tensor.name for tensor in signal.tensors]
            if len(set(tensors)) != len(tensors):
                raise ValueError(f"signal {signal.name}: a tensor's name stands twice")
        return self
