"""Compare two traces of one stream: the same frames, at the same samples, with the same values and states.

Nothing is forgiven silently: whatever keeps two traces from being compared is itself a problem of the `Comparison`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sdk.bundle.errors import shown
from sdk.bundle.manifest import Tolerance
from sdk.bundle.trace import Integers, Trace
from sdk.parity.choices import (
    LABEL,
    agreements,
    choice_problems,
    first_divergence,
    is_motion,
    motion_deviation,
    motion_problems,
    moving,
    nonfinite_problems,
)
from sdk.parity.curves import curves
from sdk.parity.diagnosis import diagnose
from sdk.parity.digests import compare_digests
from sdk.parity.face.face import NoFace
from sdk.parity.face.figures import FaceFigures
from sdk.parity.face.view import Sound, View
from sdk.parity.face_bounds import face_problems
from sdk.parity.findings import (
    ChoiceAgreement,
    Comparison,
    Curve,
    MotionDeviation,
    Problem,
    value_problems,
)
from sdk.parity.heard import input_problems
from sdk.parity.metrics import TensorError, measure
from sdk.spec import TensorSpec


def compare(
    reference: Trace,
    candidate: Trace,
    tolerance: Tolerance,
    *,
    tensors: Mapping[str, TensorSpec] | None = None,
    view: View | None = None,
) -> Comparison:
    """Check that `candidate` is the stream that `reference` is.

    The two must have seen the same samples (in any chunks), given the same frame indices and due samples, outputs and
    state digests within `tolerance`, and no NaN or infinity. Values are compared over the frames both have.

    Args:
        reference: what the numbers should be, e.g. the bundle's test vectors.
        candidate: what they are.
        tolerance: how far they may be apart.
        tensors: specs of the outputs, ``stage.output`` -> spec, for units; without them units are unknown.
        view: what the app is shown; without it nothing is said of the face.
    """
    problems = input_problems(reference, candidate)
    problems += _frame_problems(reference, candidate)
    problems += _restart_problems(reference, candidate)
    common, ours, theirs = np.intersect1d(reference.index, candidate.index, return_indices=True)
    problems += _clock_problems(common, reference.due_sample[ours], candidate.due_sample[theirs])
    specs = tensors or {}
    choices = _choices(reference, candidate, ours, theirs, specs)
    problems += choice_problems(choices, tolerance, closed_loop=True)
    parted = first_divergence(choices)
    together = slice(None if parted is None else int(np.searchsorted(common, parted)))
    apart = slice(len(common) if parted is None else together.stop, None)
    outputs: list[TensorError] = []
    motion: list[MotionDeviation] = []
    for name, expected in sorted(reference.outputs.items()):
        got = candidate.outputs.get(name)
        if got is None:
            problems.append(Problem("missing", name, "the candidate has no such output"))
        elif got.shape[1:] != expected.shape[1:]:
            problems.append(Problem("shape", name, f"shape {got.shape[1:]}, the reference has {expected.shape[1:]}"))
        elif not np.isfinite(expected).all():
            problems.append(Problem("nonfinite", name, "the reference itself has NaN or infinite values"))
        elif len(common):
            spec = specs.get(name)
            problems += nonfinite_problems(name, got[theirs][apart], common[apart].tolist())
            if parted is not None and is_motion(spec) and np.isfinite(got).all():
                rows = moving(len(common), together.stop)
                motion.append(motion_deviation(name, expected[ours][rows], got[theirs][rows]))
            if (spec and spec.unit == LABEL) or not len(common[together]):
                continue
            error = measure(
                name,
                expected[ours][together],
                got[theirs][together],
                tolerance.max_abs_of_range,
                indices=common[together].tolist(),
                unit=spec.unit if spec else "1",
                vertices=is_vertices(expected.shape[1:], spec),
                # Of the few frames before they part the face may move in none.
                later=expected[ours][apart],
            )
            outputs.append(error)
            hint = diagnose(expected[ours][together], got[theirs][together])
            problems += value_problems(error, tolerance, hint=hint, cut_short=parted is not None)
    for name in sorted(candidate.outputs.keys() - reference.outputs.keys()):
        problems.append(Problem("missing", shown(name), "the reference has no such output"))
    if tolerance.label_agreement < 1:
        problems += motion_problems(motion, tolerance)
    parted_row = None if parted is None else together.stop
    face, drawn = _face(reference, candidate, (ours, theirs), parted=parted_row, view=view, specs=specs)
    if isinstance(face, FaceFigures):
        problems += face_problems(face, tolerance)
    states, state_problems = compare_digests(reference, candidate, ours[together], theirs[together], tolerance)
    return Comparison(
        tolerance,
        len(reference.index),
        tuple(outputs),
        states,
        (*problems, *state_problems),
        choices,
        tuple(motion),
        face if isinstance(face, FaceFigures) else None,
        face.reason if isinstance(face, NoFace) else "",
        drawn,
    )


def _face(
    reference: Trace,
    candidate: Trace,
    rows: tuple[Integers, Integers],
    *,
    parted: int | None,
    view: View | None,
    specs: Mapping[str, TensorSpec],
) -> tuple[FaceFigures | NoFace, tuple[Curve, ...]]:
    """Figures of the face over the rows that both traces have, and the curves to show."""
    if view is None:
        return NoFace(""), ()
    ours, theirs = rows
    pair = [trace.outputs.get(view.output) for trace in (reference, candidate)]
    if pair[0] is None or pair[1] is None or pair[0].shape[1:] != pair[1].shape[1:]:
        return NoFace(f"the traces have no {view.output} in common"), ()
    expected, got = pair[0][ours], pair[1][theirs]
    if not len(expected) or not np.isfinite(expected).all():
        return NoFace("the reference has no frame to compare with"), ()
    sound = Sound(reference.pcm, reference.sample_rate, reference.due_sample[ours], reference.phones)
    moves = moving(len(ours), len(ours) if parted is None else parted)
    unit = specs[view.output].unit if view.output in specs else "1"
    return view.figures(expected, got, sound, parted=parted, moving=moves), curves(expected, got, view, unit)


def _choices(
    reference: Trace, candidate: Trace, ours: Integers, theirs: Integers, specs: Mapping[str, TensorSpec]
) -> tuple[ChoiceAgreement, ...]:
    """Agreement of the outputs that are choices and that both traces hold in one shape."""
    names = [
        name
        for name, expected in sorted(reference.outputs.items())
        if name in specs
        and specs[name].unit == LABEL
        and name in candidate.outputs
        and candidate.outputs[name].shape[1:] == expected.shape[1:]
    ]
    expected, got = (
        {name: trace.outputs[name][rows] for name in names} for trace, rows in ((reference, ours), (candidate, theirs))
    )
    return agreements(expected, got, names, reference.index[ours].tolist())


def is_vertices(shape: Sequence[int], spec: TensorSpec | None) -> bool:
    """Whether a tensor holds points: (V, 3) in a unit of length or unknown unit."""
    return len(shape) == 2 and shape[1] == 3 and (spec is None or spec.unit != "1")


def _frame_problems(reference: Trace, candidate: Trace) -> list[Problem]:
    problems = []
    if len(candidate.index) != len(reference.index):
        message = f"{len(candidate.index)} frames, the reference has {len(reference.index)}"
        problems.append(Problem("frames", "index", message))
    missing = np.setdiff1d(reference.index, candidate.index)
    extra = np.setdiff1d(candidate.index, reference.index)
    for what, frames in (("missing", missing), ("extra", extra)):
        if len(frames):
            message = f"{len(frames)} {what} frames, first {int(frames[0])}"
            problems.append(Problem("frames", "index", message, int(frames[0])))
    unordered = np.flatnonzero(np.diff(candidate.index) <= 0)
    if len(unordered):
        row = int(unordered[0]) + 1
        message = f"frame {int(candidate.index[row])} comes after frame {int(candidate.index[row - 1])}"
        problems.append(Problem("frames", "index", message, int(candidate.index[row])))
    if not len(reference.index):
        problems.append(Problem("frames", "index", "the reference has no frames: nothing can be compared"))
    return problems


def _restart_problems(reference: Trace, candidate: Trace) -> list[Problem]:
    """A session heals itself of a non-finite value by starting anew; the traces tell how often."""
    ours, theirs = reference.metadata.get("restarts", "0"), candidate.metadata.get("restarts", "0")
    if ours == theirs:
        return []
    message = f"non-finite values restarted the state {theirs} times, the reference's {ours}"
    return [Problem("nonfinite", "restarts", message)]


def _clock_problems(common: Integers, reference: Integers, candidate: Integers) -> list[Problem]:
    differ = np.flatnonzero(reference != candidate)
    if not len(differ):
        return []
    row = int(differ[0])
    message = f"frame {int(common[row])} is due at {int(candidate[row])}, the reference says {int(reference[row])}"
    return [Problem("clock", "due_sample", f"{message} ({len(differ)} frames differ)", int(common[row]))]
