"""The effects in the order in which a voice meets them: speaker, pauses, room, noise, microphone, line, code, level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdk.spec import SAMPLE_RATE
from sdk.training.augment.codec import coarse_code
from sdk.training.augment.colour import tilt_and_colour
from sdk.training.augment.gain import change_level
from sdk.training.augment.interlude import interlude
from sdk.training.augment.noise import KINDS, mix, speech_level
from sdk.training.augment.reverb import reverberate, room_response
from sdk.training.augment.settings import Augmentation, Effect, RangedEffect
from sdk.training.augment.silences import insert_silence, pauses
from sdk.training.augment.speaker import perturb_speaker
from sdk.training.augment.telephone import telephone
from sdk.training.phones import TimedPhone

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Timed:
    """Sound and labels whose times are final.

    Attributes:
        pcm: (N,) clean speech.
        phones: its labels.
        interlude: (N,) what is heard in a pause beside it, zeros elsewhere: no teacher should take it for speech.
    """

    pcm: Samples
    phones: tuple[TimedPhone, ...]
    interlude: Samples


def augment_timing(
    pcm: Samples, phones: Sequence[TimedPhone], settings: Augmentation, generator: np.random.Generator
) -> Timed:
    """What changes when things happen: the sound (N,) and its labels become others, still clean."""
    moved = tuple(phones)
    if (factor := _draw(settings.speaker, generator)) is not None:
        pcm, moved = perturb_speaker(pcm, moved, factor)
    if (seconds := _draw(settings.silences, generator)) is not None:
        at = float(generator.choice(pauses(moved, len(pcm) / SAMPLE_RATE)))
        pcm, moved = insert_silence(pcm, moved, at, seconds)
    first, sound = 0, np.zeros(0, np.float32)
    if (seconds := _draw(settings.interlude, generator)) is not None:
        level = speech_level(pcm)
        at = float(generator.choice(pauses(moved, len(pcm) / SAMPLE_RATE)))
        pcm, moved = insert_silence(pcm, moved, at, seconds)
        first, sound = round(at * SAMPLE_RATE), interlude(round(seconds * SAMPLE_RATE), level, generator)
    beside = np.zeros(len(pcm), np.float32)
    beside[first : first + len(sound)] = sound
    return Timed(pcm, moved, beside)


def augment_sound(pcm: Samples, settings: Augmentation, generator: np.random.Generator) -> Samples:
    """What changes only how it sounds: (N,) to (N,), every event at its time."""
    if (rt60 := _draw(settings.reverb, generator)) is not None:
        pcm = reverberate(pcm, room_response(rt60, generator))
    if (ratio := _draw(settings.noise, generator)) is not None:
        kind = list(KINDS)[int(generator.integers(len(KINDS)))]
        pcm = mix(pcm, KINDS[kind](len(pcm), generator), ratio)
    if (tilt := _draw(settings.colour, generator)) is not None:
        pcm = tilt_and_colour(pcm, tilt, generator)
    if _happens(settings.telephone, generator):
        pcm = telephone(pcm)
    if _happens(settings.codec, generator):
        pcm = coarse_code(pcm, generator)
    if (gain := _draw(settings.gain, generator)) is not None:
        pcm = change_level(pcm, gain)
    return pcm


def _happens(effect: Effect, generator: np.random.Generator) -> bool:
    return bool(generator.random() < effect.probability)


def _draw(effect: RangedEffect, generator: np.random.Generator) -> float | None:
    """A strength, or None for a clip that the effect leaves alone. Draws twice either way, so effects stay apart."""
    happens, strength = generator.random() < effect.probability, float(generator.uniform(effect.low, effect.high))
    return strength if happens else None
