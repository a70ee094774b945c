"""Draw clock.svg: one fifth of a second of a stream, to scale. Run: ``python docs/assets/make_clock.py``.

The waveform is a piece of `sdk/pretrained/speech.flac` ("maybe": a closure of the lips in its middle), the hops and due
samples are those of the sample clock at 30 frames a second. The faces are drawn by hand, not computed by a model.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from matplotlib.tri import Triangulation
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
START, SHOWN, NOW = 7360, 3840, 3200  # samples of the file: where the piece starts; then of the piece
HOP, FRAMES, FPS = 320, 6, 30
LEFT, SCALE = 214, 0.228  # pixels; pixels a sample
WIDTH, HEIGHT = 1120, 636

STYLE = """
  .card { fill: #fbfbfd; stroke: #d4d7e0 }
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1d2433;
         font-size: 14px }
  .title { font-size: 15px; font-weight: 600 } .small { font-size: 12.5px; fill: #5b6478 }
  .middle { text-anchor: middle }
  .wave { fill: #3d6fd9 } .unread { fill: #b9bfcc }
  .future { fill: #e9ebf1 } .rule { stroke: #c9cdd8; stroke-width: 1 }
  .now { stroke: #d2452d; stroke-width: 1.6; stroke-dasharray: 5 4 } .nowtext { fill: #b83520; font-weight: 600 }
  .hop { fill: #dfe8fb; stroke: #3d6fd9; stroke-width: 1.3 } .pending { fill: none; stroke: #b9bfcc; stroke-width: 1.3;
         stroke-dasharray: 4 3 }
  .frame { fill: #fdebd2; stroke: #cf8417; stroke-width: 1.3 }
  .cell { fill: #ffffff; stroke: #5b6478; stroke-width: .8 } .newest { fill: #5b6478 }
  .link { stroke: #7c869b; stroke-width: 1.2; fill: none } .arrow { fill: #5b6478 } .state { stroke: #5b6478;
         stroke-width: 1.4; fill: none } .due { stroke: #cf8417; stroke-width: 1.4 } .dot { fill: #cf8417 }
  .mesh { stroke: #2c8466; stroke-width: .75; fill: #d9f0e6; stroke-linejoin: round }
  .lips { fill: #a9dcc6; stroke-width: 1.2 } .mouth { fill: #174a38; stroke-width: 1.2 }
  .box { fill: #ffffff; stroke: #7c869b; stroke-width: 1.2 } .gate { fill: #dcf2e8; stroke: #2c8466; stroke-width: 1.6 }
  @media (prefers-color-scheme: dark) {
    .card { fill: #12161f; stroke: #313849 } text { fill: #e8ebf2 } .small { fill: #a3adc0 }
    .wave { fill: #6f9bff } .unread { fill: #4c5568 } .future { fill: #1c2230 }
    .rule { stroke: #364055 } .now { stroke: #ff7b63 } .nowtext { fill: #ff8f7a }
    .hop { fill: #1b2c52; stroke: #6f9bff } .pending { stroke: #4c5568 } .frame { fill: #463010; stroke: #efab4c }
    .cell { fill: #12161f; stroke: #a3adc0 } .newest { fill: #a3adc0 } .link { stroke: #7f8aa1 }
    .arrow { fill: #a3adc0 }
    .state { stroke: #a3adc0 } .due { stroke: #efab4c } .dot { fill: #efab4c }
    .mesh { stroke: #58c9a0; fill: #143327 } .lips { fill: #2a6b52 } .mouth { fill: #04110c }
    .box { fill: #1a202d; stroke: #7f8aa1 }
    .gate { fill: #143327; stroke: #58c9a0 }
  }
"""


def x_of(sample: float) -> float:
    """Horizontal place of a sample of the piece."""
    return LEFT + sample * SCALE


def due(frame: int) -> int:
    """The sample before which frame `frame` must be computed."""
    return math.ceil((frame + 1) * 16000 / FPS)


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{words}</text>'


def rect(box: tuple[float, float, float, float], kind: str, radius: float = 5) -> str:
    """A rounded box (x, y, width, height)."""
    x, y, width, height = box
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}" class="{kind}"/>'


def line(points: list[tuple[float, float]], kind: str, arrow: bool = False) -> str:
    """A polyline, with an arrow head if asked."""
    path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="{path}" class="{kind}"' + (' marker-end="url(#head)"/>' if arrow else "/>")


def registers(x: float, y: float, cells: int) -> list[str]:
    """A shift register: the newest value is its filled last cell."""
    return [rect((x + 9 * i, y, 9, 9), "cell newest" if i == cells - 1 else "cell", 1.5) for i in range(cells)]


def speech_lane(pcm: NDArray[np.float64], top: float) -> list[str]:
    """The waveform, drawn as the extent of the samples under each step of 1.2 pixels."""
    middle, height, step = top + 44, 62.0 / np.abs(pcm).max() * 0.7, 5
    drawn = []
    for first, last, kind in ((0, NOW, "wave"), (NOW, SHOWN, "unread")):
        spans = [(i, pcm[i : i + step]) for i in range(first, last, step)]
        upper = [f"{x_of(i):.1f} {middle - s.max() * height - 0.4:.1f}" for i, s in spans]
        lower = [f"{x_of(i):.1f} {middle - s.min() * height + 0.4:.1f}" for i, s in reversed(spans)]
        drawn.append(f'<path d="M{" L".join(upper + lower)}Z" class="{kind}"/>')
    return drawn


def due_lane(top: float, bottom: float) -> list[str]:
    """The due sample of each frame: a line from the speech down to the frame."""
    drawn = []
    for x, sample in ((x_of(due(frame)), due(frame)) for frame in range(FRAMES)):
        drawn.append(line([(x, top), (x, bottom)], "due"))
        drawn.append(f'<circle cx="{x:.1f}" cy="{top:.1f}" r="3.4" class="dot"/>')
        drawn.append(text(x + 8, top + 4.5, f"due {sample}", "small"))
    return drawn


def hop_lane(top: float) -> list[str]:
    """The audio encoder: one step a hop, its state handed from step to step."""
    drawn = []
    for hop in range(SHOWN // HOP):
        x, done = x_of(hop * HOP), (hop + 1) * HOP <= NOW
        drawn.append(rect((x + 5, top, HOP * SCALE - 10, 44), "hop" if done else "pending"))
        drawn.append(text(x + HOP * SCALE / 2, top + 18, f"hop {hop}", "small middle"))
        if done:
            drawn += registers(x + HOP * SCALE / 2 - 18, top + 26, 4)
        if (hop + 2) * HOP <= NOW:
            drawn.append(line([(x + HOP * SCALE - 5, top + 30), (x + HOP * SCALE + 3.5, top + 30)], "state", True))
    return drawn


def frame_lane(hops: float, top: float) -> list[str]:
    """The motion decoder: one step a frame, from the newest two complete hops and its own last motion."""
    drawn = []
    for frame in range(FRAMES):
        x, newest = x_of(due(frame)), due(frame) // HOP - 1
        for hop in (newest - 1, newest):
            if hop >= 0:
                source = x_of((hop + 0.5) * HOP)
                drawn.append(line([(source, hops + 44), (source, hops + 58), (x + 16, top - 3)], "link", True))
        drawn.append(rect((x, top, 92, 46), "frame"))
        drawn.append(text(x + 46, top + 18, f"frame {frame}", "small middle"))
        drawn += registers(x + 23, top + 27, 5)
        if frame + 1 < FRAMES:
            drawn.append(line([(x + 92, top + 32), (x_of(due(frame + 1)) - 2.5, top + 32)], "state", True))
    return drawn


def face(x: float, y: float, opening: float) -> list[str]:
    """A small triangulated face, about 84 x 104, whose lower lip and jaw follow `opening` in [0, 1]."""
    turn = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    oval = np.c_[39 * np.sin(turn), -50 * np.cos(turn) * np.where(np.cos(turn) > 0, 0.92, 1.0)]
    ring = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    outer = np.c_[15 * np.cos(ring), 24 + 6.5 * np.sin(ring)]
    inner = np.c_[11 * np.cos(ring), 24 + 0.6 * np.sin(ring)]
    eye = np.array([[8, -10], [14, -13.5], [20, -13], [25, -9.5], [19, -7.5], [13, -7.5]], float)
    brow = np.array([[6, -20], [15, -23.5], [27, -19]], float)
    nose = np.array([[0, -8], [0, 6], [-6, 10], [6, 10], [0, 12.5]], float)
    cheeks = np.array([[24, 8], [28, 22], [17, 37], [27, -33]], float)
    middle = np.array([[0, -26], [0, -38], [0, 40]], float)
    mirror = np.array([-1.0, 1.0])
    groups = [oval, outer, inner, eye, eye * mirror, brow, brow * mirror, nose, cheeks, cheeks * mirror, middle]
    points = np.concatenate(groups)
    mesh = Triangulation(points[:, 0], points[:, 1]).triangles
    holes = [set(range(28, 38)), set(range(38, 44)), set(range(44, 50))]
    moved = points.copy()
    below = np.clip((points[:, 1] - 24) / 8, 0, 1)
    below[28:38] = np.clip(np.sin(ring), 0, 1)
    moved[:, 1] += opening * 11 * below
    moved[18:38, 0] *= 1 - 0.16 * opening
    path = ""
    for corners in mesh:
        if not any(set(corners.tolist()) <= hole for hole in holes):
            path += "M" + " L".join(f"{x + px:.1f} {y + py:.1f}" for px, py in moved[corners]) + "Z"
    rings = [
        "M" + " L".join(f"{x + px:.1f} {y + py:.1f}" for px, py in moved[a:b]) + "Z" for a, b in ((18, 28), (28, 38))
    ]
    lips = f'<path d="{rings[0]}" class="mesh lips"/>'
    return [f'<path d="{path}" class="mesh"/>', lips, f'<path d="{rings[1]}" class="mesh mouth"/>']


def gate(top: float) -> list[str]:
    """The parity gate: the same samples and state through the reference and the device's program."""
    drawn = [line([(24, top - 16), (WIDTH - 24, top - 16)], "rule")]
    drawn += [text(28, top + 32, "parity gate", "title"), text(28, top + 51, "before a bundle ships,", "small")]
    drawn.append(text(28, top + 67, "and on the device", "small"))
    boxes = [
        (214, 20, 168, 52, "test vectors", "speech and chunk plan"),
        (432, -2, 232, 44, "reference", "the model in PyTorch"),
        (432, 52, 232, 44, "device program", ".pte, .mlpackage, .onnx"),
        (706, 20, 194, 52, "compare", "every output, every state"),
    ]
    for x, y, width, height, name, words in boxes:
        drawn.append(rect((x, top + y, width, height), "box"))
        drawn.append(text(x + width / 2, top + y + height / 2 - 4, name, "middle"))
        drawn.append(text(x + width / 2, top + y + height / 2 + 13, words, "small middle"))
    for start, end in (((382, 46), (430, 22)), ((382, 46), (430, 72)), ((664, 20), (704, 42)), ((664, 74), (704, 50))):
        drawn.append(line([(start[0], top + start[1]), (end[0], top + end[1])], "link", True))
    drawn.append(line([(900, top + 46), (942, top + 46)], "link", True))
    drawn.append(rect((945, top + 12, 150, 68), "gate"))
    drawn.append(text(1020, top + 40, "within tolerance", "middle"))
    drawn.append(text(1020, top + 61, "or exit code 1", "small middle"))
    return drawn


def labels(rows: list[tuple[float, str, str, str]]) -> list[str]:
    """Names of the lanes with two lines of words each."""
    drawn = []
    for y, name, first, second in rows:
        drawn += [text(28, y, name, "title"), text(28, y + 19, first, "small"), text(28, y + 35, second, "small")]
    return drawn


def main() -> None:
    """Write clock.svg beside this file."""
    sound, _ = soundfile.read(ROOT / "sdk" / "pretrained" / "speech.flac")
    pcm = sound[START : START + SHOWN]
    speech, hops, frames, faces, bottom = 46.0, 178.0, 290.0, 424.0, 524.0
    edges = [0, *(due(frame) for frame in range(FRAMES))]
    loudness = np.array([pcm[a:b].std() for a, b in pairwise(edges)])
    openings = np.clip(loudness / loudness.max(), 0, 1) ** 0.8
    openings[openings < 0.35] = 0
    body = [rect((0.5, 0.5, WIDTH - 1, HEIGHT - 1), "card", 12)]
    body.append(rect((x_of(NOW), speech - 22, (SHOWN - NOW) * SCALE, hops - speech + 72), "future", 4))
    body += speech_lane(pcm, speech) + due_lane(hops - 22, frames) + hop_lane(hops) + frame_lane(hops, frames)
    for frame in range(FRAMES):
        body.append(line([(x_of(due(frame)) + 46, frames + 46), (x_of(due(frame)) + 46, frames + 70)], "link", True))
        body += face(x_of(due(frame)) + 46, faces, float(openings[frame]))
    body.append(line([(x_of(NOW), speech - 30), (x_of(NOW), hops - 26)], "now"))
    body.append(text(x_of(NOW) + 9, speech - 5, "not spoken yet,", "small nowtext"))
    body.append(text(x_of(NOW) + 9, speech + 11, "never read", "small nowtext"))
    body += labels(
        [
            (speech + 30, "speech", "16,000 samples a second,", "pushed in any chunks"),
            (hops + 12, "audio_encoder", "one step every 320 samples", "(20 ms)"),
            (frames + 8, "motion_decoder", "one step a frame, at its", "due sample (30 a second)"),
            (faces - 12, "face", "weights of 52 blendshapes,", "posed on any head with them"),
        ]
    )
    body.append(text(28, hops + 68, "state: registers of", "small"))
    body += [text(28, hops + 84, "fixed length, shifted", "small"), *registers(158, hops + 67, 4)]
    body += gate(bottom)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="One fifth of a second of a stream: speech samples, hops of 20 ms, frames at their due samples, '
        'state registers, faces, and the parity gate below">'
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0.6 L8 4 L0 7.4Z" class="arrow"/></marker></defs>'
    )
    svg = "\n".join([head, f"<style>{STYLE}</style>", *body, "</svg>"])
    (Path(__file__).parent / "clock.svg").write_text(svg + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
