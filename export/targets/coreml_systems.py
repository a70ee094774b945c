"""Apple systems by the names coremltools gives its deployment targets, and what else of the same age they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from export.targets.base import LoweringOptions
from sdk.errors import UsageError

# coremltools has one target a specification version; the sibling systems released with each are Apple's (coremltools
# AvailableTarget aliases; visionOS has none there, its 1.0 reads what iOS 17 reads and 2.0 what iOS 18 reads).
SYSTEMS: Mapping[str, Mapping[str, str]] = {
    "iOS15": {"iOS": "15.0", "macOS": "12.0", "tvOS": "15.0", "visionOS": "1.0", "watchOS": "8.0"},
    "iOS16": {"iOS": "16.0", "macOS": "13.0", "tvOS": "16.0", "visionOS": "1.0", "watchOS": "9.0"},
    "iOS17": {"iOS": "17.0", "macOS": "14.0", "tvOS": "17.0", "visionOS": "1.0", "watchOS": "10.0"},
    "iOS18": {"iOS": "18.0", "macOS": "15.0", "tvOS": "18.0", "visionOS": "2.0", "watchOS": "11.0"},
    "iOS26": {"iOS": "26.0", "macOS": "26.0", "tvOS": "26.0", "visionOS": "26.0", "watchOS": "26.0"},
}
"""Deployment target -> oldest systems that run it; iOS 15 is the first that knows ML Programs."""


def minimum_os(options: LoweringOptions) -> Mapping[str, str]:
    """Oldest systems that run what `options` asks for, e.g. ``{"iOS": "18.0", ...}``.

    Raises:
        UsageError: `options.min_deployment_target` is none of `SYSTEMS`.
    """
    name = options.min_deployment_target
    if name not in SYSTEMS:
        raise UsageError(
            "--min-deployment-target",
            f"{name!r} is no system that runs ML Programs",
            f"use one of {', '.join(SYSTEMS)}",
        )
    return SYSTEMS[name]


def deployment_target(ct: Any, options: LoweringOptions) -> Any:
    """The member of ``coremltools.target`` that `options` names.

    Raises:
        UsageError: as `minimum_os`.
    """
    minimum_os(options)
    return ct.target[options.min_deployment_target]
