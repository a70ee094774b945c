"""Blinks at run time: eyelids cannot be heard, so the app, not the model, closes them.

The lid is a function of a seed and the time alone. Time is cut into slots of 2 s; slot k holds one blink, or none, at a
place that a hash of (seed, k) chooses. There is no state: a stream can be entered anywhere, restored or shown at any
frame rate, and integer arithmetic on 32 bits gives the same blinks in every language.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52

SLOT = 2.0
"""Seconds a slot."""
SHARE = 0.87
"""Part of the slots with a blink: 26 a minute, as in conversation (Bentivoglio et al., Movement Disorders 12, 1997)."""
FIRST, LAST = 0.1, 0.8
"""Part of the slot between which its blink begins: two blinks begin at least 0.6 s apart, and each ends in its slot."""
CLOSING, HELD, OPENING = 0.08, 0.03, 0.16
"""Seconds; the lid closes about twice as fast as it opens (VanderWerf et al., J. Neurophysiol. 89, 2003)."""

_LIDS = tuple(ARKIT_52.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight"))
_SLOT_STEP = 0x9E3779B9  # 2^32 over the golden ratio: neighbouring slots start far apart


def lid_closure(times: ArrayLike, seed: int) -> NDArray[np.float32]:
    """How far the eyelids are closed by blinks.

    Args:
        times: (...) seconds from the start of the stream, 0 to 8e9.
        seed: 0 to 2**32 - 1; each face of a scene needs its own.

    Returns:
        (...) in [0, 1].

    Raises:
        UsageError: a time or the seed is out of range.
    """
    seconds = np.asarray(times, np.float64)
    if not (np.isfinite(seconds).all() and (seconds >= 0).all() and (seconds < SLOT * 2**32).all()):
        raise UsageError("times", "a time is negative, too large or not finite", "give seconds since the start")
    if not 0 <= seed < 2**32:
        raise UsageError("seed", f"{seed} does not fit 32 bits", "give 0 to 4294967295")
    slot = np.floor(seconds / SLOT)
    with np.errstate(over="ignore"):  # arithmetic modulo 2^32 is what is wanted
        bits = _mixed(np.uint32(seed) ^ _mixed(slot.astype(np.uint32) * np.uint32(_SLOT_STEP)))
    blinks = (bits >> 16) / 2**16 < SHARE
    begins = SLOT * (FIRST + (LAST - FIRST) * (bits & 0xFFFF) / 2**16)
    since = seconds - slot * SLOT - begins
    closing, opening = since / CLOSING, (CLOSING + HELD + OPENING - since) / OPENING
    shape = 0.5 - 0.5 * np.cos(np.pi * np.clip(np.minimum(closing, opening), 0, 1))
    return np.where(blinks, shape, 0).astype(np.float32)


def add_blinks(weights: NDArray[np.float32], times: ArrayLike, seed: int) -> NDArray[np.float32]:
    """A copy of weights (..., 52) whose eyes are at least as closed as `lid_closure` at `times` (...).

    Raises:
        UsageError: as `lid_closure`, or the weights have another last size.
    """
    if weights.ndim == 0 or weights.shape[-1] != len(ARKIT_52):
        raise UsageError("weights", f"shape {weights.shape}", f"give (..., {len(ARKIT_52)}) numbers")
    blinking, lid = weights.copy(), lid_closure(times, seed)
    for channel in _LIDS:
        blinking[..., channel] = np.maximum(blinking[..., channel], lid)
    return blinking


def _mixed(bits: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """MurmurHash3's 32-bit finaliser (Austin Appleby, public domain): every bit out depends on every bit in."""
    bits = (bits ^ (bits >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    bits = (bits ^ (bits >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return bits ^ (bits >> np.uint32(16))
