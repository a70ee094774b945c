"""Preparation: a corpus to the features and targets that training reads, in parallel, resumable, the same every time.

The folder's name is a digest of all that its content depends on: the corpus, the recipe's seed, copies and effects, and
what the front end, the teacher and the effects do with a probe. A changed front end thus never meets old features, and
recipes that differ in anything else share them.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sdk.errors import UsageError
from sdk.training.augment.chain import augment_sound, augment_timing
from sdk.training.augment.rest import rest_clip
from sdk.training.augment.settings import Augmentation
from sdk.training.cache import has_part, part_name, write_part, write_whole
from sdk.training.clips import Speech, plain_clip, resting_clip, training_clips
from sdk.training.labels import Teacher, due_seconds, rule_teacher
from sdk.training.phones import TimedPhone
from sdk.training.recipe import Recipe
from sdk.training.task import Task, make_task

TRAIN = "train"
"""The split that is augmented; all others are prepared as they are."""
PART_CLIPS = 48
PROBES = 16
"""Draws of the effects: enough that each happens."""
FORMAT = 2
"""Of the cache folder; raised when its files change."""


@dataclass(frozen=True)
class Plan:
    """What every process of a preparation knows.

    Attributes:
        recipe: of the run.
        teacher: makes the targets.
        folder: of the cache.
    """

    recipe: Recipe
    teacher: Teacher
    folder: Path


@dataclass(frozen=True)
class Part:
    """A piece of work: utterances of a split, or numbers of rest clips."""

    name: str
    split: str
    content: tuple[Speech, ...] | range


def make_plan(recipe: Recipe, corpus_digest: str, root: Path, teacher: Teacher = rule_teacher) -> Plan:
    """Choose, and make, the cache folder below `root` for a corpus of that digest.

    Raises:
        UsageError: the recipe's task does not exist or refuses its table.
    """
    made_of = {
        "format": FORMAT,
        "corpus": corpus_digest,
        "front_end": _digest(make_task(recipe.task, recipe.model).front_end(_probe_sound())),
        "effects": _digest_of_effects(recipe.augmentation),
        "teacher": _digest(teacher(PROBE_PHONES, _probe_sound(), 0).weights(due_seconds(30))),
        "seed": recipe.seed,
        "preparation": recipe.preparation.model_dump(mode="json"),
        "augmentation": recipe.augmentation.model_dump(mode="json"),
    }
    text = json.dumps(made_of, sort_keys=True, indent=1)
    folder = root / hashlib.sha256(text.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "made_of.json", text)
    return Plan(recipe, teacher, folder)


def ignore(_: int) -> None:
    """Progress that nobody watches."""


def prepare(
    plan: Plan,
    split: str,
    utterances: Iterable[Speech],
    *,
    jobs: int = 1,
    advance: Callable[[int], None] = ignore,
) -> None:
    """Prepare a split; parts that are there already are kept.

    Args:
        plan: from `make_plan`.
        split: its name; `TRAIN` is augmented.
        utterances: all of the split, always in the same order.
        jobs: processes; 1 works in this one.
        advance: called with the number of utterances or rest clips of each finished part.

    Raises:
        UsageError: the split has no utterance.
    """
    done = plan.folder / f"{split}.done"
    if done.is_file():
        return
    names = set()

    def missing() -> Iterator[Part]:
        for part in _parts(plan.recipe, split, utterances):
            names.add(part.name)
            if has_part(plan.folder, part.name):
                advance(len(part.content))
            else:
                yield part

    for finished in _work(plan, missing()) if jobs == 1 else _work_in_processes(plan, missing(), jobs):
        advance(finished)
    if not names:
        raise UsageError(split, "the corpus has no utterance of this split", "make a larger corpus")
    write_whole(done, str(len(names)))


def _parts(recipe: Recipe, split: str, utterances: Iterable[Speech]) -> Iterator[Part]:
    number, unread = 0, iter(utterances)
    while some := tuple(islice(unread, PART_CLIPS)):
        yield Part(part_name(split, number), split, some)
        number += 1
    rest = recipe.preparation.rest_clips if split == TRAIN and number else 0
    for start in range(0, rest, PART_CLIPS):
        yield Part(part_name(split, number), split, range(start, min(start + PART_CLIPS, rest)))
        number += 1


def _work(plan: Plan, parts: Iterable[Part]) -> Iterator[int]:
    task = make_task(plan.recipe.task, plan.recipe.model)
    for part in parts:
        yield _write(part, plan, task)


def _work_in_processes(plan: Plan, parts: Iterable[Part], jobs: int) -> Iterator[int]:
    # Started afresh rather than forked: this process may run threads, which a fork would leave half alive.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start_worker, (plan,)) as pool:
        waiting: set[Future[int]] = set()
        for part in parts:
            waiting.add(pool.submit(_write_in_worker, part))
            if len(waiting) > 2 * jobs:  # the corpus is read only as fast as it is prepared
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in finished)
        yield from (future.result() for future in waiting)


def _write(part: Part, plan: Plan, task: Task) -> int:
    recipe, teacher = plan.recipe, plan.teacher
    if isinstance(part.content, range):
        clips = [resting_clip(number, recipe, task, teacher) for number in part.content]
    elif part.split == TRAIN:
        clips = [clip for speech in part.content for clip in training_clips(speech, recipe, task, teacher)]
    else:
        clips = [plain_clip(speech, task, teacher) for speech in part.content]
    write_part(plan.folder, part.name, clips)
    return len(part.content)


_worker: dict[str, tuple[Plan, Task]] = {}
"""Of a worker process, filled once when it starts: building a task takes longer than preparing a clip."""


def _start_worker(plan: Plan) -> None:
    import torch

    torch.set_num_threads(1)
    _worker["self"] = plan, make_task(plan.recipe.task, plan.recipe.model)


def _write_in_worker(part: Part) -> int:
    plan, task = _worker["self"]
    return _write(part, plan, task)


PROBE_PHONES = (
    TimedPhone("m", 0.1, 0.2),
    TimedPhone("aa", 0.2, 0.5),
    TimedPhone("f", 0.5, 0.6),
    TimedPhone("p", 0.6, 0.7),
)


def _probe_sound() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A second of noise that swells: anything that a front end can do shows on it."""
    noise = np.random.default_rng(0).standard_normal(16_000) * np.linspace(0, 0.3, 16_000)
    return noise.astype(np.float32)


@cache  # most of a second, and the students of a distillation ask again
def _digest_of_effects(augmentation: Augmentation) -> str:
    """Of what the effects and the clips without speech sound like, a few draws of each."""
    sounds = []
    for seed in range(PROBES):
        generator = np.random.default_rng(seed)
        timed = augment_timing(_probe_sound(), PROBE_PHONES, augmentation, generator)
        sounds += [augment_sound(timed.pcm + timed.interlude, augmentation, generator), rest_clip(generator)]
    return _digest(np.concatenate(sounds))


def _digest(array: np.ndarray[Any, np.dtype[np.float32]]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
