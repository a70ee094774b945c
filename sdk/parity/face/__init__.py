"""What an artefact's error costs on the face: pure functions over a reference's and a candidate's values.

`Face.of` says how values become millimetres, `face_figures` measures, `sdk.parity.face_bounds` judges. `lip_error_rms`
is the one figure that a budget is kept with.
"""

from __future__ import annotations

from sdk.parity.face.errors import lip_error_rms
from sdk.parity.face.face import Face, NoFace
from sdk.parity.face.figures import FaceFigures, FaceMotion, face_figures
from sdk.parity.face.view import View

__all__ = ["Face", "FaceFigures", "FaceMotion", "NoFace", "View", "face_figures", "lip_error_rms"]
