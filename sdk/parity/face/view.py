"""What a pipeline shows of a face: which output, what it moves, and the names of its values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.bundle.errors import REEXPORT, WrongValueError, shown
from sdk.bundle.manifest import Manifest
from sdk.bundle.phones import Phones
from sdk.models.rig_stage import measured_on
from sdk.parity.face.face import Face, NoFace, rows
from sdk.parity.face.figures import FaceFigures, face_figures, face_motion
from sdk.parity.face.silence import silent_frames
from sdk.parity.face.sync import sync_figures
from sdk.spec import SAMPLE_RATE


@dataclass(frozen=True)
class Sound:
    """When frames are shown, and what is heard meanwhile.

    Attributes:
        pcm: (N,) samples.
        sample_rate: of `pcm`.
        due_sample: (T,) of the frames, on the 16 kHz clock.
        phones: what is said; None where that is not known.
    """

    pcm: NDArray[np.float32] | NDArray[np.int16]
    sample_rate: int
    due_sample: NDArray[np.int64]
    phones: Phones | None = None


@dataclass(frozen=True)
class View:
    """The values that an app is shown, or that they follow from.

    Attributes:
        output: ``stage.output`` of the values.
        face: what they move, or why nothing can be said of it.
        names: of the elements of the values, of a rig; empty for vertices.
    """

    output: str
    face: Face | NoFace
    names: tuple[str, ...] = ()

    @classmethod
    def by(cls, manifest: Manifest) -> View:
        """What the bundle of a manifest shows; where it shows a rig that is mapped inside the model, the model's own
        channels, which the rig's follow from.

        Raises:
            WrongValueError: the manifest tells of a rig that its pipeline does not have.
        """
        try:
            output, names = measured_on(manifest.model.config, manifest.pipeline.values, manifest.channels)
        except ValueError as error:
            raise WrongValueError("manifest.json", f"model.config: {shown(error)}", REEXPORT) from error
        made = {f"{stage.name}.{t.name}": t for stage in manifest.pipeline.stages for t in stage.outputs}
        if output not in made or (names and made[output].size != len(names)):
            raise WrongValueError("manifest.json", f"{shown(output)} is no output of {len(names)} channels", REEXPORT)
        return cls(output, Face.of(names, manifest.unit, made[output].shape), names)

    def figures(
        self,
        reference: ArrayLike,
        candidate: ArrayLike,
        sound: Sound,
        *,
        parted: int | None = None,
        moving: slice = slice(0),
    ) -> FaceFigures | NoFace:
        """Measure a stream of values (T, ...), T as in `sound`.

        Args:
            reference: finite.
            candidate: of the same shape; where it is not finite there are no figures.
            sound: that they were made of.
            parted: first row whose choice differs: rows from it on are another sequence, and not held against another.
            moving: rows whose motion is told instead.
        """
        if isinstance(self.face, NoFace):
            return self.face
        expected, got = np.asarray(reference), np.asarray(candidate)
        if not np.isfinite(got).all():
            return NoFace("a value is not finite")
        together = slice(0, len(expected) if parted is None else parted)
        if not len(expected[together]):
            return NoFace("no frame came before the first other choice" if parted == 0 else "there is no frame")
        due, after = sound.due_sample, None
        if parted is not None:
            after = face_motion(expected[moving], got[moving], self.face, due[moving] / SAMPLE_RATE)
        silent = silent_frames(sound.pcm, sound.sample_rate, due[together])
        return face_figures(
            expected[together],
            got[together],
            self.face,
            times=due[together] / SAMPLE_RATE,
            silent=silent,
            after=after,
            phones=sound.phones,
            sync=sync_figures(
                rows(expected[together]),
                rows(got[together]),
                self.names,
                pcm=sound.pcm,
                sample_rate=sound.sample_rate,
                due_sample=due[together],
            ),
        )
