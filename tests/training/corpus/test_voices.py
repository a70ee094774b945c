"""No voice is heard in two splits."""

from __future__ import annotations

from itertools import combinations

import pytest

from sdk.training.corpus.plan import plan
from sdk.training.corpus.voices import SOURCES


@pytest.mark.parametrize("source", SOURCES)
def test_splits_share_no_speaker(source):
    speakers = [{voice.speaker for voice in voices} for voices in SOURCES[source].voices.values()]
    assert all(speakers)
    assert not any(one & other for one, other in combinations(speakers, 2))


def test_held_out_voices():
    assert len({voice.speaker for voice in SOURCES["espeak-ng"].voices["test"]}) == 10
    assert [voice.name for voice in SOURCES["flite"].voices["test"]] == ["rms"]


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_has_voices_where_it_has_a_share(source):
    assert SOURCES[source].shares.keys() == SOURCES[source].voices.keys()


@pytest.mark.parametrize("hours", [0.01, 0.5, 3.0, 50.0])
def test_plan_has_the_hours_asked_for(hours):
    shards = plan(hours, list(SOURCES))
    seconds = sum(each for shard in shards for _, each in shard.seconds)
    assert seconds == pytest.approx(max(hours * 3600, 60.0), rel=0.01)
    assert len({shard.name for shard in shards}) == len(shards)
    assert {shard.split for shard in shards} == {"train", "validation", "test"}


def test_plan_without_a_source_for_a_split_leaves_it_out():
    assert {shard.split for shard in plan(0.1, ["hibari"])} == {"train"}
