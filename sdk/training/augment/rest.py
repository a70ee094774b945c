"""Clips without speech, so that the face learns to rest: rooms, hums, chords, music, breath, knocks, silence."""

from __future__ import annotations

import numpy as np

from sdk.spec import SAMPLE_RATE
from sdk.training.augment.ambience import breath, chord, hum, knocks, room
from sdk.training.augment.draws import Samples, log_uniform, one_of
from sdk.training.augment.noise import babble, music

BEGINNING = 0.5
"""Part of the clips that are as short as `SHORT_SECONDS`. Segments are drawn evenly over a clip's length, so a long
clip hardly ever shows how a stream begins, where the level normaliser brings faint noise up within a second."""
SHORT_SECONDS, LONG_SECONDS = (1.0, 4.0), (4.0, 20.0)
"""The long ones are so long that the level normaliser has forgotten its prior, and makes faint noise as loud as a
voice: for breath with its rests that takes more than ten seconds."""
LEVELS_DB = (-70.0, -12.0)
"""Range of the RMS level against full scale."""
SILENT = 0.05
"""Part of the clips that are digital silence."""
KINDS = {"room": room, "hum": hum, "chord": chord, "babble": babble, "knocks": knocks, "breath": breath, "music": music}
LIKELY = {"breath": 6, "music": 6, "room": 4, "hum": 2, "chord": 2}
"""How many times as often as the other kinds these come: they are what opens a mouth that should rest."""
QUIET_ROOM = 0.6
"""Part of the clips with a room behind the sound."""
ROOM_DB = (-50.0, -6.0)
"""Range of that room's level against the sound's."""
LATE = 0.3
"""Part of the clips whose sound begins after the clip does, within the first half."""
FADE_SECONDS = (0.005, 1.0)
"""In which such a sound comes."""


def rest_clip(generator: np.random.Generator) -> Samples:
    """A clip (N,) at 16 kHz of 1 to 20 s that no face should move to."""
    seconds = SHORT_SECONDS if generator.random() < BEGINNING else LONG_SECONDS
    count = round(generator.uniform(*seconds) * SAMPLE_RATE)
    if generator.random() < SILENT:
        return np.zeros(count, np.float32)
    sound = one_of(KINDS, LIKELY, generator)(count, generator)
    if generator.random() < LATE:
        sound = sound * _onset(count, generator)
    if generator.random() < QUIET_ROOM:
        sound = sound + room(count, generator) * 10 ** (generator.uniform(*ROOM_DB) / 20)
    return np.asarray(np.clip(sound * 10 ** (generator.uniform(*LEVELS_DB) / 20), -1, 1), np.float32)


def _onset(count: int, generator: np.random.Generator) -> Samples:
    """Gain (count,): nothing, then a ramp to 1."""
    start = generator.uniform(0, 0.5) * count
    ramp = log_uniform(FADE_SECONDS, generator) * SAMPLE_RATE
    return np.asarray(np.clip((np.arange(count) - start) / ramp, 0, 1), np.float32)
