"""Whole corpora on disk: reproducible, resumable, checked."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from itertools import chain
from pathlib import Path

import pytest
from click.testing import CliRunner

from sdk.cli.train_corpus import corpus as command
from sdk.errors import NowfaceError, UsageError
from sdk.training.corpus import SPLITS, open_corpus
from sdk.training.corpus import build as build_module
from sdk.training.corpus.build import build_corpus
from sdk.training.corpus.errors import (
    CorpusManifestError,
    DamagedShardError,
    ForeignCorpusError,
    MissingShardError,
    NotACorpusError,
)
from sdk.training.corpus.making import write_shard
from sdk.training.corpus.manifest import CorpusManifest, Recipe
from sdk.training.phones import VOWELS
from tests.training.corpus.samples import same, utterance

SMALL = {"hours": 0.01, "seed": 3, "sources": ("espeak-ng",)}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of espeak-ng, one process at a time."""
    folder = tmp_path_factory.mktemp("corpus")
    build_corpus(folder, **SMALL)
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy"))


def test_two_runs_are_bit_identical(made, tmp_path):
    """The second one through the command, in two processes at a time."""
    options = ["--hours", "0.01", "--seed", "3", "--out", str(tmp_path / "c"), "--jobs", "2", "--source", "espeak-ng"]
    done = CliRunner().invoke(command, options)
    assert done.exit_code == 0, done.output
    assert "train: 0." in done.output
    assert content(tmp_path / "c") == content(made)


def test_utterances_are_speech_with_phones(made):
    corpus = open_corpus(made)
    assert corpus.hours("train") == pytest.approx(20 / 3600, rel=0.6)
    for split in ("train", "validation", "test"):
        said = list(corpus.utterances(split))
        assert len({each.id for each in said}) == len(said) >= 3
        for each in said:
            assert (each.split, each.source) == (split, "espeak-ng")
            assert each.phones[0].name == "sil"
            assert each.phones[0].seconds >= 0.2
            assert abs(abs(each.pcm).max() - 0.7) < 0.01
            assert sum(phone.name in VOWELS for phone in each.phones) >= 1
    assert list(corpus.utterances("human_test")) == []


def test_voices_of_the_splits_are_disjoint(made):
    corpus = open_corpus(made)
    variants = [{each.voice.partition("+")[2] for each in corpus.utterances(split)} for split in SPLITS[:3]]
    assert all(variants)
    assert len(set.union(*variants)) == sum(map(len, variants))


def test_a_finished_corpus_is_not_made_again(copy, monkeypatch):
    monkeypatch.setattr(build_module, "_make", lambda *args, **kwargs: pytest.fail("made again"))
    before = content(copy)
    build_corpus(copy, **SMALL)
    assert content(copy) == before


def unfinished(folder: Path) -> None:
    """As if the run had stopped before its last step."""
    manifest = open_corpus(folder).manifest
    (folder / "corpus.json").unlink()
    (folder / "recipe.json").write_text(manifest.recipe.model_dump_json())
    for shard in manifest.shards:
        (folder / f"{shard.name}.json").write_text(shard.model_dump_json())


def test_a_stopped_run_goes_on(copy, made):
    unfinished(copy)
    (copy / "validation-000000.tar").unlink()
    (copy / "test-000000.tar").write_bytes(b"half a sha")
    kept = (copy / "train-000000.tar").stat().st_mtime_ns
    seen = []
    build_corpus(copy, **SMALL, advance=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert (copy / "train-000000.tar").stat().st_mtime_ns == kept
    assert content(copy) == content(made)


@pytest.mark.parametrize("change", [{"seed": 4}, {"hours": 0.02}])
def test_another_recipe_does_not_mix_in(copy, change):
    with pytest.raises(ForeignCorpusError, match="another recipe"):
        build_corpus(copy, **(SMALL | change))
    unfinished(copy)
    with pytest.raises(ForeignCorpusError, match="another recipe"):
        build_corpus(copy, **(SMALL | change))


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ForeignCorpusError):
        build_corpus(tmp_path, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    "change", [{"hours": 0.0}, {"hours": float("nan")}, {"seed": -1}, {"jobs": 0}, {"sources": ("siri",)}]
)
def test_arguments_out_of_range(tmp_path, change):
    with pytest.raises(UsageError):
        build_corpus(tmp_path / "out", **(SMALL | change))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["cut", "flip", "grow"])
def test_a_damaged_shard_is_an_error_before_any_utterance(copy, damage):
    path = copy / "train-000000.tar"
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes({"cut": bytes(data[:-512]), "flip": bytes(data), "grow": bytes(data) + b"\0"}[damage])
    with pytest.raises(DamagedShardError, match=r"train-000000\.tar"):
        next(open_corpus(copy).utterances("train"))


def test_a_lost_shard_is_an_error_at_once(copy):
    (copy / "test-000000.tar").unlink()
    with pytest.raises(MissingShardError, match="test-000000"):
        open_corpus(copy)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(extra=1),
        lambda m: m.update(version=2),
        lambda m: m["shards"][0].update(sha256="00"),
        lambda m: m["shards"][0].update(name="../train-000000.tar"),
        lambda m: m["shards"].append(m["shards"][0]),
        lambda m: m["shards"][0].update(split="test"),
        lambda m: m["recipe"].pop("seed"),
    ],
    ids=["unknown key", "version", "hash", "path", "twice", "split", "lost key"],
)
def test_manifest_is_closed(copy, change):
    manifest = json.loads((copy / "corpus.json").read_bytes())
    change(manifest)
    (copy / "corpus.json").write_text(json.dumps(manifest))
    with pytest.raises(CorpusManifestError, match=r"corpus\.json"):
        open_corpus(copy)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_manifest_that_is_no_manifest(copy, text):
    (copy / "corpus.json").write_bytes(text)
    with pytest.raises(CorpusManifestError):
        open_corpus(copy)


def test_no_corpus_there(tmp_path):
    with pytest.raises(NotACorpusError, match="train corpus"):
        open_corpus(tmp_path)


def handmade(folder: Path, shards: int) -> None:
    recipe = Recipe(seed=0, hours=1.0, sources=("s",), versions={}, recordings={})
    records = []
    for index in range(shards):
        each = [utterance(10 * index + number, 0.05) for number in range(3)]
        records.append(write_shard(folder, f"train-{index:06d}.tar", "train", each, 0))
    (folder / "corpus.json").write_bytes(CorpusManifest(recipe=recipe, shards=tuple(records)).to_bytes())


def ids_of(folder: Path, rank: int, world_size: int) -> list[str]:
    return [each.id for each in open_corpus(folder).utterances("train", rank, world_size)]


@pytest.mark.parametrize("world_size", [1, 2, 3, 7])
def test_readers_share_a_split_without_overlap(tmp_path, world_size):
    handmade(tmp_path, 5)
    everything = ids_of(tmp_path, 0, 1)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        shares = pool.starmap(ids_of, [(tmp_path, rank, world_size) for rank in range(world_size)])
    assert len(everything) == 15
    assert sorted(chain.from_iterable(shares)) == sorted(everything)


def test_reading_twice_gives_the_same(tmp_path):
    handmade(tmp_path, 2)
    corpus = open_corpus(tmp_path)
    pairs = zip(corpus.utterances("train"), corpus.utterances("train"), strict=True)
    assert all(same(one, other) for one, other in pairs)


def test_reader_refuses_what_cannot_be(tmp_path):
    handmade(tmp_path, 1)
    with pytest.raises(UsageError, match="rank"):
        next(open_corpus(tmp_path).utterances("train", 2, 2))
    with pytest.raises(UsageError, match="practice"):
        next(open_corpus(tmp_path).utterances("practice"))


def test_command_refuses_with_one_line(tmp_path):
    options = ["--hours", "1", "--out", str(tmp_path / "c"), "--source", "siri"]
    with pytest.raises(NowfaceError, match="siri is not a source"):
        CliRunner().invoke(command, options, catch_exceptions=False)
