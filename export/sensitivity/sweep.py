"""The sweep: every layer in every form a target takes, alone, and what that does to the lips."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from export.precision import Arithmetic, Base, Form, FormSupport, quantisable
from export.sensitivity.simulate import layer_bytes, simulated
from export.vectors import chunk_plan, example_beside
from sdk.errors import UsageError
from sdk.models.registry import StagedModel
from sdk.models.rig_stage import measured_on
from sdk.parity.beside import Beside
from sdk.parity.face import Face, NoFace, lip_error_rms
from sdk.parity.replay import record
from sdk.runtime import EagerExecutor
from sdk.runtime.executor import Array

CHOSEN: tuple[Form, ...] = ("int8", "int4", "palette6", "palette4")
"""Forms that a mixed precision chooses from: those that need nothing fixed beforehand."""

Layers = Mapping[str, Mapping[str, Form]]
"""Stage -> dotted layer name -> form."""


@dataclass(frozen=True)
class Option:
    """One form of one layer.

    Attributes:
        stage, layer: which, by name.
        form: that the layer takes; None leaves it in the base.
        bytes: of its weights and scales.
        lip_error_mm: RMS, of this layer alone in this form.
    """

    stage: str
    layer: str
    form: Form | None
    bytes: int
    lip_error_mm: float


class Sweep:
    """Measures choices of forms in closed loop on one sound.

    Args:
        staged: the model.
        sound: (N,) 16 kHz.
        forms: that the target takes.
        base: what it leaves the other layers in.
        arithmetic: of its quantised layers.

    Raises:
        UsageError: the model's values are no face.
    """

    def __init__(
        self,
        staged: StagedModel,
        sound: Array,
        forms: Mapping[Form, FormSupport],
        *,
        base: Base,
        arithmetic: Arithmetic,
    ) -> None:
        self._output, channels = measured_on(staged.config, staged.pipeline.values, staged.channels)
        spec = next(t for s in staged.stages for t in s.outputs if f"{s.name}.{t.name}" == self._output)
        face = Face.of(channels, staged.unit, spec.shape)
        if isinstance(face, NoFace):
            raise UsageError("--precision mixed", f"needs a face: {face.reason}", "use --precision int8")
        self._staged, self._sound, self._face = staged, sound, face
        self._base, self._arithmetic = base, arithmetic
        self._forms = {form: forms[form] for form in CHOSEN if form in forms}
        self._reference = self._values()

    def options(self, advance: Callable[[str], None]) -> list[list[Option]]:
        """For each layer its options, the base first; `advance` is told of each measurement, `steps` in all."""
        rows = []
        for stage, name, layer, forms in _candidates(self._staged, self._forms):
            row = [Option(stage, name, None, layer_bytes(layer, None, self._base), 0.0)]
            for form in forms:
                advance(f"sensitivity {stage}.{name} {form}")
                size = layer_bytes(layer, form, self._base)
                row.append(Option(stage, name, form, size, self.error({stage: {name: form}})))
            rows.append(row)
        return rows

    def error(self, layers: Layers) -> float:
        """Lip error of a whole choice, RMS in millimetres."""
        with simulated(self._staged.stages, layers, self._arithmetic):
            return float(lip_error_rms(self._reference, self._values(), self._face))

    def _values(self) -> Array:
        staged, sound = self._staged, self._sound
        # Without a seed a model that draws takes the likeliest choice: what a layer flips then is its own doing.
        beside = Beside(example_beside(staged, len(sound)).signals)
        executor = EagerExecutor(staged.stages)
        trace = record(staged.pipeline, executor, staged.parameters, sound, chunk_plan(len(sound)), beside=beside)
        return trace.outputs[self._output]


def steps(staged: StagedModel, forms: Mapping[Form, FormSupport]) -> int:
    """How often `Sweep.options` calls back."""
    chosen = {form: forms[form] for form in CHOSEN if form in forms}
    return sum(len(taken) for *_, taken in _candidates(staged, chosen))


def _candidates(
    staged: StagedModel, forms: Mapping[Form, FormSupport]
) -> Sequence[tuple[str, str, nn.Linear, list[Form]]]:
    """Stage, name and layer of all that can be quantised, and the forms each can take."""
    found = []
    for stage in staged.stages:
        for name, layer in quantisable(stage).items():
            taken = [
                form
                for form, support in forms.items()
                if layer.in_features % support.multiple == 0 and layer.weight.numel() >= support.least_weights
            ]
            if taken:
                found.append((stage.name, name, layer, taken))
    return found
