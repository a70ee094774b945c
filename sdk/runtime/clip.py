"""A whole clip through a session."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sdk.runtime.frame import Frame
from sdk.runtime.session import Session

CHUNK_SECONDS = 0.5
"""Of audio a push: small enough for a smooth progress bar; the frames do not depend on it."""


def frames_of(session: Session, pcm: NDArray[np.float32], rate: int) -> Iterator[Frame]:
    """All frames of a clip (N,): pushed in chunks of `CHUNK_SECONDS` and flushed, so that memory stays small."""
    chunk = max(1, int(rate * CHUNK_SECONDS))
    for first in range(0, len(pcm), chunk):
        session.push(pcm[first : first + chunk], rate)
        yield from session.poll()
    session.flush()
    yield from session.poll()
