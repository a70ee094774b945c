"""Preparation: labels at the due times, the same files from any number of processes, resumed where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sdk.errors import UsageError
from sdk.training.cache import read_split
from sdk.training.clips import plain_clip, resting_clip, training_clips
from sdk.training.labels import due_seconds
from sdk.training.prepare import Plan, make_plan, prepare
from sdk.training.task import CLOCK, HOP, make_task
from tests.training.conftest import toy_recipe
from tests.training.toy_task import ToyCorpus, ToyTask, toy_teacher, toy_utterance


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_labels_are_the_curve_at_the_due_times() -> None:
    speech = toy_utterance("a")
    clip = plain_clip(speech, ToyTask({}), toy_teacher)
    assert clip.frames == len(clip.features) * 3 // 5
    curve = toy_teacher(speech.phones, speech.pcm, 0)
    for frame in (0, 7, clip.frames - 1):
        second = CLOCK.due(frame) / 16_000
        assert np.array_equal(clip.labels.targets[frame], curve.weights(np.array([second]))[0])
        phone = next((p for p in speech.phones if p.start <= second <= p.end), None)
        assert clip.labels.silence[frame] == (phone is None)
        assert clip.labels.closures[frame] == (phone is not None and phone.name == "m")
    assert clip.labels.closures.any()
    assert clip.labels.silence.any()
    assert (due_seconds(clip.frames) * 16_000 <= len(clip.features) * HOP).all()


def test_speech_without_phones_is_not_taken_for_silence() -> None:
    """Distilled audio has none; losses for a resting face must not count there, unlike in clips without speech."""
    speech = replace(toy_utterance("a"), phones=())
    recipe = toy_recipe()
    spoken = [plain_clip(speech, ToyTask({}), toy_teacher), *training_clips(speech, recipe, ToyTask({}), toy_teacher)]
    assert len(spoken) > 1
    assert not any(clip.labels.silence.any() for clip in spoken)
    assert all(clip.phones == () for clip in spoken)
    assert resting_clip(0, recipe, ToyTask({}), toy_teacher).labels.silence.all()


def test_a_split_comes_back_as_it_was_prepared(plan: Plan) -> None:
    clips = read_split(plan.folder, "train")
    assert [clip.id for clip in clips] == [f"train-{n}+0" for n in range(6)] + ["rest+0", "rest+1"]
    for clip in clips:
        assert len(clip.features)
        assert clip.frames == len(clip.features) * 3 // 5 == len(clip.labels.silence)
    assert not clips[-1].labels.targets.any()
    assert clips[-1].labels.silence.all()
    [first, _] = read_split(plan.folder, "validation")
    again = plain_clip(toy_utterance("validation-0"), ToyTask({}), toy_teacher)
    assert np.array_equal(first.features, again.features)
    assert (first.phones, first.closures) == (again.phones, again.closures)


@pytest.mark.usefixtures("toy_task")
def test_two_processes_prepare_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdk.training.prepare.PART_CLIPS", 3)
    folders = []
    for jobs in (1, 2):
        plan = make_plan(toy_recipe(), "digest", tmp_path / str(jobs), toy_teacher)
        counted: list[int] = []
        prepare(plan, "train", ToyCorpus().utterances("train"), jobs=jobs, advance=counted.append)
        assert sum(counted) == 6 + 2
        folders.append(digests(plan.folder))
    assert folders[0] == folders[1]
    assert len(folders[0]) == 3 * 4 + 2


class BrokenCorpus(ToyCorpus):
    def utterances(self, split: str) -> Iterator[object]:
        for count, utterance in enumerate(super().utterances(split)):
            if count == 4:
                raise OSError("the disk went away")
            yield utterance


@pytest.mark.usefixtures("toy_task")
def test_preparation_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdk.training.prepare.PART_CLIPS", 2)
    whole = make_plan(toy_recipe(), "digest", tmp_path / "whole", toy_teacher)
    prepare(whole, "train", ToyCorpus().utterances("train"))
    plan = make_plan(toy_recipe(), "digest", tmp_path / "cut", toy_teacher)
    with pytest.raises(OSError, match="went away"):
        prepare(plan, "train", BrokenCorpus().utterances("train"))
    with pytest.raises(UsageError, match="damaged"):
        read_split(plan.folder, "train")
    stamp = (plan.folder / "train-000000.features.npy").stat().st_mtime_ns
    prepare(plan, "train", ToyCorpus().utterances("train"))
    assert (plan.folder / "train-000000.features.npy").stat().st_mtime_ns == stamp
    assert digests(plan.folder) == digests(whole.folder)


@pytest.mark.usefixtures("toy_task")
def test_the_folder_follows_what_its_content_depends_on(tmp_path: Path) -> None:
    def folder(digest: str = "digest", **changes: object) -> str:
        return make_plan(toy_recipe(**changes), digest, tmp_path, toy_teacher).folder.name

    assert folder() == folder(model={"width": 99}) == folder(losses={"weights": 2.0})
    others = [folder("other"), folder(seed=6), folder(augmentation={"gain": {"probability": 0}})]
    assert len({folder(), *others}) == 4


@pytest.mark.usefixtures("toy_task")
def test_the_folder_follows_the_front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = make_plan(toy_recipe(), "digest", tmp_path, toy_teacher).folder
    monkeypatch.setattr(ToyTask, "front_end", lambda self, pcm: np.zeros((len(pcm) // HOP, 4), np.float32))
    assert make_plan(toy_recipe(), "digest", tmp_path, toy_teacher).folder != before


def test_a_split_that_is_not_there_is_named(plan: Plan) -> None:
    with pytest.raises(UsageError, match="human_test"):
        prepare(plan, "human_test", ToyCorpus().utterances("human_test"))


@pytest.mark.parametrize("kind", ["features.npy", "targets.npy", "json"])
def test_damaged_parts_are_named(plan: Plan, kind: str) -> None:
    path = plan.folder / f"train-000000.{kind}"
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(UsageError, match="damaged"):
        read_split(plan.folder, "train")


@pytest.mark.usefixtures("toy_task")
def test_tasks_are_found_by_name() -> None:
    assert make_task("toy", {}).module is not None
    with pytest.raises(UsageError, match="toy"):
        make_task("nothing", {})
    with pytest.raises(UsageError, match="depth"):
        make_task("toy", {"depth": 3})
