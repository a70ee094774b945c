"""Speech of the Python package hibari-tts: a small neural voice distilled from Kokoro-82M's af_heart (Apache-2.0).

Its graph computes the length of each phoneme on the way; that tensor becomes one more output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sdk.audio.resample import resample
from sdk.training.corpus.closures import end_lip_closures_at_burst
from sdk.training.corpus.ipa import phone_of_misaki
from sdk.training.corpus.python_packages import installed_version
from sdk.training.corpus.sources.base import Line
from sdk.training.corpus.utterance import Speech
from sdk.training.phones import TimedPhone

LENGTHS = "/Clip_output_0"
"""Tensor of the graph, (1, phonemes): frames of each phoneme."""
LATENESS = 0.050
"""Seconds by which the lengths place every phone too late: measured as the distance from the start of /p b k/ to the
quietest point of their closures, against flite and Festival; the same at all paces and places in a sentence."""
_MARKS = ("ˈ", "ˌ", " ")
"""Letters with frames and no sound of their own."""


class HibariSource:
    """The model in this process, one thread.

    Raises:
        MissingSynthesiserError: hibari-tts, onnx or onnxruntime is not installed.
    """

    def __init__(self) -> None:
        self.versions()  # raises where a package is missing, as the next line
        installed_version("onnx")
        import hibari
        import onnx
        import onnxruntime

        self._voice: Any = hibari.Hibari()
        model = onnx.load(self._voice.model_path)
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(LENGTHS))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        self._session: Any = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=providers)

    def versions(self) -> dict[str, str]:
        """Versions of the voice and of what runs it."""
        return {
            "hibari-tts": installed_version("hibari-tts", "hibari"),
            "onnxruntime": installed_version("onnxruntime"),
        }

    def say(self, lines: Sequence[Line]) -> Iterator[Speech | None]:
        """Say the lines; pitch and liveliness are the voice's own."""
        for line in lines:
            noise = np.random.default_rng(line.seed)
            pieces: list[np.ndarray[Any, np.dtype[np.float32]]] = []
            phones: list[TimedPhone] = []
            at = 0.0
            for phonemes in self._voice.phonemize(line.text):
                pcm, lengths = self._sentence(phonemes, line.pace, noise)
                known = [letter for letter in phonemes if letter in self._voice.vocab]
                phones += _phones(["", *known, ""], lengths, at, len(pcm) / self._voice.sample_rate)
                pieces.append(pcm)
                at += len(pcm) / self._voice.sample_rate
            if not phones:
                yield None
                continue
            sound = resample(np.concatenate(pieces), self._voice.sample_rate)
            last = len(sound) / 16_000
            inside = tuple(TimedPhone(p.name, p.start, min(p.end, last)) for p in phones if p.start < last)
            yield end_lip_closures_at_burst(Speech(sound, inside))

    def _sentence(self, phonemes: str, pace: float, noise: np.random.Generator) -> tuple[Any, Any]:
        from hibari import dsp

        feed = {"ids": np.array([self._voice.ids(phonemes)], np.int64), "speed": np.array([pace], np.float32)}
        names = [output.name for output in self._session.get_outputs()]
        outputs = dict(zip(names, self._session.run(None, feed), strict=True))
        lengths = np.asarray(outputs.pop(LENGTHS), np.float64).reshape(-1)
        pcm = dsp.synth(*(value[0] for value in outputs.values()), noise)
        return np.asarray(pcm, np.float32), lengths


def _phones(letters: Sequence[str], lengths: Any, start: float, seconds: float) -> Iterator[TimedPhone]:
    """Phones of one sentence; the frames of a stress mark or a space that stands in a word go to the phone after it.

    Args:
        letters: one for each length; empty for the model's own marks at both ends.
        lengths: frames, (letters,).
        start: seconds, of the sentence.
        seconds: length of the sentence's sound, which the frames are scaled to.
    """
    assert len(letters) == len(lengths)
    edges = np.concatenate([[0.0], np.cumsum(lengths)]) * (seconds / lengths.sum())
    edges = start + np.maximum(edges - LATENESS, 0.0)
    begun: float | None = None
    pausing = False
    previous: TimedPhone | None = None
    for letter, first, last in zip(letters, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        name = phone_of_misaki(letter) if letter else None
        if name is not None:
            if previous is not None:
                yield previous
            previous = TimedPhone(name, first if begun is None else begun, last) if last > (begun or first) else None
            begun, pausing = None, False
        elif letter in _MARKS and not pausing:
            begun = first if begun is None else begun
        elif letter == "ː" and previous is not None:
            previous = TimedPhone(previous.name, previous.start, last)
        elif letter not in _MARKS:  # punctuation and the ends: a pause, to which the space after it belongs
            begun, pausing = None, True
    if previous is not None:
        yield previous
