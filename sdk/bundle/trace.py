"""A trace: what a session heard, when, and what it said, in one safetensors file that every language can write.

Layout of the file. Tensors:

    pcm         (N,) F32 or I16   samples as they were pushed, mono, at `sample_rate`
    chunks      (C,) I64          length of each push; they sum to N
    index       (T,) I64          index of each frame, increasing
    due_sample  (T,) I64          its due sample on the 16 kHz clock
    seconds     (T,) F32          time spent computing it
    digests     (T, leaves, 2) F32  state after the frame, see `sdk.bundle.digest`; leaves may be 0
    output.STAGE.NAME  (T, ...) F32  each recorded output of a frame stage
    signal.SIGNAL  (K,) I64       time of each value of a signal on the 16 kHz clock, not decreasing
    signal.SIGNAL.TENSOR  (K, ...) F32  the values
    seen_from.SIGNAL  (K,) I64    index of the first frame that could see each, not decreasing: a value that came late
                                  serves later frames than its time says. Left out when every value was there in time.
    phone.start, phone.end  (P,) I64  when each phone of the speech sounds; left out where that is not known. With the
                                  text `phones`, see `sdk.bundle.phones`.

Text metadata: ``format`` = ``nowface.trace.1``, ``sample_rate`` as decimal digits, ``digest_names`` = ``STAGE.NAME`` of
the leaves joined by commas, ``seed`` of the session's noise as decimal digits, left out when it had none. Every other
key is free text about the run (target, precision, device, ...).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.bundle.errors import TraceError, shown
from sdk.bundle.phones import NAMES, Phones, samples_at_16_khz
from sdk.bundle.tensors import read_tensors, write_tensors
from sdk.runtime.executor import Array

FORMAT = "nowface.trace.1"
MEND = "record the trace again with this version of the SDK"
_OUTPUT = "output."
_SIGNAL = "signal."
_SEEN_FROM = "seen_from."
_RESERVED = ("format", "sample_rate", "digest_names", "seed", NAMES)
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class SignalRows:
    """All values of one signal of a stream.

    Attributes:
        sample: (K,) time each was captured at, on the 16 kHz clock, not decreasing.
        tensors: name -> (K, ...) values.
        seen_from: (K,) index of the first frame that could see each, not decreasing: by its time, or later if frames
            had been computed without it when it came. None when every value was there in time.
    """

    sample: Integers
    tensors: Mapping[str, Array]
    seen_from: Integers | None = None


@dataclass(frozen=True)
class Trace:
    """One recorded stream of T frames.

    Attributes:
        pcm: (N,) samples as pushed, float32 in [-1, 1] or int16, mono.
        sample_rate: of `pcm`.
        chunks: (C,) length of each push; they sum to N.
        index: (T,) frame indices, increasing.
        due_sample: (T,) due samples on the 16 kHz clock.
        outputs: ``stage.output`` -> (T, ...) outputs of frame stages.
        digests: (T, leaves, 2) state digests after each frame.
        digest_names: ``stage.leaf`` of each leaf.
        seconds: (T,) compute time of each frame.
        signals: name -> what the app gave beside the sound.
        seed: of the noise, None for the likeliest choices.
        phones: when each phone of the speech sounds, None where that is not known.
        metadata: free text: target, precision, model, device, ...; the file's own keys are left out of it.
    """

    pcm: NDArray[np.float32] | NDArray[np.int16]
    sample_rate: int
    chunks: Integers
    index: Integers
    due_sample: Integers
    outputs: Mapping[str, Array]
    digests: Array
    digest_names: tuple[str, ...]
    seconds: Array
    signals: Mapping[str, SignalRows] = field(default_factory=dict)
    seed: int | None = None
    phones: Phones | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """T."""
        return self.index.size

    def save(self, path: Path | str) -> None:
        """Write the file described at the top of this module.

        Raises:
            OSError: it cannot be written.
        """
        problem = _problem(self)
        assert problem is None, problem
        tensors: dict[str, NDArray[np.generic]] = {
            "pcm": self.pcm,
            "chunks": self.chunks,
            "index": self.index,
            "due_sample": self.due_sample,
            "seconds": self.seconds,
            "digests": self.digests,
        }
        tensors |= {_OUTPUT + name: value for name, value in self.outputs.items()}
        text = {key: value for key, value in self.metadata.items() if key not in _RESERVED}
        for name, rows in self.signals.items():
            tensors[_SIGNAL + name] = rows.sample
            tensors |= {f"{_SIGNAL}{name}.{key}": value for key, value in rows.tensors.items()}
            tensors |= {} if rows.seen_from is None else {_SEEN_FROM + name: rows.seen_from}
        names = ",".join(self.digest_names)
        own = {"format": FORMAT, "sample_rate": str(self.sample_rate), "digest_names": names}
        own |= {} if self.seed is None else {"seed": str(self.seed)}
        if self.phones is not None:
            times, said = self.phones.entries()
            tensors |= times
            own |= said
        write_tensors(Path(path), tensors, text | own)

    @classmethod
    def load(cls, path: Path | str) -> Trace:
        """Read a trace that anyone may have written.

        Raises:
            TraceError: missing, damaged, of another format, or its tensors do not fit together.
        """
        path = Path(path)
        tensors, metadata = read_tensors(path, ("F32", "I16", "I64"), TraceError)
        if metadata.get("format") != FORMAT:
            raise TraceError(path, f"format {shown(metadata.get('format'))!r} is not {FORMAT}", MEND)
        rate = metadata.get("sample_rate", "")
        if not (rate.isascii() and rate.isdigit() and len(rate) <= 7):
            raise TraceError(path, f"sample rate {shown(rate)!r} is not a number", MEND)
        seed = metadata.get("seed")
        if seed is not None and not (seed.isascii() and seed.isdigit() and len(seed) <= 20):
            raise TraceError(path, f"seed {shown(seed)!r} is not a number of 64 bits", MEND)
        names = metadata.get("digest_names", "")
        signals = _signals(tensors)
        phones = Phones.taken(tensors, metadata)
        if phones is None and NAMES in metadata:
            raise TraceError(path, "names phones and does not say when they sound", MEND)
        outputs = {n.removeprefix(_OUTPUT): tensors.pop(n) for n in sorted(tensors) if n.startswith(_OUTPUT)}
        if set(tensors) != {"pcm", "chunks", "index", "due_sample", "seconds", "digests"}:
            raise TraceError(path, f"holds the tensors {shown(', '.join(sorted(tensors)))}", MEND)
        trace = cls(
            **tensors,  # type: ignore[arg-type]
            sample_rate=int(rate),
            outputs=outputs,  # type: ignore[arg-type]
            digest_names=tuple(names.split(",")) if names else (),
            signals=signals,
            seed=None if seed is None else int(seed),
            phones=phones,
            metadata={key: value for key, value in metadata.items() if key not in _RESERVED},
        )
        problem = _problem(trace)
        if problem:
            raise TraceError(path, problem, MEND)
        return trace


def _signals(tensors: dict[str, NDArray[Any]]) -> dict[str, SignalRows]:
    """Take the tensors of the signals out of `tensors`; those that belong to no signal stay."""
    rows = {}
    for key in [key for key in sorted(tensors) if key.startswith(_SIGNAL) and "." not in key.removeprefix(_SIGNAL)]:
        values = {name: tensors.pop(name) for name in sorted(tensors) if name.startswith(f"{key}.")}
        named = {name.removeprefix(f"{key}."): value for name, value in values.items()}
        signal = key.removeprefix(_SIGNAL)
        rows[signal] = SignalRows(tensors.pop(key), named, tensors.pop(_SEEN_FROM + signal, None))
    return rows


def _problem(trace: Trace) -> str | None:
    """What does not fit together, or None."""
    problem = _misformed(trace) or _misformed_beside(trace) or _out_of_order(trace)
    if problem or trace.phones is None:
        return problem
    return trace.phones.problem(samples_at_16_khz(len(trace.pcm), trace.sample_rate))


def _misformed(trace: Trace) -> str | None:
    float32, int16, int64 = np.dtype(np.float32), np.dtype(np.int16), np.dtype(np.int64)
    frames, leaves = trace.frames, len(trace.digest_names)
    per_frame: list[tuple[str, NDArray[Any], np.dtype[Any]]] = [
        ("index", trace.index, int64),
        ("due_sample", trace.due_sample, int64),
        ("seconds", trace.seconds, float32),
    ]
    for name, tensor, dtype in per_frame:
        if tensor.dtype != dtype or tensor.shape != (frames,):
            return f"{name} is {tensor.dtype} {tensor.shape} for {frames} frames"
    if trace.pcm.dtype not in (float32, int16) or trace.pcm.ndim != 1:
        return f"pcm is {trace.pcm.dtype} {trace.pcm.shape}"
    if trace.chunks.dtype != int64 or trace.chunks.ndim != 1:
        return f"chunks is {trace.chunks.dtype} {trace.chunks.shape}"
    if trace.digests.dtype != float32 or trace.digests.shape != (frames, leaves, 2):
        return f"digests is {trace.digests.dtype} {trace.digests.shape} for {frames} frames of {leaves} leaves"
    for name, tensor in trace.outputs.items():
        if tensor.dtype != float32 or tensor.shape[:1] != (frames,) or name.count(".") != 1:
            return f"output {shown(name)!r} is {tensor.dtype} {tensor.shape} for {frames} frames"
    return None


def _misformed_beside(trace: Trace) -> str | None:
    if trace.seed is not None and not 0 <= trace.seed < 2**64:
        return f"seed {trace.seed} is not a number of 64 bits"
    for name, rows in trace.signals.items():
        if not rows.tensors or not all(part and "." not in part for part in (name, *rows.tensors)):
            return f"signal {shown(name)!r} has the tensors {shown(', '.join(rows.tensors))!r}"
        if rows.sample.dtype != np.int64 or rows.sample.ndim != 1:
            return f"signal {shown(name)!r} is {rows.sample.dtype} {rows.sample.shape}"
        late = rows.seen_from
        if late is not None and (late.dtype != np.int64 or late.shape != rows.sample.shape):
            return f"seen_from of signal {shown(name)!r} is {late.dtype} {late.shape}"
        for key, tensor in rows.tensors.items():
            if tensor.dtype != np.float32 or tensor.shape[:1] != rows.sample.shape:
                return f"signal {shown(f'{name}.{key}')!r} is {tensor.dtype} {tensor.shape}"
    return None


def _out_of_order(trace: Trace) -> str | None:
    if len(set(trace.digest_names)) != len(trace.digest_names):
        return "a digest name stands twice"
    if not 1 <= trace.sample_rate <= 1_000_000:
        return f"sample rate {trace.sample_rate} is out of range"
    if (trace.chunks < 0).any() or sum(trace.chunks.tolist()) != len(trace.pcm):
        return f"chunks do not sum to the {len(trace.pcm)} samples"
    if not (_increasing(trace.index) and _increasing(trace.due_sample)):
        return "frames are not in increasing order"
    for name, rows in trace.signals.items():
        if not all(_not_decreasing(numbers) for numbers in (rows.sample, rows.seen_from) if numbers is not None):
            return f"signal {shown(name)!r} is not in the order of its time"
    return None


def _not_decreasing(numbers: Integers) -> bool:
    """From 0 or more."""
    return not len(numbers) or bool(numbers[0] >= 0 and (numbers[1:] >= numbers[:-1]).all())


def _increasing(numbers: Integers) -> bool:
    """Strictly increasing from 0 or more; compared, not subtracted, so that no difference overflows."""
    return not len(numbers) or bool(numbers[0] >= 0 and (numbers[1:] > numbers[:-1]).all())
