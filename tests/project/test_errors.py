"""Typed errors are the same in another process."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from sdk.audio.files import load_speech
from sdk.errors import AudioError, NowfaceError
from sdk.training.corpus.errors import RecordingError, SynthesiserError


def kinds(kind: type[NowfaceError] = NowfaceError) -> Iterator[type[NowfaceError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from kinds(each)


@pytest.mark.parametrize("kind", sorted({*kinds(), RecordingError, SynthesiserError}, key=lambda kind: kind.__name__))
def test_an_error_survives_pickling(kind: type[NowfaceError]) -> None:
    error = kind("speech.wav", "is empty", "give another")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (kind, "speech.wav: is empty; give another")
    assert (again.subject, again.problem, again.mend) == (error.subject, error.problem, error.mend)


def test_a_process_hands_its_error_over(tmp_path: Path) -> None:
    (tmp_path / "speech.wav").write_bytes(b"no sound")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        waiting = pool.submit(load_speech, tmp_path / "speech.wav")
        with pytest.raises(AudioError, match=r"speech\.wav"):
            waiting.result()
