"""``python -m sdk live BUNDLE``: the microphone or a file through a bundle in real time, with a latency meter."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdk.cli.common import FiniteRange, stderr

if TYPE_CHECKING:
    from rich.live import Live

    from sdk.bundle import Bundle
    from sdk.live.meter import Meter
    from sdk.live.screen import Screen
    from sdk.live.sources import Clock, Source
    from sdk.runtime import Frame, Session

PICTURES_A_SECOND, DRAWING_SHARE = 15, 0.1
"""Of the terminal: at most so many, and at most so much of the time, for drawing delays what it shows."""


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path), required=False)
@click.option("--input", "recording", type=click.Path(path_type=Path), help="Sound file.  [default: the microphone]")
@click.option("--device", help="Microphone: a number of --list-devices, or a part of a name.")
@click.option("--list-devices", is_flag=True, help="List the microphones and end.")
@click.option("--target", default="eager", show_default=True, help="What runs it, e.g. executorch, onnx or coreml.")
@click.option("--precision", help="Precision of the target.  [default: its first]")
@click.option("--style", help="Speaking style: its index, or a number for each with commas between them.")
@click.option("--retarget", type=click.Path(path_type=Path), help="Retarget file: gains, limits, smoothing, knobs.")
@click.option("--block-ms", default=10.0, show_default=True, type=FiniteRange(1, 1000), help="Sound a push.")
@click.option("--queue-seconds", default=1.0, show_default=True, type=FiniteRange(0.1, 600), help="Most to wait.")
@click.option("--seconds", type=FiniteRange(0.1), help="Stop after so much sound.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, and no screen.")
def live(
    *,
    bundle: Path | None,
    recording: Path | None,
    device: str | None,
    list_devices: bool,
    target: str,
    precision: str | None,
    style: str | None,
    retarget: Path | None,
    block_ms: float,
    queue_seconds: float,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Run the bundle in folder BUNDLE on what is heard, and tell how late its frames are. Ctrl-C ends it."""
    if list_devices:
        _list_devices()
        return
    from sdk.bundle import Bundle
    from sdk.cli.face_options import parameters_from_options
    from sdk.errors import UsageError
    from sdk.live.sources import WallClock

    if bundle is None:
        raise UsageError("live", "no bundle is named", "give the folder that python -m export wrote")
    if recording is not None and device is not None:
        raise UsageError("--device", "a file is played, not a microphone", "leave --device or --input out")
    clock = WallClock()
    with ExitStack() as stack:
        opened = stack.enter_context(Bundle.open(bundle))
        record = opened.record(target, precision)
        parameters = parameters_from_options(opened.pipeline, None, style)
        source = _source(recording, device, block_ms / 1000, clock)
        stack.callback(source.close)
        made = opened.session(target, precision, parameters, retarget=retarget, queue_seconds=queue_seconds)
        session = stack.enter_context(made)
        show = _Show.of(opened, f"{target} {record.precision}", session, source, clock)
        show.listen(seconds, drawn=not as_json and stderr.is_terminal)
        summary = {"bundle": str(bundle), "target": target, "precision": record.precision, **show.document()}
    click.echo(json.dumps(summary, indent=2) if as_json else show.in_words())


@dataclass(frozen=True)
class _Show:
    """One stream with its meter and its picture."""

    session: Session
    source: Source
    clock: Clock
    meter: Meter
    screen: Screen

    @classmethod
    def of(cls, bundle: Bundle, runs: str, session: Session, source: Source, clock: Clock) -> _Show:
        """Of a session of `bundle`; `runs` tells what runs it."""
        from sdk.live.meter import Meter
        from sdk.live.screen import Screen
        from sdk.parity.face import Face

        pipeline, rig = bundle.pipeline, bundle.rig
        meter = Meter(source.rate, 1 / float(pipeline.frame_rate.fraction), pipeline.lookahead_samples)
        title = f"{bundle.manifest.model.title} · {runs} · {source.name}"
        return cls(session, source, clock, meter, Screen(title, rig.names, Face.of(rig.names, bundle.unit, rig.shape)))

    def listen(self, seconds: float | None, drawn: bool) -> None:
        """Until the source ends, `seconds` of sound have come, or Ctrl-C."""
        from rich.live import Live

        from sdk.live.loop import Listener, warm_up

        warm_up(self.session, self.source.rate)
        picture = Live(console=stderr, auto_refresh=False, transient=True) if drawn else None
        with picture or nullcontext(), suppress(KeyboardInterrupt):
            if picture is not None:  # the first picture takes longest, and no sound waits yet
                self._draw(picture)
            Listener(self.session, self.source, self.meter, self.clock, self._follow(picture), seconds).run()

    def _follow(self, picture: Live | None) -> Callable[[Frame], None]:
        """Called with every frame; draws some of them, and the fewer the longer drawing takes."""
        next_drawn = -math.inf

        def show(frame: Frame) -> None:
            nonlocal next_drawn
            self.screen.show(frame.values)
            if picture is not None and (began := self.clock.now()) >= next_drawn:
                self._draw(picture)
                ended = self.clock.now()
                next_drawn = ended + max(1 / PICTURES_A_SECOND, (ended - began) / DRAWING_SHARE)

        return show

    def _draw(self, picture: Live) -> None:
        picture.update(self.screen.draw(self.meter, self.session.report, self.source.overflows), refresh=True)

    def document(self) -> dict[str, Any]:
        """What was measured, JSON-able."""
        meter, report = self.meter, self.session.report
        low, high = self.screen.gaps
        return {
            "source": self.source.name,
            "seconds": round(meter.seconds, 3),
            "frames": meter.frames,
            "late_frames": meter.late,
            "skipped_frames": report.skipped_frames,
            "dropped_samples": report.dropped_samples,
            "clipped_samples": report.clipped_samples,
            "non_finite_samples": report.non_finite_samples,
            "restarts": report.restarts,
            "overflows": self.source.overflows,
            "push_to_frame_ms": meter.push_to_frame.document(),
            "sound_to_frame_ms": meter.sound_to_frame.document(),
            "real_time_factor": round(meter.real_time_factor, 4),
            "lip_gap_mm": None if low > high else {"min": round(low, 3), "max": round(high, 3)},
        }

    def in_words(self) -> str:
        """The same in a line."""
        said = self.document()
        times = said["push_to_frame_ms"], said["sound_to_frame_ms"]
        parts = [
            f"{said['source']}: {said['seconds']:.2f} s heard, {said['frames']} frames, {said['late_frames']} late",
            f"{said['dropped_samples']} samples and {said['skipped_frames']} frames dropped",
        ]
        if said["frames"]:
            parts += [
                f"push to frame {times[0]['median']:.1f} ms (p95 {times[0]['p95']:.1f})",
                f"sound to frame {times[1]['median']:.1f} ms (p95 {times[1]['p95']:.1f})",
                f"real-time factor {said['real_time_factor']:.3f}",
            ]
        return ", ".join(parts)


def _source(recording: Path | None, device: str | None, block_seconds: float, clock: Clock) -> Source:
    """The file, or the microphone."""
    if recording is None:
        from sdk.live.microphone import MicrophoneSource

        return MicrophoneSource(device, block_seconds, clock)
    from sdk.audio.files import read_audio
    from sdk.live.sources import FileSource

    pcm, rate = read_audio(recording)
    return FileSource(recording.name, pcm, rate, block_seconds, clock)


def _list_devices() -> None:
    from sdk.live.microphone import devices

    found = devices()
    for number, name in found:
        click.echo(f"{number:3d}  {name}")
    if not found:
        click.echo("no microphone", err=True)
