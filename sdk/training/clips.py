"""From an utterance to prepared clips: effects, the teacher's labels, the task's features. Pure, seeded per clip."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdk.training.augment.chain import augment_sound, augment_timing
from sdk.training.augment.rest import rest_clip
from sdk.training.cache import PreparedClip
from sdk.training.labels import Curve, Teacher, frames_of, label
from sdk.training.phones import TimedPhone
from sdk.training.recipe import Recipe
from sdk.training.task import CHANNELS, HOP, Task

Samples = NDArray[np.float32]

REST_GROUP = "rest"


class Speech(Protocol):
    """What is read of an utterance; see `sdk.training.corpus.Utterance`."""

    @property
    def id(self) -> str:
        """Unique in the corpus."""
        ...

    @property
    def pcm(self) -> Samples:
        """(N,) at 16 kHz."""
        ...

    @property
    def phones(self) -> tuple[TimedPhone, ...]:
        """In order; empty where nobody knows them."""
        ...

    @property
    def voice(self) -> str:
        """Who speaks."""
        ...


def training_clips(speech: Speech, recipe: Recipe, task: Task, teacher: Teacher) -> Iterator[PreparedClip]:
    """The utterance's augmented copies, and itself if the recipe wants it."""
    if recipe.preparation.clean:
        yield plain_clip(speech, task, teacher)
    for copy in range(recipe.preparation.copies):
        name = f"{speech.id}+{copy}"
        generator = clip_generator(recipe.seed, name)
        timed = augment_timing(speech.pcm, speech.phones, recipe.augmentation, generator)
        # The teacher hears the clean sound: noise must not change what a vowel's loudness tells it.
        sound = augment_sound(timed.pcm + timed.interlude, recipe.augmentation, generator)
        curve = teacher(timed.phones, timed.pcm, _seed_of(speech.id))
        yield _clip(name, pcm=sound, phones=timed.phones or None, curve=curve, task=task, group=speech.voice)


def plain_clip(speech: Speech, task: Task, teacher: Teacher) -> PreparedClip:
    """The utterance as it is."""
    curve = teacher(speech.phones, speech.pcm, _seed_of(speech.id))
    return _clip(speech.id, pcm=speech.pcm, phones=speech.phones or None, curve=curve, task=task, group=speech.voice)


def resting_clip(number: int, recipe: Recipe, task: Task, teacher: Teacher) -> PreparedClip:
    """A clip without speech through the same rooms and microphones as speech: the teacher's face is at rest."""
    name = f"rest+{number}"
    generator = clip_generator(recipe.seed, name)
    pcm = augment_sound(rest_clip(generator), recipe.augmentation, generator)
    curve = teacher((), np.zeros_like(pcm), 0)
    return _clip(name, pcm=pcm, phones=(), curve=curve, task=task, group=REST_GROUP)


def clip_generator(seed: int, name: str) -> np.random.Generator:
    """The clip's own source of chance: no clip's draws shift another's."""
    return np.random.default_rng([seed, _seed_of(name)])


def _seed_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def _clip(
    name: str, *, pcm: Samples, phones: tuple[TimedPhone, ...] | None, curve: Curve, task: Task, group: str
) -> PreparedClip:
    features = task.front_end(pcm)
    hops = len(pcm) // HOP
    assert features.shape[:1] == (hops,), f"front end gave {features.shape} for {hops} hops"
    assert features.dtype == np.float32, f"front end gave {features.dtype}"
    labels = label(curve, phones, frames_of(hops))
    assert labels.targets.shape == (frames_of(hops), CHANNELS), f"teacher gave {labels.targets.shape}"
    return PreparedClip(name, phones or (), features, labels, tuple(curve.closures), group)
