"""What the page is made of: three.js as published, modules that resolve, sound, and the subdivision."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sdk.view.modules import THREE, WEB, import_map
from sdk.view.sound import encoded, peaks
from tests.toy_bundle import speech_like

ROOT = Path(__file__).parents[2]


def test_three_is_as_published() -> None:
    """The sums stand in the README beside the files, and there is no other file."""
    listed = dict(re.findall(r"^\| (\S+) \|.*\| ([0-9a-f]{64}) \|$", (THREE / "README.md").read_text(), re.MULTILINE))
    assert set(listed) == {path.name for path in THREE.iterdir()} - {"README.md"}
    for name, digest in listed.items():
        assert hashlib.sha256((THREE / name).read_bytes()).hexdigest() == digest, name
    version = re.search(r"^# three\.js (\S+)$", (THREE / "README.md").read_text(), re.MULTILINE)
    assert version
    assert f"three.js {version[1]}" in (ROOT / "NOTICE").read_text()
    assert "The MIT License" in (THREE / "LICENSE").read_text()


def test_every_import_resolves_in_the_map() -> None:
    names = json.loads(import_map())["imports"]
    for path in WEB.glob("*.js"):
        for wanted in re.findall(r'from "([^"]+)"', path.read_text()):
            assert wanted in names, f"{path.name} imports {wanted}"
    assert all(address.startswith("data:text/javascript;base64,") for address in names.values())


def test_short_speech_is_exact_and_long_speech_small() -> None:
    pcm = speech_like(48_000)
    data, kind = encoded(pcm, 16_000)
    got, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    assert (kind, rate) == ("audio/flac", 16_000)
    assert np.abs(got - pcm).max() <= 2**-15
    noise = np.random.default_rng(0).uniform(-1, 1, 16_000 * 50).astype(np.float32)
    data, kind = encoded(noise, 16_000)
    assert kind == "audio/ogg"
    assert soundfile.info(io.BytesIO(data)).frames == len(noise)


@pytest.mark.parametrize("rate", [200_001, 384_000, 768_000])
def test_long_speech_of_a_rate_beyond_vorbis_is_at_48_khz(rate: int) -> None:
    """A loud tone among noise too long for FLAC; libvorbis takes no more than 200 kHz."""
    time = np.arange(3 * rate) / rate
    noise = np.random.default_rng(0).uniform(-0.4, 0.4, len(time))
    data, kind = encoded((0.5 * np.sin(2 * np.pi * 440 * time) + noise).astype(np.float32), rate)
    got, given = soundfile.read(io.BytesIO(data), dtype="float32")
    assert (kind, given) == ("audio/ogg", 48_000)
    assert len(got) == pytest.approx(3 * 48_000, abs=2)
    tone = np.exp(2j * np.pi * 440 * np.arange(len(got)) / 48_000)
    assert abs(2 * np.mean(got * tone) - 0.5j) < 0.02, "as loud, and neither earlier nor later"


@pytest.mark.parametrize(
    ("rate", "given"), [(65_536, 65_536), (192_000, 192_000), (200_001, 48_000), (768_000, 48_000)]
)
def test_short_speech_of_any_rate_can_be_read(rate: int, given: int) -> None:
    data, _ = encoded(speech_like(rate // 2), rate)
    sound = soundfile.info(io.BytesIO(data))
    assert (sound.samplerate, sound.frames) == (given, pytest.approx(given / 2, abs=1))


def test_sound_that_is_broken_or_too_loud_is_mended() -> None:
    data, _ = encoded(np.array([np.nan, np.inf, -np.inf, 3, 0.5], np.float32), 8_000)
    got, _ = soundfile.read(io.BytesIO(data))
    assert np.allclose(got, [0, 1, -1, 1, 0.5], atol=1e-4)


def test_peaks_are_the_loudest_of_their_stretch() -> None:
    pcm = np.zeros(16_000, np.float32)
    pcm[8_000], pcm[15_999] = -0.5, np.nan
    outline = peaks(pcm, 16_000)
    assert outline.shape == (200,)
    assert outline[100] == round(0.5 * 127)
    assert np.delete(outline, 100).max() == 0
    assert peaks(np.ones(1, np.float32), 16_000).tolist() == [127]


def test_subdivision_is_loops(tmp_path: Path) -> None:
    """An octahedron: its corners have four neighbours. A strip of two triangles has nothing but a border."""
    octahedron = [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    corners = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
    finer, refined = subdivided(octahedron, corners, tmp_path)
    assert finer.shape == (32, 3)
    assert np.allclose(refined[:6], corners * (1 - 4 * 3 / 32))
    middles = np.sort(np.abs(refined[6:]), axis=1)
    assert np.allclose(middles, [0, 3 / 8, 3 / 8], atol=1e-6)
    square = np.array([[0, 0, 0], [8, 0, 0], [8, 8, 0], [0, 8, 0]], float)
    finer, refined = subdivided([[0, 1, 2], [0, 2, 3]], square, tmp_path)
    assert len(refined) == 4 + 5
    assert np.allclose(refined[0], [1, 1, 0])
    assert [4.0, 4.0, 0.0] in refined.tolist(), "the edge within: 3/8 of its ends and 1/8 of the two across"
    assert [4.0, 0.0, 0.0] in refined.tolist(), "an edge of the border: its middle"


def subdivided(triangles: list[list[int]], vertices: np.ndarray, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Finer triangles, and the refined vertices of the mesh, by the page's own script in Node.js."""
    node = shutil.which("node")
    assert node, "apt-get install nodejs"
    shutil.copy(WEB / "subdivide.js", folder / "subdivide.mjs")
    (folder / "run.mjs").write_text(
        'import { subdivide } from "./subdivide.mjs";\n'
        f"const made = subdivide({json.dumps(np.ravel(triangles).tolist())});\n"
        "console.log(JSON.stringify(Object.fromEntries(Object.entries(made).map(([k, v]) => [k, [...v]]))));\n"
    )
    done = subprocess.run([node, folder / "run.mjs"], capture_output=True, text=True, check=True)
    made = json.loads(done.stdout)
    refined = np.zeros((len(made["starts"]) - 1, 3))
    rows = np.repeat(np.arange(len(refined)), np.diff(made["starts"]))
    np.add.at(refined, rows, np.array(made["weights"])[:, None] * vertices[made["columns"]])
    return np.reshape(made["triangles"], (-1, 3)), refined
