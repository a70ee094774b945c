"""What a target is: a table row that says what can be lowered, how, and which executor runs the result.

Packages add targets through the entry point group ``nowface.targets``: name -> a `Target`. Loading a row must be cheap;
the tool chain (executorch, coremltools, onnx) is imported only inside `lower` and `versions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from sdk.errors import TargetError
from sdk.stage import Stage

ENTRY_POINT_GROUP = "nowface.targets"
DEFAULT_TARGETS = ("executorch", "coreml", "onnx")


@dataclass(frozen=True)
class LoweringOptions:
    """What the user may ask of a target.

    Attributes:
        min_deployment_target: oldest Apple system a Core ML program must run on, e.g. ``iOS18``.
    """

    min_deployment_target: str = "iOS18"


@dataclass(frozen=True)
class Lowered:
    """What lowering one stage gave.

    Attributes:
        undelegated: operators that stayed outside the accelerated part, as ``name xN``; empty when all are inside.
        rewrites: names of the exact rewrite passes that changed the graph.
    """

    undelegated: tuple[str, ...] = ()
    rewrites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        name: as on the command line; also the name of the executor that runs it.
        summary: one line for ``python -m export list``.
        suffix: of the artefact, e.g. ``.pte``; an artefact may be a folder (``.mlpackage``).
        precisions: all it can do, the defaults first.
        default_precisions: how many of `precisions` an export without ``--precision`` makes.
        lower: ``lower(stage, precision, destination, options)`` writes the artefact and says what it left.
        versions: names and versions of the tools, for the manifest.
        minimum_os: oldest systems that run it, e.g. ``{"iOS": "18.0", "macOS": "15.0"}``; empty when any.
    """

    name: str
    summary: str
    suffix: str
    precisions: tuple[str, ...]
    lower: Callable[[Stage, str, Path, LoweringOptions], Lowered]
    versions: Callable[[], Mapping[str, str]]
    minimum_os: Callable[[LoweringOptions], Mapping[str, str]]
    default_precisions: int = 1


def check_precision(target: str, precision: str, precisions: Sequence[str]) -> None:
    """Refuse a precision that a target does not have.

    Raises:
        TargetError: it is not among `precisions`.
    """
    if precision not in precisions:
        raise TargetError(precision, f"target {target} has no such precision", f"use one of {', '.join(precisions)}")


def target_names() -> list[str]:
    """Names of all registered targets."""
    return sorted(point.name for point in entry_points(group=ENTRY_POINT_GROUP))


def find_target(name: str) -> Target:
    """The target registered under `name`.

    Raises:
        TargetError: there is none.
    """
    for point in entry_points(group=ENTRY_POINT_GROUP):
        if point.name == name:
            target: Target = point.load()
            return target
    raise TargetError(name, "no such target", f"use one of {', '.join(target_names())}")
