"""Writes a bundle: everything into a hidden sibling folder, the manifest last, then one rename.

A failed export therefore leaves no half bundle and does not touch the bundle that was there before.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors.torch import save
from torch import Tensor

from sdk.bundle import eager
from sdk.bundle.errors import REEXPORT, NotABundleError, WrongValueError, shown
from sdk.bundle.json_text import parse_object
from sdk.bundle.manifest import Json, Manifest, ModelRecord, TargetRecord
from sdk.bundle.paths import MANIFEST, meta_files, walk
from sdk.bundle.reading import parse_manifest
from sdk.bundle.tensors import write_tensors
from sdk.bundle.trace import Trace
from sdk.bundle.verify import file_record
from sdk.errors import BundleError, UsageError
from sdk.models.registry import StagedModel

WEIGHTS = "reference/weights.safetensors"
PARAMETERS = "parameters.safetensors"
BASIS = "basis.safetensors"
VECTORS = "vectors.safetensors"
CARD = "README.md"


class BundleWriter:
    """Builds the bundle of one staged model; use it as a ``with`` block, which removes what was not finished.

    The eager target, its weights, the parameters and the basis are written at once. Then, in any order: write
    artefacts at `artefact` and `add_target` them, `write_vectors`, `write_card`. `finish` hashes and publishes.

    Args:
        folder: where the bundle will be. An existing bundle there is replaced by `finish`, which keeps what Unity's
            editor wrote beside files that the new bundle has too.
        staged: the model.

    Raises:
        UsageError: `folder` holds something that no export wrote, or cannot be written.
    """

    def __init__(self, folder: Path | str, staged: StagedModel) -> None:
        self.folder = Path(folder).absolute()
        self._staged = staged
        self._targets: dict[tuple[str, str], TargetRecord] = {}
        _check_replaceable(self.folder)
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._temporary = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}.", dir=self.folder.parent))
        except OSError as error:
            raise UsageError(folder, f"cannot be written ({error.strerror})", "give another --output-dir") from error
        self.path = self._temporary / "bundle"
        self.path.mkdir()
        self._write_reference(staged.weights, staged.parameters, staged.basis)

    def artefact(self, target: str, precision: str, stage: str, suffix: str) -> Path:
        """Where to write one artefact; its folder exists, the file does not yet."""
        path = self.path / target / precision / f"{stage}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def relative(self, path: Path) -> str:
        """A path of `artefact` as the manifest names it."""
        return path.relative_to(self.path).as_posix()

    def add_target(self, record: TargetRecord) -> None:
        """Add a target, or replace the record of the same target and precision, e.g. to add what was measured."""
        self._targets[record.target, record.precision] = record

    def remove_target(self, target: str, precision: str) -> None:
        """Take out a target in a precision, its artefacts too; one that is not there is no mistake."""
        self._targets.pop((target, precision), None)
        shutil.rmtree(self.path / target / precision, ignore_errors=True)
        if (self.path / target).is_dir() and not any((self.path / target).iterdir()):
            (self.path / target).rmdir()

    def write_vectors(self, trace: Trace) -> None:
        """Write the test vectors: a trace of the eager executor."""
        trace.save(self.path / VECTORS)

    def write_card(self, markdown: str) -> None:
        """Write the model card, the bundle's README."""
        (self.path / CARD).write_text(markdown, encoding="utf-8")

    def draft(self) -> Path:
        """Make the unfinished folder a valid bundle, so that it can be opened and measured before `finish`."""
        self._write_manifest()
        return self.path

    def finish(self) -> Manifest:
        """Hash everything, write the manifest and put the bundle in place.

        Raises:
            BundleError: what was written does not make a valid bundle, e.g. a target lacks an artefact.
            OSError: the folder cannot be written.
        """
        manifest = self._write_manifest()
        self._keep_meta_files(manifest)
        before = self._temporary / "before"
        if self.folder.exists():
            self.folder.rename(before)
        try:
            self.path.rename(self.folder)
        except OSError:
            if before.exists():
                before.rename(self.folder)
            raise
        self.discard()
        return manifest

    def discard(self) -> None:
        """Remove what was written and not finished, and the bundle that was replaced."""
        shutil.rmtree(self._temporary, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _write_reference(
        self,
        weights: Mapping[str, Tensor],
        parameters: Mapping[str, NDArray[np.float32]],
        basis: Mapping[str, NDArray[np.float32]],
    ) -> None:
        (self.path / WEIGHTS).parent.mkdir()
        tensors = {name: tensor.detach().contiguous().clone() for name, tensor in weights.items()}
        (self.path / WEIGHTS).write_bytes(save(tensors))
        write_tensors(self.path / PARAMETERS, parameters, {})
        if basis:
            write_tensors(self.path / BASIS, basis, {})
        stages = [stage.name for stage in self._staged.pipeline.stages]
        self.add_target(
            TargetRecord(
                target=eager.TARGET,
                precision=eager.PRECISION,
                artefacts=dict.fromkeys(stages, WEIGHTS),
                tools={"torch": version("torch")},
            )
        )

    def _keep_meta_files(self, manifest: Manifest) -> None:
        # They hold the identifiers by which a Unity project refers to the files: new ones would break its references.
        for path in meta_files(file.path for file in manifest.files):
            if (self.folder / path).is_file() and not (self.path / path).exists():
                shutil.copyfile(self.folder / path, self.path / path)

    def _write_manifest(self) -> Manifest:
        staged, card = self._staged, self._staged.card
        paths = sorted(path for path, _ in walk(self.path) if path != MANIFEST)
        config: dict[str, Json] = dict(staged.config)
        try:
            manifest = Manifest(
                format_version=1,
                model=ModelRecord(
                    name=staged.name, title=card.title, licence=card.licence, trained=card.trained, config=config
                ),
                pipeline=staged.pipeline,
                unit=staged.unit,
                channels=staged.channels,
                files=tuple(file_record(self.path, path) for path in paths),
                targets=tuple(self._targets.values()),
                parameters=PARAMETERS,
                basis=BASIS if BASIS in paths else None,
                vectors=VECTORS if VECTORS in paths else None,
            )
        except ValidationError as error:
            raise WrongValueError(self.folder, shown(error.errors()[0]["msg"], 300), "mend the export") from error
        data = manifest.model_dump_json(indent=2).encode() + b"\n"
        manifest = parse_manifest(data, self.folder / MANIFEST)  # never write what the reader would refuse
        (self.path / MANIFEST).write_bytes(data)
        return manifest


def _check_replaceable(folder: Path) -> None:
    """Refuse a folder with anything in it that no export wrote, for `BundleWriter.finish` deletes what is there.

    ``manifest.json`` is a common name, so its presence alone proves nothing. A damaged bundle and one of another format
    version may be replaced, as long as its manifest still lists what the folder holds.

    Raises:
        UsageError: it is no bundle, holds a file that its manifest does not list, or cannot be read.
    """
    mend = "give another --output-dir or remove it"
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        held = {path for path, _ in walk(folder)} - {MANIFEST}
        listed = _listed(folder)
        foreign = sorted(held - listed - meta_files(listed))
    except (BundleError, OSError) as error:
        raise UsageError(folder, "exists and is not a bundle", mend) from error
    if foreign:
        raise UsageError(folder / shown(foreign[0]), "is not part of the bundle that would be replaced", mend)


def _listed(folder: Path) -> set[str]:
    """Files that a manifest lists, of whatever format version; `BundleError` if it is not one."""
    path = folder / MANIFEST
    manifest = parse_object(path.read_bytes(), path)
    try:
        return {file["path"] for file in manifest["files"]} if "format_version" in manifest else set()
    except (KeyError, TypeError) as error:
        raise NotABundleError(folder, f"its {MANIFEST} is another program's", REEXPORT) from error
