"""The whole API in one screen: stream a speech file through a bundle as a microphone would, and watch the mouth move.

::

    python -m export                                     # writes build/faceformer
    python samples/quickstart.py build/faceformer speech.wav [executorch|onnx|coreml|eager]
"""

from __future__ import annotations

import sys

import numpy as np

import sdk
from sdk.audio.files import load_speech


def main(folder: str, speech: str, target: str = "eager") -> None:
    """Print how far the face has moved in each frame."""
    pcm = load_speech(speech)  # (N,) float32 at 16 kHz
    with sdk.Bundle.open(folder) as bundle, bundle.session(target) as session:
        rest = None
        for start in range(0, len(pcm), 160):  # 10 ms at a time, as an audio callback gives them
            session.push(pcm[start : start + 160])
            for frame in session.poll():  # values: (V, 3) in bundle.unit, or (channels,) named by bundle.rig.names
                rest = frame.values if rest is None else rest
                moved = np.abs(frame.values - rest)
                what = bundle.rig.names[moved.argmax()] if bundle.rig.names else bundle.unit
                print(f"frame {frame.index:4d} at sample {frame.due_sample:7d}: moved {moved.max():.3f} {what}")
        session.flush()  # the last frame, if the clip ends inside it
        print(f"{len(list(session.poll()))} more at the end; {session.report}")


if __name__ == "__main__":
    main(*sys.argv[1:])
