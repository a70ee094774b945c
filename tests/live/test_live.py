"""A live stream on a made-up clock: every time is known, and so is what the meter must say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from sdk.errors import AudioError, MissingDependencyError
from sdk.live.loop import Listener, warm_up
from sdk.live.meter import Meter, Times
from sdk.live.microphone import MicrophoneSource, devices
from sdk.live.screen import Screen, bar, small_face
from sdk.live.sources import Block, FileSource, WallClock
from sdk.parity.face import Face, NoFace
from sdk.rigs.arkit import ARKIT_52
from sdk.runtime import Frame, Session
from sdk.runtime.eager import EagerExecutor
from sdk.runtime.events import Report
from tests.toy import ENTRY
from tests.toy_bundle import speech_like

PERIOD = 1 / 30


@dataclass
class MadeUpClock:
    """Moves only when somebody sleeps or works."""

    time: float = 100.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


def toy_session(queue_seconds: float = 1.0) -> Session:
    from sdk.models.registry import BuildOptions

    staged = ENTRY.build(BuildOptions())
    return Session(staged.pipeline, EagerExecutor(staged.stages), staged.parameters, queue_seconds=queue_seconds)


def streamed(
    session: Session, pcm: np.ndarray, clock: MadeUpClock, work: Callable[[int], float], seconds: float | None = None
) -> tuple[Meter, list[Frame]]:
    """Frames of `pcm` at 16 kHz in blocks of 10 ms, where computing frame t takes ``work(t)`` seconds."""
    meter, frames = Meter(16_000, PERIOD), []
    source = FileSource("made up", pcm, 16_000, 0.01, clock)
    poll = session.poll

    def worked():
        for frame in poll():
            clock.time += work(frame.index)
            yield frame

    session.poll = worked  # type: ignore[method-assign]
    Listener(session, source, meter, clock, frames.append, seconds).run()
    return meter, frames


class TestPace:
    def test_a_fast_machine_is_never_late_and_gives_the_frames_of_the_whole_clip(self) -> None:
        pcm, clock = speech_like(16_000), MadeUpClock()
        meter, frames = streamed(toy_session(), pcm, clock, lambda _: 0.002)
        assert clock.time == pytest.approx(101.0, abs=0.02), "a second of sound takes a second"
        with toy_session() as whole:
            whole.push(pcm)
            whole.flush()
            expected = list(whole.poll())
        assert [frame.index for frame in frames] == list(range(30))
        assert all(np.array_equal(a.values, b.values) for a, b in zip(frames, expected, strict=True))
        assert (meter.frames, meter.late) == (30, 0)
        assert meter.push_to_frame.quantile(0.5) == pytest.approx(2.0, abs=0.2)
        # The sound of a frame is complete within a block of 10 ms.
        assert 2.0 <= meter.sound_to_frame.largest <= 12.1
        assert meter.real_time_factor == pytest.approx(30 * 0.002, rel=0.01)
        assert meter.seconds == 1

    def test_a_slow_machine_drops_the_oldest_sound_and_counts_it(self) -> None:
        """Frames take thrice the time they have; a queue of 0.2 s keeps the newest."""
        pcm, clock, session = speech_like(32_000), MadeUpClock(), toy_session(queue_seconds=0.2)
        meter, frames = streamed(session, pcm, clock, lambda _: 3 * PERIOD)
        report = session.report
        assert report.dropped_samples > 8_000
        assert report.skipped_frames > 15
        assert meter.frames + report.skipped_frames == 60
        assert meter.late == meter.frames
        assert max(np.diff([frame.index for frame in frames])) > 1
        assert meter.real_time_factor > 0.9

    def test_one_hiccup_makes_some_frames_late_and_is_caught_up(self) -> None:
        clock, session = MadeUpClock(), toy_session()
        meter, frames = streamed(session, speech_like(16_000), clock, lambda t: 0.2 if t == 10 else 0.001)
        assert session.report.dropped_samples == 0
        assert len(frames) == 30
        assert 4 <= meter.late <= 7, "those whose sound came while the machine hung"
        assert 200 <= meter.sound_to_frame.largest <= 212

    def test_stops_after_the_seconds_asked_for(self) -> None:
        meter, frames = streamed(toy_session(), speech_like(48_000), MadeUpClock(), lambda _: 0.001, seconds=0.5)
        assert meter.seconds == pytest.approx(0.5, abs=0.011)
        assert len(frames) in (14, 15)

    def test_a_machine_that_never_catches_up_stops_too(self) -> None:
        meter, _ = streamed(toy_session(), speech_like(48_000), MadeUpClock(), lambda _: 0.1, seconds=0.5)
        assert 0.5 <= meter.seconds < 0.7

    def test_warming_up_leaves_no_trace(self) -> None:
        with toy_session() as session, toy_session() as fresh:
            warm_up(session, 48_000)
            assert session.report == Report()
            for each in (session, fresh):
                each.push(speech_like(3_200))
            assert all(np.array_equal(a.values, b.values) for a, b in zip(session.poll(), fresh.poll(), strict=True))


class TestMeter:
    def test_quantiles(self) -> None:
        times = Times()
        assert times.document() == {"median": None, "p95": None, "max": None}
        for value in range(1, 101):
            times.add(value)
        assert times.quantile(0.5) == pytest.approx(50, abs=0.11)
        assert times.quantile(0.95) == pytest.approx(95, abs=0.11)
        times.add(99_999)
        times.add(-1)
        assert times.largest == 99_999
        assert times.quantile(1.0) == 5_000

    def test_lookahead_is_part_of_what_a_frame_waits_for(self) -> None:
        meter = Meter(16_000, PERIOD, lookahead_samples=1_600)
        meter.push(Block(np.full(3_200, 0.1, np.float32), 50.0), 50.001)
        meter.frame(534, 50.004)
        assert meter.sound_to_frame.largest == pytest.approx(1000 * (0.004 + (3_200 - 534 - 1_600) / 16_000))
        assert meter.newest_ms == pytest.approx(3.0)
        assert meter.level_dbfs == pytest.approx(-20)

    def test_silence_and_broken_sound_have_a_level(self) -> None:
        meter = Meter(16_000, PERIOD)
        for pcm in (np.zeros(0, np.float32), np.zeros(9, np.float32), np.full(9, np.nan, np.float32)):
            meter.push(Block(pcm, 1.0), 1.0)
            assert meter.level_dbfs == -120


class TestScreen:
    def test_the_mouth_opens_and_narrows(self) -> None:
        shut, ajar, wide, round_ = (small_face(*each, 0) for each in ((0, 0), (6, 0), (99, 0), (6, 1)))
        assert "╶─────╴" in shut
        assert "╭─────╮" in ajar
        assert wide.count("│     │") > ajar.count("│     │")
        assert "╭───╮" in round_
        assert "-     -" in small_face(0, 0, 1)
        assert len({face.count("\n") for face in (shut, ajar, wide, round_)}) == 1

    def test_bars(self) -> None:
        assert bar(0.5).plain == "█" * 11 + "░" * 11
        assert bar(-3).plain == "░" * 22
        assert bar(7).plain == "█" * 22
        assert bar(float("nan")).plain == "░" * 22

    def test_what_is_lost_is_said(self) -> None:
        from rich.console import Console

        face = Face.of(ARKIT_52, "1", (52,))
        screen, console = Screen("title", ARKIT_52, face), Console(width=100, record=True, file=open_null())
        values = np.zeros(52, np.float32)
        values[ARKIT_52.index("jawOpen")] = 0.25
        screen.show(values)
        meter = Meter(16_000, PERIOD)
        console.print(screen.draw(meter, Report(dropped_samples=320, skipped_frames=2), 1))
        text = console.export_text()
        assert "320 samples" in text
        assert "2 frames" in text
        assert "1 overflows" in text
        assert "0.25" in text
        assert screen.gap is not None
        assert isinstance(face, Face)
        expected = face.gap(values[None])
        assert expected is not None
        assert screen.gaps == (expected[0], expected[0])

    def test_a_mesh_without_lips(self) -> None:
        screen = Screen("title", (), NoFace("no face"))
        screen.show(np.zeros((5, 3), np.float32))
        assert screen.gap is None
        screen.draw(Meter(16_000, PERIOD), Report(), 0)


def open_null():
    import io

    return io.StringIO()


class FakeSound:
    """What the SDK uses of sounddevice: one microphone at 48 kHz, and a stream that a test drives."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        self.streams: list[FakeStream] = []

    def query_devices(self, device=None, kind=None):
        found = [
            {"name": "Speaker", "max_input_channels": 0, "default_samplerate": 44_100.0},
            {"name": "Headset", "max_input_channels": 1, "default_samplerate": 48_000.0},
        ]
        if kind is None:
            return found
        if device not in (None, 1, "Head"):
            raise ValueError(f"No input device matching {device!r}")
        return found[1]

    def InputStream(self, **options):  # noqa: N802
        self.streams.append(FakeStream(options))
        return self.streams[-1]


class FakeStream:
    def __init__(self, options) -> None:
        self.options, self.running, self.closed = options, False, False

    def start(self) -> None:
        self.running = True

    def close(self) -> None:
        self.closed = True

    def hear(self, samples: np.ndarray, age: float, overflow: bool = False) -> None:
        times = SimpleNamespace(currentTime=10.0, inputBufferAdcTime=10.0 - age)
        self.options["callback"](samples[:, None], len(samples), times, SimpleNamespace(input_overflow=overflow))


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    made = FakeSound()
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", made)
    return made


class TestMicrophone:
    def test_blocks_come_with_the_time_at_which_they_were_heard(self, sound: FakeSound) -> None:
        clock = MadeUpClock()
        source = MicrophoneSource("Head", 0.01, clock)
        assert (source.name, source.rate, source.ended) == ("Headset", 48_000, False)
        (stream,) = sound.streams
        assert (stream.options["channels"], stream.options["blocksize"]) == (1, 480)
        source.start()
        assert stream.running
        assert source.take() == []
        samples = np.arange(480, dtype=np.float32)
        stream.hear(samples, age=0.013)
        samples[:] = 0
        stream.hear(samples, age=0.010, overflow=True)
        source.wait()
        first, second = source.take()
        assert first.pcm.tolist() == list(range(480)), "a copy: PortAudio uses its buffer again"
        assert first.heard == pytest.approx(100 - 0.013 + 0.010)
        assert second.heard == pytest.approx(100)
        assert source.overflows == 1
        source.wait()
        assert source.take() == []
        source.close()
        assert stream.closed

    def test_drives_a_session(self, sound: FakeSound) -> None:
        source = MicrophoneSource("1", 0.01, WallClock())
        pcm = speech_like(48_000)
        for first in range(0, len(pcm), 480):
            sound.streams[0].hear(pcm[first : first + 480], age=0.01)
        frames: list[Frame] = []
        Listener(toy_session(), source, Meter(48_000, PERIOD), WallClock(), frames.append, seconds=1.0).run()
        assert len(frames) == 29, "the resampler keeps the last 3 ms"

    def test_devices(self, sound: FakeSound) -> None:
        assert devices() == [(1, "Headset")]

    @pytest.mark.parametrize("device", ["7", "absent"])
    def test_no_such_device(self, sound: FakeSound, device: str) -> None:
        with pytest.raises(AudioError, match="--list-devices"):
            MicrophoneSource(device, 0.01, MadeUpClock())

    def test_a_device_that_does_not_start(self, sound: FakeSound, monkeypatch: pytest.MonkeyPatch) -> None:
        source = MicrophoneSource(None, 0.01, MadeUpClock())

        def refused() -> None:
            raise sound.PortAudioError("Device unavailable")

        monkeypatch.setattr(sound.streams[0], "start", refused)
        with pytest.raises(AudioError, match="Device unavailable"):
            source.start()

    def test_without_the_library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
        with pytest.raises(MissingDependencyError, match=r"nowface\[live\]"):
            MicrophoneSource(None, 0.01, MadeUpClock())
