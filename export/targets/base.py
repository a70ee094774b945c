"""What a target is: a table row that says what can be lowered, how, and which executor runs the result.

Packages add targets through the entry point group ``nowface.targets``: name -> a `Target`. Loading a row must be cheap;
the tool chain (executorch, coremltools, onnx) is imported only inside `lower` and `versions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from export.precision import PRECISIONS, Arithmetic, Base, Form, FormSupport, StagePlan
from sdk.errors import TargetError
from sdk.plugins import load_plugin, plugin_names
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

    def older_than(self, system: str) -> bool:
        """Whether `min_deployment_target`, which the target has found to be a system, is older than `system`."""
        return int(self.min_deployment_target.removeprefix("iOS")) < int(system.removeprefix("iOS"))


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
class Refusal:
    """Why a target cannot do a precision, and the nearest that it can."""

    why: str
    nearest: str


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        name: as on the command line; also the name of the executor that runs it.
        summary: one line for ``python -m export list``.
        suffix: of the artefact, e.g. ``.pte``; an artefact may be a folder (``.mlpackage``).
        precisions: all it can do, the defaults first; the quantised ones among them have their form in `forms`.
        default_precisions: how many of `precisions` an export without ``--precision`` makes.
        forms: what its layers can become, and which layers.
        quantised_base: what is not quantised in a quantised precision.
        arithmetic: of its quantised layers.
        oldest: form -> first system that has it; forms that are not there need none.
        refusals: precisions it cannot do -> why, and the nearest that works.
        lower: ``lower(stage, plan, destination, options)`` writes the artefact and says what it left.
        versions: names and versions of the tools, for the manifest.
        minimum_os: oldest systems that run it, e.g. ``{"iOS": "18.0", "macOS": "15.0"}``; empty when any.
    """

    name: str
    summary: str
    suffix: str
    precisions: tuple[str, ...]
    lower: Callable[[Stage, StagePlan, Path, LoweringOptions], Lowered]
    versions: Callable[[], Mapping[str, str]]
    minimum_os: Callable[[LoweringOptions], Mapping[str, str]]
    default_precisions: int = 1
    forms: Mapping[Form, FormSupport] = field(default_factory=dict)
    quantised_base: Base = "fp32"
    arithmetic: Arithmetic = field(default_factory=Arithmetic)
    oldest: Mapping[Form, str] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)

    def forms_on(self, options: LoweringOptions) -> Mapping[Form, FormSupport]:
        """`forms` without those that the oldest system asked for lacks.

        Raises:
            UsageError: there is no such system.
        """
        self.minimum_os(options)
        newer = {form for form, system in self.oldest.items() if options.older_than(system)}
        return {form: support for form, support in self.forms.items() if form not in newer}

    def base(self, precision: str) -> Base:
        """What the layers that `precision` does not quantise are in."""
        plain: Mapping[str, Base] = {"fp32": "fp32", "fp16": "fp16"}
        return plain.get(precision, self.quantised_base)

    def check(self, precision: str) -> None:
        """Refuse a precision that the target does not have.

        Raises:
            TargetError: it is unknown, or the target cannot do it; the message says why and names what works.
        """
        if precision in self.precisions:
            return
        subject, can = f"--precision {precision}", f"{self.name} can do {', '.join(self.precisions)}"
        if precision not in PRECISIONS:
            raise TargetError(subject, "no such precision", f"use one of {', '.join(PRECISIONS)}")
        refusal = self.refusals.get(precision)
        if refusal is None:
            raise TargetError(subject, f"{self.name} cannot do it", can)
        raise TargetError(subject, f"{self.name} cannot do it: {refusal.why}", f"use {refusal.nearest}")


def target_names() -> list[str]:
    """Names of all registered targets."""
    return plugin_names(ENTRY_POINT_GROUP)


def find_target(name: str) -> Target:
    """The target registered under `name`.

    Raises:
        TargetError: there is none.
    """
    target: Target | None = load_plugin(ENTRY_POINT_GROUP, name)
    if target is None:
        raise TargetError(name, "no such target", f"use one of {', '.join(target_names())}")
    return target
