"""The face that belongs to timed phones, as a function of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.rigs.arkit import ARKIT_52
from sdk.spec import SAMPLE_RATE
from sdk.training.phones import LABIODENTALS, PHONE_INDEX, SILENCE, TimedPhone, are_in_order
from sdk.training.teacher.acoustics import closures, emphasis
from sdk.training.teacher.articulation import ARTICULATION, ARTICULATORS, GLIDE_AT, JAW
from sdk.training.teacher.dominance import Pulls, blend
from sdk.training.teacher.gestures import Gestures
from sdk.training.teacher.upper_face import blinks as draw_blinks
from sdk.training.teacher.upper_face import brows as draw_brows

Array = NDArray[np.float64]

JAW_RATE, LIP_RATE = 15.5, 12.0
"""Decay of dominance, 1/s: the lips reach further into their neighbours than the jaw."""
LABIODENTAL_JAW, LABIODENTAL_ROLL, LABIODENTAL_UPPER = 0.09, 0.5, 0.24
"""Face of /f v/: jaw nearly shut, lower lip rolled in under the teeth, upper lip out of their way."""
PRESS = 0.4
"""mouthPress in a closure: lips that meet are pressed, not only touching."""
OPENING_CHANNELS = tuple(ARTICULATORS.index(name) for name in ("funnel", "upper", "lower"))
"""Articulators that part the lips: a closure takes them away with the jaw's opening."""


@dataclass(frozen=True)
class Style:
    """How much this speaker moves: factors on the jaw's and the lips' movements.

    Jaw and lips vary apart from each other between ways of speaking (mumbled, enunciated): Edwards et al., JALI: an
    animator-centric viseme model for expressive lip synchronization, SIGGRAPH 2016.
    """

    jaw: float = 1.0
    lips: float = 1.0


@dataclass(frozen=True)
class MotionCurve:
    """A face over time, analytic: `weights` at any times samples one and the same curve.

    Attributes:
        closures: (start, end) in seconds in which the lips are shut, in order.
    """

    closures: tuple[tuple[float, float], ...]
    _jaw: Pulls
    _lips: Pulls
    _shut: Gestures
    _labiodental: Gestures
    _brows: Gestures
    _blinks: Gestures

    def weights(self, times: NDArray[np.floating]) -> NDArray[np.float32]:
        """Channel weights at `times`.

        Args:
            times: (T,) seconds from the first sample, in any order; before and after the speech the face is at rest.

        Returns:
            (T, 52) in [0, 1], in the order of `ARKIT_52`.
        """
        order = np.argsort(times, kind="stable")
        sorted_weights = self._increasing(np.asarray(times, np.float64)[order])
        weights = np.empty_like(sorted_weights)
        weights[order] = sorted_weights
        return weights

    def _increasing(self, times: Array) -> NDArray[np.float32]:
        shut, teeth = self._shut.at(times), self._labiodental.at(times)
        pose = np.concatenate([blend(self._jaw, times), blend(self._lips, times)], 1)
        contact = np.zeros(len(ARTICULATORS))
        contact[JAW], contact[ARTICULATORS.index("upper")] = LABIODENTAL_JAW, LABIODENTAL_UPPER
        pose += teeth[:, None] * (contact - pose)
        for column in OPENING_CHANNELS:
            pose[:, column] *= 1 - shut
        jaw, spread, pucker, funnel, upper, lower, tongue = np.clip(pose, 0, 1).T
        brow, lid = self._brows.at(times), self._blinks.at(times)
        channels = {
            "jawOpen": jaw,
            "mouthClose": shut * jaw,  # as the capture defines it: closes exactly what the jaw opened
            "mouthPucker": pucker,
            "mouthFunnel": funnel,
            "tongueOut": tongue * (1 - shut),
            "mouthRollLower": LABIODENTAL_ROLL * teeth * (1 - shut),
            "browInnerUp": brow,
        } | {
            f"{name}{side}": values
            for side in ("Left", "Right")
            for name, values in {
                "mouthStretch": 0.6 * spread,
                "mouthSmile": 0.5 * spread,
                "mouthUpperUp": upper,
                "mouthLowerDown": lower,
                "mouthPress": PRESS * shut,
                "browOuterUp": 0.6 * brow,
                "eyeBlink": lid,
            }.items()
        }
        out = np.zeros((len(times), len(ARKIT_52)), np.float32)
        for name, values in channels.items():
            out[:, ARKIT_52.index(name)] = values
        return out


def motion_curve(
    phones: Sequence[TimedPhone],
    pcm: NDArray[np.float32],
    seed: int,
    *,
    style: Style | None = None,
    blinks: bool = False,
) -> MotionCurve:
    """The face that says `phones`.

    Args:
        phones: in order, not overlapping; gaps between them, before and after are silence. May be empty.
        pcm: (N,) what is heard, 16 kHz in [-1, 1]: sets how strongly vowels are spoken and where stops burst.
        seed: of the brows and blinks; the same seed gives the same curve.
        style: how much the speaker moves; None for the plain speaker.
        blinks: whether the eyes blink. Blinks cannot be heard: leave them out of what a model is to learn from sound.

    Raises:
        ValueError: phones overlap, or `pcm` is not one line of finite samples.
    """
    if not are_in_order(phones):
        raise ValueError("phones overlap or are not in order")
    if pcm.ndim != 1 or not np.isfinite(pcm).all():
        raise ValueError("pcm is not one line of finite samples")
    style = style or Style()
    amplitude, prominence = emphasis(phones, pcm)
    shut = closures(phones, pcm)
    labiodental = [(phone.start, phone.end) for phone in phones if phone.name in LABIODENTALS]
    brow_rng, blink_rng = (np.random.default_rng([seed, stream]) for stream in range(2))
    seconds = max(len(pcm) / SAMPLE_RATE, phones[-1].end if phones else 0.0)
    jaw, lips = _pulls(phones, amplitude, style)
    return MotionCurve(
        closures=tuple(shut),
        _jaw=jaw,
        _lips=lips,
        _shut=Gestures.contacts(shut),
        _labiodental=Gestures.contacts(labiodental),
        _brows=draw_brows(phones, prominence, brow_rng),
        _blinks=draw_blinks(phones, seconds, blink_rng) if blinks else Gestures.contacts([]),
    )


def _pulls(phones: Sequence[TimedPhone], amplitude: Array, style: Style) -> tuple[Pulls, Pulls]:
    """Phones as pulls on the jaw and on the lips: silences fill the gaps, diphthongs become two vowels."""
    rows: list[tuple[int, float, float, float]] = []  # class, start, end, amplitude
    silence, until = PHONE_INDEX[SILENCE], -np.inf
    for phone, strength in zip(phones, amplitude, strict=True):
        if phone.start > until:
            rows.append((silence, until, phone.start, 1.0))
        row = PHONE_INDEX[phone.name]
        second = int(ARTICULATION.second[row])
        middle = phone.start + GLIDE_AT * phone.seconds if second != row else phone.end
        rows.append((row, phone.start, middle, strength))
        if second != row:
            rows.append((second, middle, phone.end, strength))
        until = phone.end
    rows.append((silence, until, np.inf, 1.0))
    kind, start, end, strength = (np.array(column) for column in zip(*rows, strict=True))
    targets = ARTICULATION.targets[kind] * strength[:, None]
    jaw = Pulls(start, end, targets[:, :1] * style.jaw, ARTICULATION.dominance[kind, 0], JAW_RATE)
    lips = Pulls(start, end, targets[:, 1:] * style.lips, ARTICULATION.dominance[kind, 1], LIP_RATE)
    return jaw, lips
