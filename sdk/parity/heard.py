"""Whether two traces are of one stream at all: the same sound, the same signals, the same seed."""

from __future__ import annotations

import numpy as np

from sdk.bundle.errors import shown
from sdk.bundle.trace import SignalRows, Trace
from sdk.parity.findings import Problem


def input_problems(reference: Trace, candidate: Trace) -> list[Problem]:
    """What the two streams were given differently."""
    problems = []
    if reference.sample_rate != candidate.sample_rate:
        message = f"{candidate.sample_rate} samples a second, the reference has {reference.sample_rate}"
        problems.append(Problem("input", "sample_rate", message))
    if len(reference.pcm) != len(candidate.pcm):
        message = f"{len(candidate.pcm)} samples were pushed, the reference has {len(reference.pcm)}"
        problems.append(Problem("input", "pcm", message))
    elif not np.array_equal(heard := reference.pcm, got := candidate.pcm, equal_nan=True):
        first = int(np.flatnonzero((heard != got) & ~(np.isnan(heard) & np.isnan(got)))[0])
        problems.append(Problem("input", "pcm", f"other audio than the reference's from sample {first}"))
    for who, trace in (("the reference", reference), ("the candidate", candidate)):
        if int(trace.chunks.sum()) != len(trace.pcm):
            message = f"{who}'s chunks hold {int(trace.chunks.sum())} of {len(trace.pcm)} samples"
            problems.append(Problem("input", "chunks", message))
    if reference.seed != candidate.seed:
        message = f"drawn with {_seed_text(candidate.seed)}, the reference with {_seed_text(reference.seed)}"
        problems.append(Problem("input", "seed", message))
    # A signal without a value is one that never came: some write it down, some leave it out.
    ours, theirs = ({n: rows for n, rows in t.signals.items() if len(rows.sample)} for t in (reference, candidate))
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs or not _same_rows(ours[name], theirs[name]):
            problems.append(Problem("input", f"signal {shown(name)}", "other values than the reference was given"))
    return problems


def _seed_text(seed: int | None) -> str:
    return "the likeliest choices" if seed is None else f"seed {seed}"


def _same_rows(expected: SignalRows, got: SignalRows) -> bool:
    return (
        np.array_equal(expected.sample, got.sample)
        and (expected.seen_from is None or got.seen_from is None or np.array_equal(expected.seen_from, got.seen_from))
        and expected.tensors.keys() == got.tensors.keys()
        and all(np.array_equal(value, got.tensors[key]) for key, value in expected.tensors.items())
    )
