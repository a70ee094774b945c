"""Whether a loaded file is the program of its stage: count, names, shapes and types of its tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdk.errors import TargetError
from sdk.spec import StageSpec, TensorSpec, next_name

MEND = "export the bundle again"


@dataclass(frozen=True)
class Port:
    """One input or output as the file declares it; the name is None where the format keeps none."""

    name: str | None
    shape: tuple[int, ...]
    dtype: str


def ports(tensors: Sequence[TensorSpec]) -> tuple[Port, ...]:
    """The ports that `tensors` describe."""
    return tuple(Port(tensor.name, tensor.shape, tensor.dtype) for tensor in tensors)


def output_ports(stage: StageSpec) -> tuple[Port, ...]:
    """Outputs then next state, as the lowered program gives them."""
    after = tuple(Port(next_name(tensor), tensor.shape, tensor.dtype) for tensor in stage.state)
    return (*ports(stage.outputs), *after)


def check_signature(path: Path, stage: StageSpec, inputs: Sequence[Port], outputs: Sequence[Port]) -> None:
    """Compare the ports found in the file at `path` with what `stage` says.

    Raises:
        TargetError: they differ in number, order, name, shape or type.
    """
    for kind, wanted, found in (
        ("input", ports(stage.graph_inputs), tuple(inputs)),
        ("output", output_ports(stage), tuple(outputs)),
    ):
        if len(wanted) != len(found):
            problem = f"has {len(found)} {kind}s, stage {stage.name} has {len(wanted)}"
            raise TargetError(path, problem, MEND)
        for want, have in zip(wanted, found, strict=True):
            if have.name not in (None, want.name) or (have.shape, have.dtype) != (want.shape, want.dtype):
                problem = (
                    f"{kind} {have.name or want.name} {have.dtype}{list(have.shape)} is not "
                    f"stage {stage.name}'s {want.name} {want.dtype}{list(want.shape)}"
                )
                raise TargetError(path, problem, MEND)


def stage_file(files: Mapping[str, Path], stage: StageSpec) -> Path:
    """The artefact of `stage`.

    Raises:
        TargetError: none is given, or it is not there.
    """
    path = files.get(stage.name)
    if path is None:
        raise TargetError(stage.name, "the target has no file for this stage", MEND)
    if not path.exists():
        raise TargetError(path, "no such file", MEND)
    return path
