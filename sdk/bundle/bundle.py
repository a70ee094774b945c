"""The bundle: a folder an app ships, opened, checked and turned into sessions."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from numpy.typing import ArrayLike

from sdk.bundle.errors import (
    MissingFileError,
    UnknownPrecisionError,
    UnknownTargetError,
    shown,
)
from sdk.bundle.manifest import Manifest, TargetRecord
from sdk.bundle.reading import read_manifest
from sdk.bundle.retarget_file import read_retarget
from sdk.bundle.tensors import read_floats, read_specified
from sdk.bundle.trace import Trace
from sdk.bundle.verify import check_files
from sdk.runtime.executor import Array, Executor, ExecutorSource, open_executor, own_session
from sdk.runtime.retarget import Retarget
from sdk.spec import PipelineSpec

if TYPE_CHECKING:
    from sdk.runtime import Session


@dataclass(frozen=True)
class Rig:
    """What the values of a frame are.

    Attributes:
        kind: ``vertices`` for (V, 3) positions, ``channels`` for named numbers.
        names: of the channels, in order; empty for vertices.
        shape: of a frame's values: (V, 3) or (channels,).
    """

    kind: Literal["vertices", "channels"]
    names: tuple[str, ...]
    shape: tuple[int, ...]


class Bundle:
    """An opened bundle. Use `open`; close it, or leave its ``with`` block, to free the loaded models.

    Opening checks the manifest, then that the folder holds the listed files with the listed sizes and SHA-256 and
    nothing else but what Unity's editor writes beside them, ``NAME.meta``; only then may a runtime read one. The folder
    must not change while the bundle is open. One bundle may be used from several threads; each session belongs to one.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._executors: dict[tuple[str, str], Executor] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path | str, *, verify: bool = True) -> Self:
        """Open the bundle in a folder.

        Args:
            path: the folder.
            verify: compare every file with its SHA-256. False skips only that: for a folder that an installer has
                already verified.

        Raises:
            BundleError: one class of `sdk.bundle.errors` for each defect.
        """
        folder = Path(path)
        manifest = read_manifest(folder)
        check_files(folder, manifest, hashes=verify)
        read_specified(folder / manifest.parameters, manifest.pipeline.parameters)
        return cls(folder, manifest)

    @property
    def pipeline(self) -> PipelineSpec:
        """Stages, tensors and clocks."""
        return self.manifest.pipeline

    @property
    def unit(self) -> str:
        """Unit of a frame's values, e.g. ``mm``."""
        return self.manifest.unit

    @property
    def rig(self) -> Rig:
        """Names and shape of a frame's values."""
        names = self.manifest.channels
        if names:
            return Rig("channels", names, (len(names),))
        return Rig("vertices", (), self.manifest.values.shape)

    def targets(self) -> list[tuple[str, str]]:
        """(target, precision) pairs that the bundle holds artefacts for, in the manifest's order."""
        return [(record.target, record.precision) for record in self.manifest.targets]

    def record(self, target: str, precision: str | None = None) -> TargetRecord:
        """The manifest's record of a target; without `precision` its first.

        Raises:
            UnknownTargetError, UnknownPrecisionError: the bundle does not hold it.
        """
        records = [record for record in self.manifest.targets if record.target == target]
        if not records:
            names = ", ".join(dict.fromkeys(record.target for record in self.manifest.targets)) or "none"
            raise UnknownTargetError(self.path, f"has no target {shown(target)!r}", f"it has {names}")
        for record in records:
            if precision in (None, record.precision):
                return record
        names = ", ".join(record.precision for record in records)
        raise UnknownPrecisionError(self.path, f"has no {target} in {shown(precision)!r}", f"it has {names}")

    def executor(self, target: str = "eager", precision: str | None = None) -> Executor:
        """The loaded model of a target. Loaded once and shared by all sessions; the bundle closes it.

        Raises:
            UnknownTargetError, UnknownPrecisionError: the bundle does not hold it.
            TargetError: this machine cannot run it.
            BundleError: an artefact is unusable.
        """
        record = self.record(target, precision)
        key = (record.target, record.precision)
        with self._lock:
            if key not in self._executors:
                source = ExecutorSource(
                    target=record.target,
                    precision=record.precision,
                    pipeline=self.pipeline,
                    files={stage: self.path / path for stage, path in record.artefacts.items()},
                    model=self.manifest.model.name,
                    config=self.manifest.model.config,
                )
                self._executors[key] = open_executor(source)
            return self._executors[key]

    def session(
        self,
        target: str = "eager",
        precision: str | None = None,
        parameters: Mapping[str, ArrayLike] | None = None,
        *,
        retarget: Retarget | Path | str | None = None,
        **options: Any,
    ) -> Session:
        """Start a stream.

        Args:
            target: what runs it: ``eager``, one of `targets`, or ``native`` for libnowface on the bundle's
                ``executorch`` programs, whose session has the same verbs (see docs/native.md).
            precision: None for the target's default.
            parameters: session parameters that replace the bundle's defaults, e.g. ``template`` (V, 3) in `unit`.
            retarget: what is done to the channels of a frame, or the JSON file that says it; None for nothing.
            options: of `sdk.runtime.Session`, e.g. ``queue_seconds`` or ``observer``.

        Raises:
            UsageError: a parameter is unknown, misshaped or not finite, or the retarget cannot be used.
            UnknownTargetError, UnknownPrecisionError, TargetError, BundleError: see `executor`.
        """
        from sdk.runtime import Session

        if isinstance(retarget, Path | str):
            retarget = read_retarget(retarget)
        merged: dict[str, ArrayLike] = {**self.parameters(), **(parameters or {})}
        if factory := own_session(target):
            session: Session = factory(self.path, self.pipeline, precision, merged, retarget=retarget, **options)
            return session
        executor = self.executor(target, precision)
        return Session(self.pipeline, executor, merged, retarget=retarget, channels=self.rig.names, **options)

    def parameters(self) -> dict[str, Array]:
        """Default of each session parameter, by name.

        Raises:
            TensorFileError: the file does not hold what the pipeline describes.
        """
        return read_specified(self.path / self.manifest.parameters, self.pipeline.parameters)

    def basis(self) -> dict[str, Array]:
        """Linear read-out as morph targets: ``basis`` (d, V, 3), ``offset`` (V, 3); empty if the model has none.

        Raises:
            TensorFileError: the file is unreadable, not float32 or not finite.
        """
        return read_floats(self.path / self.manifest.basis) if self.manifest.basis else {}

    def vectors(self) -> Trace:
        """The test vectors: a trace of the eager reference on real speech.

        Raises:
            MissingFileError: the bundle has none.
            TraceError: the file is not a trace.
        """
        if self.manifest.vectors is None:
            raise MissingFileError(self.path, "has no test vectors", "export it again with vectors")
        return Trace.load(self.path / self.manifest.vectors)

    def close(self) -> None:
        """Free the loaded models. Polling a session on them raises SessionError; a new session loads them again."""
        with self._lock:
            while self._executors:
                self._executors.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Bundle({str(self.path)!r}, model={self.manifest.model.name!r}, targets={self.targets()})"
