"""A browser, made-up takes, and pages of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from sdk.rigs.arkit import ARKIT_52
from sdk.spec import SAMPLE_RATE, FrameRate
from sdk.view import Speech, Take
from tests.toy_bundle import speech_like

SECONDS = 2


@dataclass
class Visit:
    """A page as somebody sees it who has no network.

    Attributes:
        page: playwright's.
        complaints: what the console said beside plain words, uncaught errors, and addresses that were asked for.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser(chromium: Callable[..., Browser]) -> Iterator[Browser]:
    started = chromium()
    yield started
    started.close()


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Opens a page from its file, drawn plainly, and waits until it is ready."""
    contexts = []

    def opened(path: Path, width: int = 640, height: int = 420, scheme: str = "dark") -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
        contexts.append(context)
        context.set_default_timeout(120_000)
        seen = Visit(context.new_page())
        seen.page.on("console", lambda said: seen.complaints.append(f"{said.type}: {said.text}"))
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.on("request", lambda request: asked(seen, request.url))
        seen.page.goto(f"{path.as_uri()}?plain")
        seen.page.wait_for_function("window.viewer !== undefined && viewer.takes[0].shown !== undefined")
        return seen

    def asked(seen: Visit, address: str) -> None:
        if not address.startswith(("file:", "data:", "blob:")):
            seen.complaints.append(address)

    yield opened
    for context in contexts:
        context.close()


def made_up_take(label: str = "one", *, fps: str = "30", seed: int = 0, lookahead: int = 0) -> Take:
    """`SECONDS` of slow noise on all 52 channels, each frame unlike every other."""
    rate = FrameRate.parse(fps)
    frames = int(SECONDS * rate.fraction)
    generator = np.random.default_rng(seed)
    turns = generator.uniform(0.5, 3, (1, len(ARKIT_52))) * np.arange(frames)[:, None] / float(rate.fraction)
    values = (0.25 + 0.25 * np.sin(2 * np.pi * turns + generator.uniform(0, 6, (1, len(ARKIT_52))))).astype(np.float32)
    index = np.arange(frames)
    due = np.array([-(-(t + 1) * SAMPLE_RATE * rate.den // rate.num) for t in range(frames)])
    return Take(label, (("model", "made up"),), ARKIT_52, "1", values, index, due, rate, lookahead)


@pytest.fixture(scope="session")
def speech() -> Speech:
    return Speech("speech.wav", speech_like(SECONDS * SAMPLE_RATE), SAMPLE_RATE)
