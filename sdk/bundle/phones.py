"""When each phone of a stream's speech sounds: an optional part of a trace, so that errors can be told by sound.

In a trace's file, three entries that stand together or not at all:

    phone.start  (P,) I64  first sample of each phone on the 16 kHz clock
    phone.end    (P,) I64  the sample after its last
    phones                 text metadata: the P names joined by commas

Phones are in order, do not overlap and lie within the sound. Between them nobody speaks, or nobody has said what.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdk.bundle.errors import TraceError, shown
from sdk.spec import SAMPLE_RATE

START, END, NAMES = "phone.start", "phone.end", "phones"
LONGEST_NAME = 8
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Phones:
    """P phones of a stream, P at least 1.

    Attributes:
        start: (P,) first sample of each on the 16 kHz clock.
        end: (P,) the sample after its last.
        names: of each, in any alphabet; those of `sdk.parity.face.visemes` can be told by lip shape.
    """

    start: Integers
    end: Integers
    names: tuple[str, ...]

    def problem(self, samples: int) -> str | None:
        """What does not fit together, or with a sound of `samples` at 16 kHz; None when all does."""
        for name, times in ((START, self.start), (END, self.end)):
            if times.dtype != np.int64 or times.shape != (len(self.names),) or not times.size:
                return f"{name} is {times.dtype} {times.shape} for {len(self.names)} phones"
        for name in self.names:
            if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or set(name) & {",", " "}:
                return f"{shown(name)!r} is no name of a phone"
        if (self.start >= self.end).any() or (self.start[1:] < self.end[:-1]).any():
            return "phones are not in the order of their time"
        if self.start[0] < 0 or self.end[-1] > samples:
            return f"phones from sample {self.start[0]} to {self.end[-1]} are not within {samples} samples"
        return None

    def entries(self) -> tuple[dict[str, Integers], dict[str, str]]:
        """Tensors and text for a trace's file."""
        return {START: self.start, END: self.end}, {NAMES: ",".join(self.names)}

    @classmethod
    def taken(cls, tensors: MutableMapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> Phones | None:
        """Take the phones out of a file's tensors; None where it has none, or only a part of them.

        A part that is left makes the file one of unknown content.
        """
        if not {START, END} <= tensors.keys() or NAMES not in metadata:
            return None
        return cls(tensors.pop(START), tensors.pop(END), tuple(metadata[NAMES].split(",")))

    @classmethod
    def read_labels(cls, path: Path) -> Phones:
        """Phones of a label track as Audacity writes it: start and end in seconds and a name a line, tabs between.

        Raises:
            TraceError: the file cannot be read, or a line is something else.
        """
        mend = "give a line a phone: start and end in seconds and its name, with tabs between"
        try:
            rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
            times = np.array([[float(start), float(end)] for start, end, _ in rows]).reshape(-1, 2)
        except (OSError, ValueError) as error:
            raise TraceError(path, f"is no label track ({shown(str(error))})", mend) from error
        if not np.isfinite(times).all() or (np.abs(times) > 1e9).any():
            raise TraceError(path, "holds a time that is none", mend)
        start, end = np.rint(times.T * SAMPLE_RATE).astype(np.int64)
        phones = cls(start, end, tuple(name for _, _, name in rows))
        problem = phones.problem(int(end[-1])) if rows else "holds no phone"
        if problem:
            raise TraceError(path, problem, mend)
        return phones

    def within(self, samples: int) -> Phones | None:
        """The phones of the first `samples` at 16 kHz, the last perhaps cut; None when there is none."""
        count = int(np.searchsorted(self.start, samples))
        if not count:
            return None
        return Phones(self.start[:count], np.minimum(self.end[:count], samples), self.names[:count])

    def repeated(self, period: int, samples: int) -> Phones | None:
        """The phones of a sound of `period` samples at 16 kHz played again and again, up to sample `samples`."""
        times = max(1, -(-samples // max(period, 1)))
        start, end = (
            np.concatenate([each + turn * period for turn in range(times)]) for each in (self.start, self.end)
        )
        return Phones(start, end, self.names * times).within(samples)

    def at(self, sample: Integers) -> Integers:
        """Place (T,) of the phone that sounds at each sample (T,); -1 for none."""
        place = np.searchsorted(self.start, sample, side="right") - 1
        return np.where((place >= 0) & (sample < self.end[place]), place, -1)

    def runs(self) -> list[tuple[str, int, int]]:
        """Name, start and end of each phone."""
        return list(zip(self.names, self.start.tolist(), self.end.tolist(), strict=True))


def samples_at_16_khz(samples: int, rate: int) -> int:
    """Length of a sound on the 16 kHz clock, rounded up."""
    return -(-samples * SAMPLE_RATE // rate)
