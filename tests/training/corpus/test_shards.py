"""The shard format: what goes in comes out, equal input gives equal bytes, and damage is an error."""

from __future__ import annotations

import io
import json
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.training.corpus.errors import DamagedShardError
from sdk.training.corpus.shards import from_bytes, on_grid, to_bytes
from tests.training.corpus.samples import same, utterance, utterances


@given(st.lists(st.integers(), max_size=4).flatmap(lambda n: st.tuples(*(utterances(i) for i in range(len(n))))))
@settings(deadline=None, max_examples=30)
def test_what_goes_in_comes_out(made):
    data = to_bytes(made)
    back = list(from_bytes(data, "shard"))
    assert len(back) == len(made)
    assert all(same(one, other) for one, other in zip(made, back, strict=True))
    assert to_bytes(back) == data


def test_layout_is_that_of_webdataset():
    """Members of one sample stand together and share the name up to the first dot; nothing tells who wrote them."""
    with tarfile.open(fileobj=io.BytesIO(to_bytes([utterance(0), utterance(1)]))) as archive:
        members = archive.getmembers()
        label = json.load(archive.extractfile(members[1]))
    assert [m.name for m in members] == [f"train-000000-000{i}.{s}" for i in (0, 1) for s in ("flac", "json")]
    assert {(m.mtime, m.uid, m.uname, m.mode) for m in members} == {(0, 0, "", 0o644)}
    assert label["phones"] == [["sil", 0, 4000], ["ah", 4000, 8000]]


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_cut_shard_never_passes_for_a_whole_one(data):
    made = [utterance(0, 0.05), utterance(1, 0.05)]
    whole = to_bytes(made)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        back = list(from_bytes(cut, "shard"))
    except DamagedShardError:
        return
    # cut between two utterances, or in the padding: what is left is true, and the manifest's count tells
    assert all(same(one, other) for one, other in zip(made, back, strict=False))


@given(st.integers(0, 10**9), st.integers(1, 255))
@settings(deadline=None, max_examples=150)
def test_a_flipped_byte_gives_utterances_or_the_typed_error(place, change):
    whole = bytearray(to_bytes([utterance(0, 0.02), utterance(1, 0.02)]))
    whole[place % len(whole)] ^= change
    try:
        for each in from_bytes(bytes(whole), "shard"):
            assert each.phones[0].start == 0.0
            assert each.phones[-1].end == len(each.pcm) / 16_000
    except DamagedShardError:
        pass


def rewritten(change):
    """A shard of one utterance whose JSON `change` has altered."""
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(to_bytes([utterance()]))) as old,
        tarfile.open(fileobj=buffer, mode="w") as new,
    ):
        for member in old:
            content = old.extractfile(member).read()
            if member.name.endswith("json"):
                label = json.loads(content)
                change(label)
                content = json.dumps(label).encode()
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda label: label.update(samples=label["samples"] + 1),
        lambda label: label.update(extra=1),
        lambda label: label.pop("text"),
        lambda label: label.update(split="practice"),
        lambda label: label.update(id="another"),
        lambda label: label["phones"].pop(),
        lambda label: label["phones"].insert(0, ["ah", 0, 0]),
        lambda label: label["phones"][0].__setitem__(0, "schwa"),
        lambda label: label["phones"].reverse(),
    ],
    ids=["length", "unknown key", "lost key", "split", "id", "gap at the end", "no time", "phone", "order"],
)
def test_labels_that_lie_are_refused(change):
    with pytest.raises(DamagedShardError, match="train-000000-0000"):
        list(from_bytes(rewritten(change), "shard"))


def test_labels_unchanged_pass():
    """The counterpart of the test above: rewriting alone is no damage."""
    assert same(next(from_bytes(rewritten(lambda label: None), "shard")), utterance())


def test_samples_keep_their_value_once_on_the_grid():
    pcm = np.random.default_rng(0).uniform(-1.2, 1.2, 1000).astype(np.float32)
    once = on_grid(pcm)
    assert np.array_equal(on_grid(once), once)
    assert np.abs(once - np.clip(pcm, -1, 1)).max() <= 2**-15
