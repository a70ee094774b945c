"""Test vectors know what is said in them, as far as they go."""

import numpy as np
import pytest

from export import vectors
from export.vectors import record_vectors
from sdk.audio.files import load_speech
from sdk.bundle.phones import Phones
from sdk.models.registry import BuildOptions
from sdk.pretrained import SPEECH, SPEECH_PHONES
from tests.toy import ENTRY


@pytest.fixture
def short(monkeypatch):
    """Vectors of two seconds, as a large face has them."""
    monkeypatch.setattr(vectors, "MAX_BYTES", 0)


def test_a_clip_that_is_cut_keeps_the_phones_that_are_in_it(short):
    staged, phones = ENTRY.build(BuildOptions()), Phones.read_labels(SPEECH_PHONES)
    trace = record_vectors(staged, load_speech(SPEECH), phones)
    assert len(trace.pcm) == 32_000
    assert trace.phones is not None
    count = len(trace.phones.names)
    assert trace.phones.names == phones.names[:count]
    np.testing.assert_array_equal(trace.phones.start, phones.start[:count])
    assert trace.phones.end[-1] == 32_000 < phones.end[count - 1]


def test_without_phones_there_are_none(short):
    staged = ENTRY.build(BuildOptions())
    assert record_vectors(staged, load_speech(SPEECH)).phones is None
    silent = Phones(np.array([40_000]), np.array([41_000]), ("m",))
    assert record_vectors(staged, load_speech(SPEECH), silent).phones is None
