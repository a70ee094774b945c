"""What one export will do: names on the command line resolved to table rows, before any work starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.targets.base import DEFAULT_TARGETS, Target, find_target
from sdk.audio.files import load_speech
from sdk.errors import AudioError, MissingDependencyError, NowfaceError, UsageError
from sdk.models.registry import StagedModel
from sdk.pretrained import SPEECH
from sdk.spec import SAMPLE_RATE

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg")


MIXED = "mixed"
ANCHOR = "fp32"
"""The precision that is never left out: where it fails, it is the target or the model that is wrong."""
EVERY = "all"
"""In the place of a precision: all of a target's but `MIXED`, which takes a while and is asked for by name."""


@dataclass(frozen=True)
class Job:
    """One target in one precision.

    Attributes:
        target: row of the table.
        precision: name.
        optional: asked for by `EVERY` alone, so that the export goes on without it where it fails.
    """

    target: Target
    precision: str
    optional: bool = False

    def may_fail_by(self, error: NowfaceError) -> bool:
        """Whether the export goes on without the job after `error`: not where a package that it needs is missing."""
        return self.optional and not isinstance(error, MissingDependencyError)


def plan_jobs(targets: Sequence[str], precisions: Sequence[str]) -> list[Job]:
    """Jobs in the order given.

    Args:
        targets: names; none for the default targets.
        precisions: names; none for each target's defaults, `EVERY` for all that each can do.

    Raises:
        TargetError: a target is unknown, or cannot do a precision; the message says why and what it can.
    """
    jobs = []
    for name in dict.fromkeys(targets or DEFAULT_TARGETS):
        target = find_target(name)
        chosen = list(precisions) or list(target.precisions[: target.default_precisions])
        if EVERY in chosen:
            chosen = [each for each in target.precisions if each != MIXED] + [each for each in chosen if each != EVERY]
        for precision in dict.fromkeys(chosen):
            target.check(precision)
            optional = EVERY in precisions and precision not in precisions and precision != ANCHOR
            jobs.append(Job(target, precision, optional))
    return jobs


def check_components(components: Sequence[str], staged: StagedModel) -> tuple[str, ...]:
    """The stages to lower alone, in the pipeline's order; empty when all.

    Raises:
        UsageError: a name is not a stage of the model.
    """
    stages = [stage.name for stage in staged.stages]
    for name in components:
        if name not in stages:
            raise UsageError(f"--components {name}", "no such stage", f"{staged.name} has {', '.join(stages)}")
    return tuple(name for name in stages if name in components)


def calibration_speech(folder: Path | None) -> NDArray[np.float32]:
    """Speech at 16 kHz that fixed statistics are measured on: the user's folder, or the sample that the SDK ships.

    Args:
        folder: WAV, FLAC and OGG files in it and below are joined in name order.

    Raises:
        AudioError: the folder is missing or holds no audio, or a file is unusable.
    """
    if folder is None:
        return load_speech(SPEECH)
    if not folder.is_dir():
        raise AudioError(f"--calibration {folder}", "is not a folder", "give a folder of WAV, FLAC or OGG speech")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    if not files:
        raise AudioError(f"--calibration {folder}", "holds no WAV, FLAC or OGG file", "give a folder of speech")
    pieces = [load_speech(path) for path in files]
    for path, piece in zip(files, pieces, strict=True):
        if not np.isfinite(piece).all():
            raise AudioError(path, "holds samples that are not finite", "remove it from the --calibration folder")
    speech = np.concatenate(pieces)
    if len(speech) < SAMPLE_RATE:
        raise AudioError(f"--calibration {folder}", "holds less than a second of audio", "give a folder of speech")
    if np.abs(speech).max() == 0:
        raise AudioError(f"--calibration {folder}", "is digital silence", "give a folder of speech")
    return speech
