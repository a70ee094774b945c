"""Retargeting at run time: the channels of a frame fitted to an avatar, after the model and beside its proof.

What a `Retarget` says is done to each channel of a frame, in float32, every operation rounded by itself::

    goal  = limited(finite(value) * gain + offset)
    shown = limited(before + pole * (goal - before))        only with smoothing, and not for the first frame

``finite`` makes 0 of NaN and infinities. ``gain`` is the channel's own, times the strengths of the knobs that name it,
in the order of the knobs' names. ``before`` is what was shown the frame before. ``pole`` is
``1 - exp(-elapsed / smoothing)`` in float64, rounded to float32, with ``elapsed`` the time since that frame: a one-pole
low-pass whose course does not depend on the frame rate. Closer to its goal than `ARRIVED` it is there. No operation may
be fused with another: then the C core and the web package give the same bits.

Only smoothing delays: by `smoothing_delay_ms`. Limits hold last and always.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from sdk.errors import UsageError
from sdk.runtime.executor import Array
from sdk.spec import LARGEST_HALF, FrameRate, Name, Record

MOST_STRENGTH = 2.0
MOST_KNOBS = 16
ARRIVED = np.float32(2**-20)
"""Closer to its goal than this a smoothed channel takes it: a rest is reached, and no number becomes subnormal."""
_LARGEST = float(np.finfo(np.float32).max)

Number = Annotated[float, Field(ge=-LARGEST_HALF, le=LARGEST_HALF, allow_inf_nan=False)]
Strength = Annotated[float, Field(ge=0, le=MOST_STRENGTH, allow_inf_nan=False)]


class ChannelRule(Record):
    """What is done to a channel. Without any key it stays as it is.

    Attributes:
        gain: factor, -16 to 16.
        offset: added after the gain, in the channel's unit.
        low: smallest value shown; None for none.
        high: largest value shown; None for none.
        smoothing_ms: time constant of the low-pass, the time in which 63 % of a step is made; 0 for none.
    """

    gain: Annotated[float, Field(ge=-16, le=16, allow_inf_nan=False)] = 1.0
    offset: Number = 0.0
    low: Number | None = None
    high: Number | None = None
    smoothing_ms: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class Knob(Record):
    """A strength that an app can turn at any time: it scales the channels it names, without any delay.

    Attributes:
        strength: 0 to 2; 1 changes nothing.
        channels: scaled by the strength.
        closing: scaled by the strength where it is above 1, and left alone below. Channels that shut the mouth stand
            here, so that no strength takes away what closes the lips of a /p b m/.
    """

    strength: Strength = 1.0
    channels: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = (*self.channels, *self.closing)
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"channel {twice!r} stands twice in one knob")
        return self


class Retarget(Record):
    """How frames are fitted to an avatar. `sdk.bundle.read_retarget` reads it from a JSON file of the same keys.

    Attributes:
        format_version: of this layout; readers refuse any other.
        channels: channel -> what is done to it.
        other_channels: what is done to channels that `channels` does not name.
        knobs: knob -> strength and channels, such as ``jaw`` and ``lips``. A channel may be in several.
    """

    format_version: Literal[1] = 1
    channels: dict[str, ChannelRule] = Field(default_factory=dict)
    other_channels: ChannelRule = ChannelRule()
    knobs: Annotated[dict[Name, Knob], Field(max_length=MOST_KNOBS)] = Field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RetargetPlan:
    """A `Retarget` for the channels and the frame rate of one bundle.

    Attributes:
        retarget: what it was made of, with the knobs as they stand now.
        channels: names, in the order of a frame's values.
        frame_rate: of the bundle.
        gain, offset, low, high: (channels,) float32; `gain` with the knobs in it.
        pole: (channels,) float32 for one frame's time; 1 without smoothing.
    """

    retarget: Retarget
    channels: tuple[str, ...]
    frame_rate: FrameRate
    gain: Array
    offset: Array
    low: Array
    high: Array
    pole: Array


@dataclass(frozen=True, eq=False)
class RetargetState:
    """What was shown last: the number of the frame, -1 before the first, and its values (channels,)."""

    frame: int = -1
    values: Array | None = None


def plan_retarget(retarget: Retarget, channels: Sequence[str], frame_rate: FrameRate) -> RetargetPlan:
    """Work out what a retarget does to frames with these channels.

    Raises:
        UsageError: frames have no channels, or none of a name that the retarget gives.
    """
    if not channels:
        raise UsageError("retarget", "frames are vertices, not named channels", "retarget a model that drives a rig")
    for knob in retarget.knobs.values():
        _check_known((*knob.channels, *knob.closing), channels)
    _check_known(retarget.channels, channels)
    rules = [retarget.channels.get(name, retarget.other_channels) for name in channels]
    return RetargetPlan(
        retarget=retarget,
        channels=tuple(channels),
        frame_rate=frame_rate,
        gain=_gains(retarget, channels),
        # Adding -0 changes no number, and 0 would change -0.
        offset=np.array([rule.offset or -0.0 for rule in rules], np.float32),
        low=np.array([-_LARGEST if rule.low is None else rule.low for rule in rules], np.float32),
        high=np.array([_LARGEST if rule.high is None else rule.high for rule in rules], np.float32),
        pole=_poles(rules, frame_rate, 1),
    )


def with_strength(plan: RetargetPlan, knob: str, strength: float) -> RetargetPlan:
    """The plan with one knob turned.

    Raises:
        UsageError: there is no such knob, or the strength is not within 0 and 2.
    """
    knobs = plan.retarget.knobs
    if knob not in knobs:
        raise UsageError(f"knob {knob}", "the retarget has no such knob", f"it has {', '.join(knobs) or 'none'}")
    if not 0 <= strength <= MOST_STRENGTH:
        raise UsageError(f"knob {knob}", f"strength {strength} is not within 0 and 2", "1 changes nothing")
    turned = {**knobs, knob: knobs[knob].model_copy(update={"strength": float(strength)})}
    retarget = plan.retarget.model_copy(update={"knobs": turned})
    return replace(plan, retarget=retarget, gain=_gains(retarget, plan.channels))


def retarget_frame(plan: RetargetPlan, frame: int, values: Array, state: RetargetState) -> tuple[Array, RetargetState]:
    """What is shown of a frame, and the state for the next one. See the module for the arithmetic.

    Args:
        plan: for these channels.
        frame: number of the frame; numbers may jump and never go back in one stream.
        values: (channels,) float32 as the model gave them.
        state: that the frame before led to; `RetargetState()` for the first.

    Returns:
        (channels,) float32, all finite and within the limits.
    """
    finite = np.where(np.isfinite(values), values, np.float32(0))
    with np.errstate(over="ignore", under="ignore"):
        shown = _limited(plan, finite * plan.gain + plan.offset)
        if state.values is not None and state.frame < frame:
            goal = shown
            elapsed = frame - state.frame
            pole = plan.pole if elapsed == 1 else _poles(_rules(plan), plan.frame_rate, elapsed)
            away = goal - state.values
            moved = _limited(plan, state.values + pole * away)
            shown = np.where((pole >= 1) | (np.abs(away) < ARRIVED), goal, moved)
    # A copy: what is shown belongs to the app, which may write into it.
    return shown, RetargetState(frame, shown.copy())


def smoothing_delay_ms(smoothing_ms: float, frame_rate: FrameRate) -> float:
    """How far a slow movement lags behind: the group delay at 0 Hz, in ms, of the low-pass.

    Of ``y += pole * (x - y)`` it is ``(1 - pole) / pole`` frames (Smith, "Introduction to Digital Filters", 2007, the
    one-pole filter), a little less than the time constant itself.
    """
    if smoothing_ms == 0:
        return 0.0
    frame_ms = 1000 / float(frame_rate.fraction)
    kept = math.exp(-frame_ms / smoothing_ms)
    return frame_ms * kept / (1 - kept)


def _rules(plan: RetargetPlan) -> list[ChannelRule]:
    return [plan.retarget.channels.get(name, plan.retarget.other_channels) for name in plan.channels]


def _poles(rules: Sequence[ChannelRule], frame_rate: FrameRate, frames: int) -> Array:
    elapsed_ms = 1000.0 * frames * frame_rate.den / frame_rate.num
    poles = [1.0 - math.exp(-elapsed_ms / rule.smoothing_ms) if rule.smoothing_ms else 1.0 for rule in rules]
    return np.array(poles, np.float32)


def _gains(retarget: Retarget, channels: Sequence[str]) -> Array:
    gains = np.array([retarget.channels.get(name, retarget.other_channels).gain for name in channels], np.float32)
    place = {name: index for index, name in enumerate(channels)}
    for _, knob in sorted(retarget.knobs.items()):
        strength = np.float32(knob.strength)
        gains[[place[name] for name in knob.channels]] *= strength
        gains[[place[name] for name in knob.closing]] *= max(np.float32(1), strength)
    return gains


def _limited(plan: RetargetPlan, values: Array) -> Array:
    # Comparisons, for of two zeros numpy's minimum and maximum may take either.
    return np.where(values < plan.low, plan.low, np.where(values > plan.high, plan.high, values))


def _check_known(names: Sequence[str] | dict[str, ChannelRule], channels: Sequence[str]) -> None:
    for name in names:
        if name not in channels:
            close = get_close_matches(name, channels, 1)
            mend = f"it has {close[0]}" if close else f"its channels are {', '.join(channels[:3])} and others"
            raise UsageError(f"channel {name[:120]!r}", "the model has no such channel", mend)
