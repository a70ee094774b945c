"""The occlusion study on sessions whose answer is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pytest

from sdk.errors import UsageError
from sdk.rigs.arkit import ARKIT_52
from sdk.runtime import Frame
from sdk.runtime.plan import make_plan
from sdk.spec import PipelineSpec
from sdk.training.occlusion.plot import check_picture, plot
from sdk.training.occlusion.stream import follow, tracking_signal
from sdk.training.occlusion.study import METHODS, Clip, hidden_frames, summarise, trace
from sdk.training.scores import gap_mm
from tests.models.meshtalk.streams import Streaming
from tests.models.meshtalk.test_tracking import TRACKING

RATE = 30.0
JAW = ARKIT_52.index("jawOpen")


def rig_pipeline() -> PipelineSpec:
    """A pipeline's specs only: a face of 52 channels with two regions."""
    pipeline = Streaming(tracking=TRACKING).pipeline
    expression, confidence = pipeline.signals[0].tensors
    signal = pipeline.signals[0].model_copy(
        update={"tensors": (expression.model_copy(update={"shape": (1, 52)}), confidence)}
    )
    return pipeline.model_copy(update={"signals": (signal,)})


class Echo:
    """A session that shows the tracked face where its mouth is seen, and else a jaw as open as the sound is loud."""

    def __init__(self) -> None:
        self.pipeline = rig_pipeline()
        self._clock = make_plan(self.pipeline).clock
        self._rows: dict[int, Mapping[str, Any]] = {}
        self._pcm, self._next = np.zeros(0, np.float32), 0

    def push_signal(self, name: str, values: Mapping[str, Any], *, sample: int) -> None:
        assert name == self.pipeline.signals[0].name
        self._rows[sample] = values

    def push(self, pcm: np.ndarray) -> None:
        self._pcm = np.concatenate([self._pcm, pcm])

    def poll(self) -> Iterator[Frame]:
        while (due := self._clock.due(self._next)) <= len(self._pcm):
            row = self._rows.get(due)
            face = np.zeros(52, np.float32)
            face[JAW] = np.abs(self._pcm[max(0, due - 100) : due]).mean()
            if row is not None and row["confidence"][0, 1] > 0:
                face = row["expression"][0]
            yield Frame(self._next, due, face, {})
            self._next += 1

    def __enter__(self) -> Echo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def loud_jaw(seconds: float = 4.0) -> Clip:
    """A face whose jaw is what `Echo` makes of the sound."""
    samples = int(seconds * 16_000)
    pcm = (0.4 + 0.3 * np.sin(np.arange(samples) / 2000)).astype(np.float32)
    clock = make_plan(rig_pipeline()).clock
    faces = np.zeros((clock.frames_ready(samples), 52), np.float32)
    for frame in range(len(faces)):
        due = clock.due(frame)
        faces[frame, JAW] = np.abs(pcm[max(0, due - 100) : due]).mean()
    return Clip(pcm, faces)


def test_sight_comes_and_goes_as_stated() -> None:
    hidden = hidden_frames(120, RATE)
    assert not hidden[:30].any()
    assert hidden[30:60].all()
    assert not hidden[60:75].any()
    assert hidden[75:105].all()


def test_what_is_seen_is_followed_and_what_is_not_is_left_to_the_session() -> None:
    clip = loud_jaw(1.0)
    seen = np.ones((len(clip.faces), 2), np.float32)
    assert np.array_equal(follow(Echo, clip.pcm, clip.faces + 0.25, seen), clip.faces + 0.25)  # type: ignore[arg-type]
    assert np.allclose(follow(Echo, clip.pcm, clip.faces + 0.25, 0 * seen), clip.faces)  # type: ignore[arg-type]


def test_every_method_gets_the_error_that_it_deserves() -> None:
    clip = loud_jaw()
    traces = trace(Echo, clip, [0, 1], 2, RATE)  # type: ignore[arg-type]
    results = summarise([traces])
    assert results["tracking with sound"].hidden_mm == pytest.approx(0, abs=1e-5)
    assert results["sound alone"].hidden_mm == pytest.approx(0, abs=1e-5)
    truth, hidden = gap_mm(clip.faces), hidden_frames(len(clip.faces), RATE)
    silent = np.abs(truth - gap_mm(np.zeros((1, 52), np.float32)))
    assert results["tracking without sound"].hidden_mm == pytest.approx(silent[hidden].mean(), rel=1e-5)
    assert results["last face held"].hidden_mm > 1
    assert all(results[method].seen_mm == pytest.approx(0, abs=1e-5) for method in METHODS[:3])
    assert results["tracking without sound"].jump_mm > 5
    assert abs(results["tracking with sound"].jump_mm) < 1e-5


def test_only_the_hidden_region_is_hidden() -> None:
    clip = loud_jaw()
    results = summarise([trace(Echo, Clip(np.zeros_like(clip.pcm), clip.faces), [0], 2, RATE)])  # type: ignore[arg-type]
    assert results["tracking with sound"].hidden_mm == pytest.approx(0, abs=1e-5)


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    plot(trace(Echo, loud_jaw(), [0, 1], 2, RATE), RATE, tmp_path / "gap.svg", "title")  # type: ignore[arg-type]
    assert "<svg" in (tmp_path / "gap.svg").read_text()


@pytest.mark.parametrize(("name", "problem"), [("gap.txt", "kind of picture"), ("no/gap.svg", "folder does not exist")])
def test_a_picture_that_cannot_be_is_refused(name: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=problem):
        check_picture(tmp_path / name)


def test_a_model_without_tracking_is_refused() -> None:
    with pytest.raises(UsageError, match="tracked face"):
        tracking_signal(Streaming().pipeline, "bundle")
