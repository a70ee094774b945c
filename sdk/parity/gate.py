"""The gate: every target of a bundle, in every mode, against the eager reference. Exact about what it did not check."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sdk import __version__
from sdk.bundle.errors import UnknownPrecisionError, shown
from sdk.bundle.manifest import Tolerance
from sdk.bundle.phones import Phones
from sdk.bundle.trace import Trace
from sdk.errors import BundleError, TargetError, UsageError
from sdk.parity.beside import Beside
from sdk.parity.cases import Case, CaseKey, Mode, ParityReport
from sdk.parity.comparison import compare
from sdk.parity.face.view import View
from sdk.parity.findings import Comparison, Problem
from sdk.parity.replay import closed_loop, repeat_audio
from sdk.parity.teacher import teacher_forced
from sdk.parity.tolerances import TOLERANCES, tolerance_for
from sdk.spec import SAMPLE_RATE, TensorSpec

if TYPE_CHECKING:
    from sdk.bundle import Bundle

__all__ = ["Case", "CaseKey", "Gate", "ParityReport", "check_bundle"]
REFERENCE = "eager"


OnProgress = Callable[[CaseKey, int, int], None]
"""Told of each frame: the case, frames done, frames in all."""


def check_bundle(
    bundle: Bundle,
    targets: Sequence[str] | None = None,
    device_trace: Trace | None = None,
    frames: int | None = None,
    *,
    precision: str | None = None,
    on_progress: OnProgress | None = None,
) -> ParityReport:
    """Check a bundle against its eager reference.

    Args:
        bundle: with test vectors.
        targets: only these; None for all, or for none but the device's when there is a `device_trace`.
        device_trace: recorded elsewhere with the bundle's default parameters; compared with the eager reference run on
            the trace's own audio and chunks.
        frames: closed-loop frames to replay, the vectors' audio repeated; None for the vectors as they are.
        precision: only this one.
        on_progress: told of each frame.

    Raises:
        BundleError: no vectors, or no such target in the bundle.
        UsageError: `frames` is below 1.
    """
    gate = Gate(bundle, frames=frames, device_trace=device_trace, on_progress=on_progress)
    cases = tuple(gate.check(key) for key in gate.keys(targets, precision))
    held = bundle.manifest
    sizes = {(record.target, record.precision): held.artefact_bytes(record) for record in held.targets}
    return ParityReport(str(bundle.path), bundle.manifest.model.name, __version__, platform.platform(), cases, sizes)


class Gate:
    """Checks one case at a time; the reference is computed once. See `check_bundle`."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        frames: int | None = None,
        device_trace: Trace | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        if frames is not None and frames < 1:
            raise UsageError("--frames", f"{frames} is below 1", "give a number of frames, e.g. 1000")
        self.bundle = bundle
        self._frames = frames
        self._device_trace = device_trace
        self._on_progress = on_progress

    def keys(self, targets: Sequence[str] | None = None, precision: str | None = None) -> list[CaseKey]:
        """The cases to check.

        Raises:
            BundleError: the bundle has no such target or precision.
        """
        keys: list[CaseKey] = []
        if self._device_trace is not None:
            said = self._device_trace.metadata
            name, kind = shown(said.get("target", "unknown"), 40), shown(said.get("precision", "unknown"), 40)
            keys.append(CaseKey(name, kind, "device", requested=True))
        for target in targets or ():
            self.bundle.record(target, precision)
        for target, held in self.bundle.targets():
            wanted = target in targets if targets else self._device_trace is None
            if wanted and precision in (None, held):
                modes: tuple[Mode, ...] = ("closed_loop",) if target == REFERENCE else ("teacher_forced", "closed_loop")
                keys += [CaseKey(target, held, mode, requested=bool(targets)) for mode in modes]
        if not keys:
            names = ", ".join(dict.fromkeys(held for _, held in self.bundle.targets()))
            raise UnknownPrecisionError(self.bundle.path, f"has no target in {shown(precision)!r}", f"it has {names}")
        return keys

    def check(self, key: CaseKey) -> Case:
        """Run one case. Whatever keeps it from running is told in the case, never raised, save a broken bundle.

        Raises:
            BundleError: the bundle has no vectors, or the reference itself is damaged.
        """
        try:
            return self._check_device(key) if key.mode == "device" else self._check_target(key)
        except (TargetError, UsageError) as error:
            # A runtime speaks of a file of the bundle when the file is at fault, not the machine.
            if error.subject.startswith(str(self.bundle.path)):
                return self._crashed(key, error)
            return Case(key, None, not_run=f"{error.subject}: {error.problem}; {error.mend}")
        except BundleError:
            raise
        except Exception as error:  # noqa: BLE001
            # Foreign runtimes raise what they like, and a target that crashes is a target that fails.
            return self._crashed(key, error)

    def _check_target(self, key: CaseKey) -> Case:
        tolerance = self._tolerance(key)
        # Opened before the reference runs: a target that this machine lacks is known at once.
        self.bundle.executor(key.target, key.precision)
        vectors = self._vectors
        if key.mode == "teacher_forced":
            comparison = teacher_forced(
                self.bundle,
                key.target,
                key.precision,
                vectors.pcm,
                vectors.chunks,
                tolerance=tolerance,
                sample_rate=vectors.sample_rate,
                beside=Beside.of(vectors),
                phones=vectors.phones,
                on_frame=self._on_frame(key, vectors.frames),
            )
            return Case(key, comparison)
        if key.target == REFERENCE:
            return _drifted(self._compared(key, vectors, self._replay(key, vectors), tolerance))
        return self._compared(key, self._reference, self._replay(key, self._reference), tolerance)

    def _check_device(self, key: CaseKey) -> Case:
        trace = self._device_trace
        assert trace is not None, "no device trace was given"
        model = trace.metadata.get("model", self.bundle.manifest.model.name)
        if model != self.bundle.manifest.model.name:
            message = f"recorded with model {shown(model, 40)}, the bundle holds {self.bundle.manifest.model.name}"
            return Case(key, failed(self._tolerance(key), Problem("input", "model", message)), metadata=trace.metadata)
        return self._compared(key, self._reference_for(trace, key), trace, self._tolerance(key))

    def _compared(self, key: CaseKey, reference: Trace, candidate: Trace, tolerance: Tolerance) -> Case:
        comparison = compare(reference, candidate, tolerance, tensors=self._tensors, view=self._view)
        frame_ms = float(np.median(candidate.seconds)) * 1e3 if candidate.frames else None
        return Case(key, comparison, frame_ms=frame_ms, metadata=candidate.metadata)

    def _crashed(self, key: CaseKey, error: Exception) -> Case:
        message = " ".join(f"{type(error).__name__}: {error}".split())
        return Case(key, failed(self._tolerance(key), Problem("run", key.target, shown(message, 400))))

    def _replay(self, key: CaseKey, like: Trace) -> Trace:
        """The target's own trace on the audio and chunks of another."""
        return closed_loop(
            self.bundle,
            key.target,
            key.precision,
            like.pcm,
            like.chunks,
            sample_rate=like.sample_rate,
            beside=Beside.of(like),
            on_frame=self._on_frame(key, like.frames),
        )

    def _reference_for(self, trace: Trace, key: CaseKey) -> Trace:
        """The eager trace on a device's audio; the vectors if they are of that audio and eager cannot run here."""
        try:
            self.bundle.executor(REFERENCE)
        except (TargetError, UsageError):
            if self.bundle.manifest.vectors and np.array_equal(self._vectors.pcm, trace.pcm):
                return self._vectors
            raise
        reference = closed_loop(
            self.bundle,
            REFERENCE,
            None,
            trace.pcm,
            trace.chunks,
            sample_rate=trace.sample_rate,
            beside=Beside.of(trace),
            on_frame=self._on_frame(key, trace.frames),
        )
        return replace(reference, phones=self._phones_of(trace))

    def _phones_of(self, trace: Trace) -> Phones | None:
        """What is said in a device's audio: by the trace itself, or by the vectors where it is their audio."""
        if trace.phones or not self.bundle.manifest.vectors or not np.array_equal(self._vectors.pcm, trace.pcm):
            return trace.phones
        return self._vectors.phones

    def _on_frame(self, key: CaseKey, total: int) -> Callable[[int], None] | None:
        tell = self._on_progress
        return (lambda done: tell(key, done, total)) if tell else None

    def _tolerance(self, key: CaseKey) -> Tolerance:
        """What the export demanded of this target; else the table's; a device of unknown precision is held to fp32."""
        for record in self.bundle.manifest.targets:
            if (record.target, record.precision) == (key.target, key.precision) and record.tolerance:
                return record.tolerance
        return tolerance_for(key.precision if key.mode != "device" or key.precision in TOLERANCES else "fp32")

    @cached_property
    def _tensors(self) -> dict[str, TensorSpec]:
        return {f"{stage.name}.{t.name}": t for stage in self.bundle.pipeline.stages for t in stage.outputs}

    @cached_property
    def _view(self) -> View:
        return View.by(self.bundle.manifest)

    @cached_property
    def _vectors(self) -> Trace:
        return self.bundle.vectors()

    @cached_property
    def _reference(self) -> Trace:
        """The eager trace that targets are compared with in closed loop."""
        vectors = self._vectors
        if self._frames is None:
            return vectors
        pcm, chunks = repeat_audio(vectors, self._frames, self.bundle.pipeline)
        rate = vectors.sample_rate
        period, end = (len(heard) * SAMPLE_RATE // rate for heard in (vectors.pcm, pcm))
        beside = Beside.of(vectors).repeated(period, end)
        trace = closed_loop(self.bundle, REFERENCE, None, pcm, chunks, sample_rate=rate, beside=beside)
        return replace(trace, phones=vectors.phones and vectors.phones.repeated(period, end))


def _drifted(case: Case) -> Case:
    """Say what it means when the reference no longer gives its own vectors."""
    found = case.comparison
    if found is None or found.passed:
        return case
    message = "the model's code or PyTorch computes something else than when the bundle was exported: export it again"
    problems = (Problem("output", REFERENCE, message, found.first_bad_step), *found.problems)
    return replace(case, comparison=replace(found, problems=problems))


def failed(tolerance: Tolerance, problem: Problem) -> Comparison:
    """A comparison that found nothing but one problem."""
    return Comparison(tolerance, 0, (), (), (problem,))
