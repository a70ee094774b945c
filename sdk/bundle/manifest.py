"""The manifest of a bundle, as data: everything a runtime must know before it opens an artefact.

The records are closed (an unknown key is an error) and are also the source of ``docs/manifest.schema.json``. What one
record can check of itself is checked here; what needs the folder is checked in `sdk.bundle.verify`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, StringConstraints, model_validator
from typing_extensions import TypeAliasType

from sdk.bundle.paths import RelativePath
from sdk.spec import Name, PipelineSpec, Record, TensorSpec

FORMAT_VERSION = 1
MAX_TENSOR_ELEMENTS = 2**28
"""Elements of one tensor (1 GiB of float32): a manifest cannot make a session allocate more for one name."""

Json = TypeAliasType("Json", "bool | int | FiniteFloat | str | list[Json] | dict[str, Json] | None")
"""Any JSON value without NaN or infinity."""

Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
"""Name of a target or a precision, e.g. ``executorch-coreml`` or ``fp16``."""
Text = Annotated[str, StringConstraints(max_length=20_000)]
Fraction = Annotated[FiniteFloat, Field(ge=0)]


class FileRecord(Record):
    """One file of the bundle. `bytes` is its length, `sha256` the lower-case hexadecimal SHA-256 of its content."""

    path: RelativePath
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]


class ModelRecord(Record):
    """What the bundle was made of. `config` rebuilds the reference model, and tells parity of a rig mapped inside it;
    no device reads it.
    """

    name: Name
    title: Text
    licence: Text
    trained: bool
    config: dict[str, Json] = Field(default_factory=dict)


class Tolerance(Record):
    """How far an artefact may be from the eager reference and still pass.

    Attributes:
        max_abs_of_range: largest absolute error, as a fraction of the reference output's range: the peak-to-peak
            travel of its most mobile element (`sdk.parity.metrics`).
        rms_of_range: root mean square error, as a fraction of the same range.
        digest_relative: largest error of a state digest, relative to the leaf's root mean square.
        label_agreement: least share of a model's choices that must be the reference's.
        motion_deviation: where choices may differ and do, how far the mean of the motion may lie off, in deviations
            of the reference's motion, and how much larger or smaller the motion may be, less 1.
        gain_error: how far the gain of an output, the reference taken for the input, may be from 1.
        lip_error_mm: largest root mean square error of the lips' vertices, in millimetres.
        closure_points: how many of 100 closures of the reference's lips may be missed, and how many of the
            candidate's may have no counterpart.
        lag_ms: how much earlier or later than the reference the lips may move, in milliseconds.
        sync_ms: how much earlier or later than the reference's the face may fit the voice, by the sync meter, in
            milliseconds.
        jitter_mm: root mean square second difference that the lips may have in silence beyond the reference's own,
            in millimetres.

    A bound that is None is not asked for.
    """

    max_abs_of_range: Fraction
    rms_of_range: Fraction
    digest_relative: Fraction
    label_agreement: Annotated[float, Field(ge=0, le=1)] = 1.0
    motion_deviation: Fraction = 1.0
    gain_error: Fraction | None = None
    lip_error_mm: Fraction | None = None
    closure_points: Fraction | None = None
    lag_ms: Fraction | None = None
    sync_ms: Fraction | None = None
    jitter_mm: Fraction | None = None


class TargetRecord(Record):
    """One target in one precision.

    Attributes:
        target: name of the executor that runs it.
        precision: e.g. ``fp32``.
        artefacts: stage name -> path of its file, or of its folder (``.mlpackage``); every stage has one, stages may
            share one.
        tools: name -> version of what made the artefacts.
        minimum_os: oldest system it runs on, e.g. ``{"iOS": "18.0"}``; empty when any.
        rewrites: names of the exact graph rewrites that were applied.
        undelegated: operators outside the accelerated part, as ``name xN``; empty when all are inside.
        layers: stage -> dotted layer name -> form, e.g. ``int8``, of the layers that are not in floating point.
        calibration: SHA-256 of the samples that scales were fixed or forms chosen on; None when nothing was.
        tolerance: what the export demanded; None when it was not checked.
        measured: what the export measured against `tolerance`, name -> value.
    """

    target: Label
    precision: Label
    artefacts: dict[Name, RelativePath]
    tools: dict[Text, Text] = Field(default_factory=dict)
    minimum_os: dict[Text, Text] = Field(default_factory=dict)
    rewrites: tuple[Text, ...] = ()
    undelegated: tuple[Text, ...] = ()
    layers: dict[Name, dict[Text, Label]] = Field(default_factory=dict)
    calibration: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    tolerance: Tolerance | None = None
    measured: dict[Text, FiniteFloat] = Field(default_factory=dict)


class Manifest(Record):
    """All of ``manifest.json``.

    Attributes:
        format_version: of this layout; readers refuse any other.
        model: what it was made of.
        pipeline: stages, tensors, clocks.
        unit: of the pipeline's values, e.g. ``mm``.
        channels: names of the values of a rig, in order; empty when the values are vertices (V, 3).
        files: every file of the folder but the manifest.
        targets: what it can run on; the first precision of a target is its default.
        parameters: safetensors with the default of each session parameter.
        basis: safetensors of the linear read-out as morph targets, or None.
        vectors: trace of the eager reference on real speech, or None.
    """

    format_version: Literal[1]
    model: ModelRecord
    pipeline: PipelineSpec
    unit: Annotated[str, StringConstraints(max_length=40)]
    channels: tuple[Annotated[str, StringConstraints(min_length=1, max_length=120)], ...] = ()
    files: tuple[FileRecord, ...]
    targets: tuple[TargetRecord, ...]
    parameters: RelativePath
    basis: RelativePath | None = None
    vectors: RelativePath | None = None

    @property
    def values(self) -> TensorSpec:
        """The output that a frame shows to the app."""
        stage, name = self.pipeline.values.split(".")
        return next(tensor for tensor in self.pipeline.stage(stage).outputs if tensor.name == name)

    def artefact_bytes(self, record: TargetRecord, stage: str | None = None) -> int:
        """Bytes of one stage's artefact, or of all of a record's; an artefact that is a folder is all its files."""
        paths = {record.artefacts[stage]} if stage else set(record.artefacts.values())
        folders = tuple(f"{path}/" for path in paths)
        return sum(file.bytes for file in self.files if file.path in paths or file.path.startswith(folders))

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        listed = {file.path for file in self.files}
        for field in ("parameters", "basis", "vectors"):
            path = getattr(self, field)
            if path is not None and path not in listed:
                raise ValueError(f"{field}: {path} is not among the files")
        stages = {stage.name for stage in self.pipeline.stages}
        if len(stages) != len(self.pipeline.stages):
            raise ValueError("pipeline: two stages have one name")
        seen: set[tuple[str, str]] = set()
        folders = {"/".join(path.split("/")[:count]) for path in listed for count in range(1, path.count("/") + 1)}
        for record in self.targets:
            key = (record.target, record.precision)
            if key in seen:
                raise ValueError(f"targets: {record.target} {record.precision} is listed twice")
            seen.add(key)
            if set(record.artefacts) != stages:
                raise ValueError(f"targets: {record.target} {record.precision} has not one artefact a stage")
            absent = sorted(path for path in record.artefacts.values() if path not in listed | folders)
            if absent:
                raise ValueError(f"targets: {absent[0]} is not among the files")
        return self

    @model_validator(mode="after")
    def _values_fit_rig(self) -> Self:
        if self.channels:
            if len(set(self.channels)) != len(self.channels):
                raise ValueError("channels: a name stands twice")
            if self.values.size != len(self.channels):
                raise ValueError(f"channels: {len(self.channels)} names for {self.values.size} values")
        elif len(self.values.shape) != 2 or self.values.shape[1] != 3:
            raise ValueError(f"pipeline: values of shape {self.values.shape} are neither named nor vertices (V, 3)")
        return self

    @model_validator(mode="after")
    def _tensors_are_small(self) -> Self:
        named = [(f"parameter.{tensor.name}", tensor) for tensor in self.pipeline.parameters]
        for stage in self.pipeline.stages:
            named += [(f"{stage.name}.{t.name}", t) for t in (*stage.inputs, *stage.state, *stage.outputs)]
        named += [(f"{signal.name}.{t.name}", t) for signal in self.pipeline.signals for t in signal.tensors]
        for name, tensor in named:
            if tensor.size > MAX_TENSOR_ELEMENTS:
                raise ValueError(f"{name}: shape {tensor.shape} is larger than {MAX_TENSOR_ELEMENTS} elements")
        return self
