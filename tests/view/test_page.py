"""The page in a browser: it needs nothing, follows the sound, shows the frames it was given, and compares."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sdk.bundle.phones import Phones
from sdk.rigs.head import default_head
from sdk.view import Speech, Take, page
from sdk.view.page import Mesh
from sdk.view.takes import difference
from tests.view.conftest import SECONDS, Open, Visit, made_up_take

ONE_FRAME = 1 / 30


@pytest.fixture(scope="module")
def one(speech: Speech, tmp_path_factory: pytest.TempPathFactory) -> Path:
    phones = Phones(np.array([1600, 4800]), np.array([4800, 9600]), ("m", "ey"))
    path = tmp_path_factory.mktemp("one") / "page.html"
    said = Speech(speech.name, speech.pcm, speech.rate, phones)
    path.write_text(page([made_up_take()], said, title='A <title> & "more"'), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def pair() -> tuple[Take, Take]:
    return made_up_take("left"), made_up_take("right", fps="60", seed=1, lookahead=1600)


@pytest.fixture(scope="module")
def two(pair: tuple[Take, Take], speech: Speech, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("two") / "page.html"
    path.write_text(page(pair, speech, title="Two"), encoding="utf-8")
    return path


def settled(seen: Visit, frame: int, side: int = 0) -> None:
    """Wait until a side shows a frame."""
    seen.page.wait_for_function("([side, frame]) => viewer.takes[side].shown === frame", arg=[side, frame])


def test_opens_alone_without_a_complaint(one: Path, visit: Open) -> None:
    seen = visit(one)
    assert seen.page.title() == 'A <title> & "more"'
    assert seen.page.inner_text("h1") == 'A <title> & "more"'
    assert seen.page.locator("#message").is_hidden()
    assert seen.page.evaluate("viewer.player.sound.duration") == pytest.approx(SECONDS, abs=1e-3)
    assert seen.page.evaluate("document.querySelectorAll('[src^=http], [href^=http]').length") == 0
    assert seen.complaints == []
    assert one.stat().st_size < 2.5e6


def test_shows_the_very_frames_at_their_times(one: Path, visit: Open) -> None:
    """Values to the bit, and vertices as the reference poses the head, within what its file's steps leave."""
    take, seen = made_up_take(), visit(one)
    for frame in (0, 1, 29, 30, 59):
        seen.page.evaluate("time => viewer.player.seek(time)", frame * ONE_FRAME + 0.01)
        settled(seen, frame)
        values = seen.page.evaluate("Array.from(viewer.takes[0].values(viewer.takes[0].shown))")
        assert np.array_equal(np.array(values, np.float32), take.values[frame])
        vertices = seen.page.evaluate("Array.from(viewer.takes[0].face.moved)")
        assert np.allclose(np.reshape(vertices, (-1, 3)), default_head().pose(take.values[frame]), atol=2e-3)
        assert seen.page.inner_text(".label .quiet") == f"frame {frame}"
    assert seen.complaints == []


def test_plays_by_the_clock_of_the_sound(one: Path, visit: Open) -> None:
    seen = visit(one)
    seen.page.select_option("#speed", "0.5")
    seen.page.click("#play")
    seen.page.wait_for_function("viewer.player.playing && viewer.player.time > 0.3")
    seen.page.wait_for_selector("#play[aria-label=Pause]")
    shown, time = seen.page.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => "
        "done([viewer.takes[0].shown, viewer.timeline.time]))))"
    )
    assert shown == int((time + 1e-4) * 30)
    seen.page.keyboard.press("k")
    seen.page.wait_for_selector("#play[aria-label=Play]")
    assert not seen.page.evaluate("viewer.player.playing")
    assert seen.page.evaluate("viewer.player.sound.playbackRate") == 0.5
    seen.page.select_option("#speed", "2")
    seen.page.keyboard.press("k")
    seen.page.wait_for_function("viewer.player.sound.ended")
    settled(seen, 59)
    assert seen.complaints == []


def test_scrubs_by_pointer_and_keyboard(one: Path, visit: Open) -> None:
    seen = visit(one)
    box = seen.page.locator("#timeline").bounding_box()
    assert box
    left, width = seen.page.evaluate("[viewer.timeline.plot.left, viewer.timeline.plot.width]")
    seen.page.mouse.move(box["x"] + left + 0.25 * width, box["y"] + 40)
    seen.page.mouse.down()
    settled(seen, 15)
    seen.page.mouse.move(box["x"] + left + 0.76 * width, box["y"] + 40)
    settled(seen, 45)
    seen.page.mouse.up()
    assert "mm" in seen.page.inner_text("#hover")
    timeline = seen.page.locator("#timeline")
    timeline.focus()
    for key, frame in (("ArrowLeft", 44), ("ArrowRight", 45), ("Shift+ArrowLeft", 15), ("Home", 0), ("End", 59)):
        seen.page.keyboard.press(key)
        settled(seen, frame)
    assert timeline.get_attribute("aria-valuenow") == "2.000"
    seen.page.keyboard.press("Home")
    for _ in range(5):
        seen.page.keyboard.press("ArrowRight")
    settled(seen, 5)
    assert timeline.get_attribute("aria-valuetext") == "0.17 seconds, m"
    seen.page.keyboard.press("+")
    assert seen.page.evaluate("viewer.timeline.window[1] - viewer.timeline.window[0]") == pytest.approx(1)
    assert seen.complaints == []


def test_two_takes_side_by_side(two: Path, pair: tuple[Take, Take], visit: Open) -> None:
    """Of other rates: each shows its own frames, and the difference is the one that Python finds."""
    seen = visit(two)
    apart = difference(*pair)
    assert apart is not None
    seen.page.evaluate("viewer.player.seek(1.01)")
    settled(seen, 30)
    settled(seen, 60, side=1)
    assert seen.page.locator(".label strong").all_inner_texts() == ["left", "right"]
    assert seen.page.inner_text("#apart-now") == f"{apart.worst_mm[30]:.2f} mm"
    assert seen.page.inner_text("#apart-mean") == f"{apart.worst_mm.mean():.2f} mm"
    seen.page.click("#apart-worst")
    settled(seen, int(apart.worst_mm.argmax()))
    before = seen.page.evaluate("Array.from(viewer.takes[0].face.surfaces[0].colours).reduce((a, b) => a + b)")
    seen.page.click("#heat")
    seen.page.wait_for_function(
        "before => viewer.takes[0].face.surfaces[0].colours.reduce((a, b) => a + b) < before - 100", arg=before
    )
    assert seen.complaints == []


def test_a_long_name_leaves_the_figures_whole(speech: Speech, visit: Open, tmp_path: Path) -> None:
    """One line each, within the panel, however long the names of bundles, targets and precisions are together."""
    path = tmp_path / "page.html"
    takes = [made_up_take("faceformer_of_a_customer, executorch int8-static", seed=seed) for seed in (1, 2)]
    path.write_text(page(takes, speech, title="Long names"), encoding="utf-8")
    seen = visit(path, 1280, 800)
    settled(seen, 0)
    figures = seen.page.locator("#gap-now dd")
    boxes = [figures.nth(at).bounding_box() for at in range(figures.count())]
    panel = seen.page.locator("aside").bounding_box()
    assert len(boxes) == 2
    assert all(box["height"] < 30 and box["x"] + box["width"] <= panel["x"] + panel["width"] for box in boxes)


def test_frames_come_later_on_a_device(two: Path, pair: tuple[Take, Take], visit: Open) -> None:
    """A frame is there once its sound has been heard: one frame late, and the second take 100 ms more."""
    seen = visit(two)
    seen.page.select_option("#timing", "arrives")
    seen.page.evaluate("viewer.player.seek(1.01)")
    settled(seen, 29)
    settled(seen, 60 - 6 - 1, side=1)
    seen.page.evaluate("viewer.player.seek(0.01)")
    settled(seen, -1)
    settled(seen, -1, side=1)
    rest = seen.page.evaluate("Array.from(viewer.takes[1].face.moved)")
    assert np.allclose(np.reshape(rest, (-1, 3)), default_head().vertices, atol=1e-4)
    assert seen.page.locator(".label .quiet").all_inner_texts() == ["no frame yet"] * 2
    assert seen.complaints == []


def test_channels_are_chosen_and_found(one: Path, visit: Open) -> None:
    seen = visit(one)
    assert seen.page.locator("#channels li").count() == 52
    drawn = "document.getElementById('lanes').toDataURL()"
    before = seen.page.evaluate(drawn)
    seen.page.get_by_label("Channels").fill("tongue")
    assert seen.page.locator("#channels li:visible").count() == 1
    seen.page.get_by_label("tongueOut").check()
    assert seen.page.evaluate("viewer.timeline.channels.chosen.has('tongueOut')")
    assert seen.page.evaluate(drawn) != before
    assert seen.complaints == []


def test_every_control_has_a_name_and_fits_a_phone(two: Path, visit: Open) -> None:
    seen = visit(two, 390, 780, "light")
    unnamed = seen.page.evaluate(
        "[...document.querySelectorAll('button, select, input, [role=slider]')].filter(control => "
        "!(control.ariaLabel || control.innerText.trim() || control.labels?.length)).map(control => control.outerHTML)"
    )
    assert unnamed == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert seen.page.evaluate("getComputedStyle(document.body).color") == "rgb(26, 33, 43)"
    seen.page.click("#theme")
    assert seen.page.evaluate("getComputedStyle(document.body).color") == "rgb(238, 241, 246)"
    seen.page.click("#help")
    assert seen.page.locator("dialog").is_visible()
    seen.page.keyboard.press("Escape")
    assert seen.page.locator("dialog").is_hidden()
    assert seen.complaints == []


def test_vertices_of_another_mesh(speech: Speech, visit: Open, tmp_path: Path) -> None:
    """Four vertices in metres that swing: drawn through a few shapes, to a thousandth of a millimetre."""
    rest = np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.2, 0], [0, 0, 0.1]], np.float32)
    frames = made_up_take()
    swing = np.sin(np.arange(60) / 7)[:, None, None] * 0.01 * np.array([[[1, 2, 3], [0, 0, 0], [1, 0, 0], [0, 0, 1]]])
    values = (rest + swing).astype(np.float32)
    take = Take("mesh", (), (), "m", values, frames.index, frames.due_sample, frames.frame_rate)
    mesh = Mesh(rest, np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32))
    path = tmp_path / "page.html"
    path.write_text(page([take], speech, title="Mesh", template=mesh), encoding="utf-8")
    seen = visit(path)
    seen.page.evaluate("viewer.player.seek(0.51)")
    settled(seen, 15)
    vertices = seen.page.evaluate("Array.from(viewer.takes[0].face.moved)")
    assert np.allclose(np.reshape(vertices, (-1, 3)), 1000 * values[15], atol=0.02)
    assert seen.page.locator("#channel-section").is_hidden()
    assert seen.complaints == []


def test_vertices_of_the_head_beside_its_channels(speech: Speech, visit: Open, tmp_path: Path) -> None:
    """The same motion both ways: the page says how near vertices come, and keeps its word."""
    channels = made_up_take()
    moved = default_head().pose(channels.values)
    vertices = replace(channels, label="vertices", names=(), unit="mm", values=moved)
    path = tmp_path / "page.html"
    path.write_text(page([channels, vertices], speech, title="Both"), encoding="utf-8")
    assert path.stat().st_size < 3e6
    seen = visit(path)
    seen.page.evaluate("viewer.player.seek(1.21)")
    settled(seen, 36)
    settled(seen, 36, side=1)
    within = float(seen.page.inner_text(".facts.b div:last-child dd").removesuffix(" mm"))
    shown = np.reshape(seen.page.evaluate("Array.from(viewer.takes[1].face.moved)"), (-1, 3))
    # Beside it the steps of 0.01 mm in which the head at rest is stored.
    assert np.linalg.norm(shown - moved[36], axis=1).max() < within + 0.01
    assert within < 0.02
    assert seen.page.locator("#apart").is_hidden()
    assert seen.page.locator("#heat").is_hidden()
    assert seen.complaints == []


def test_long_speech_is_shown_in_stretches(visit: Open, tmp_path: Path) -> None:
    """Eighty seconds of noise: sound that is no longer exact, and a window that follows the time."""
    seconds, take = 80, made_up_take()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000 * seconds).astype(np.float32)
    many = np.arange(30 * seconds)
    long = replace(take, values=take.values[many % 60], index=many, due_sample=-(-(many + 1) * 16_000 // 30))
    path = tmp_path / "page.html"
    path.write_text(page([long], Speech("long.wav", noise, 16_000), title="Long"), encoding="utf-8")
    seen = visit(path)
    assert "data:audio/ogg" in seen.page.evaluate("viewer.player.sound.src.slice(0, 20)")
    assert seen.page.evaluate("viewer.timeline.window") == [0, 20]
    seen.page.evaluate("viewer.player.seek(66.01)")
    settled(seen, 1980)
    first, last = seen.page.evaluate("viewer.timeline.window")
    assert first < 66 < last == pytest.approx(first + 20)
    assert seen.page.evaluate("viewer.player.sound.duration") == pytest.approx(seconds, abs=0.05)
    assert seen.complaints == []
