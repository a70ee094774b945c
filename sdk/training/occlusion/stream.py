"""A tracked face through a session of any bundle that takes one, frame by frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sdk.audio.clock import SampleClock
from sdk.errors import UsageError
from sdk.runtime import Session
from sdk.spec import PipelineSpec, SignalSpec

Floats = NDArray[np.float32]
EXPRESSION, CONFIDENCE = "expression", "confidence"


def tracking_signal(pipeline: PipelineSpec, subject: object) -> SignalSpec:
    """The signal of a pipeline that takes a tracked face with a confidence for each of its regions.

    Raises:
        UsageError: there is none.
    """
    for signal in pipeline.signals:
        if {tensor.name for tensor in signal.tensors} == {EXPRESSION, CONFIDENCE}:
            return signal
    raise UsageError(subject, "takes no tracked face", "export a model with tracking")


def follow(open_session: Callable[[], Session], pcm: Floats, faces: Floats, confidence: Floats) -> Floats:
    """What a session shows of a clip whose face is tracked.

    Args:
        open_session: gives a new session.
        pcm: (N,) at 16 kHz.
        faces: (T, C) weights that the tracker sees at the frames' due times.
        confidence: (T, R) in [0, 1]; rows of zeros are not pushed at all, as by a tracker that lost the face.

    Returns:
        (T, C), T the frames due within the clip or fewer.
    """
    with open_session() as session:
        signal = tracking_signal(session.pipeline, "session")
        shapes = {tensor.name: tensor.shape for tensor in signal.tensors}
        clock = SampleClock.of(session.pipeline)
        shown: list[Floats] = []
        at = 0
        for frame in range(min(len(faces), clock.frames_ready(len(pcm)))):
            due = clock.due(frame)
            if confidence[frame].any():
                values = {
                    EXPRESSION: faces[frame].reshape(shapes[EXPRESSION]),
                    CONFIDENCE: confidence[frame].reshape(shapes[CONFIDENCE]),
                }
                session.push_signal(signal.name, values, sample=due)
            end = due + clock.lookahead_samples
            session.push(pcm[at:end])
            at = end
            shown += [each.values for each in session.poll()]
    return np.stack(shown) if shown else np.zeros((0, faces.shape[1]), np.float32)
