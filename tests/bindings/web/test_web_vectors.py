"""The package's own tests, and its arithmetic against the reference: clock, resampler, noise, signals, digests."""

from __future__ import annotations

import json
import random
from itertools import product
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

import sdk
from sdk.audio.clock import SampleClock
from sdk.audio.resample import Resampler, resample
from sdk.bundle.digest import leaf_digest
from sdk.runtime.noise import uniforms
from sdk.runtime.signals import Row, first_to_see, seen
from sdk.spec import FrameRate, SignalSpec, SignalTensor
from tests.bindings.retarget_vectors import CHANNELS, retarget_vectors
from tests.bindings.web.conftest import ROOT, run
from tests.bundle.test_retarget_file import REFUSED
from tests.runtime.choices import echo_pipeline

RATES = (8_000, 16_000, 44_099, 44_100, 48_000, 96_000)
FRAME_RATES = ("1", "24", "29.97", "30", "60", "90", "123457/1000", "1000")
SEEDS = (None, 0, 1, 2**53 + 1, 2**64 - 1)


def test_the_packages_own_tests(package: Path) -> None:
    done = run("npm", "test")
    assert done.returncode == 0, done.stdout
    assert "# fail 0\n" in done.stdout
    assert "# skipped 0\n" in done.stdout


def test_the_numbers_are_those_of_the_reference(package: Path, tmp_path: Path) -> None:
    tensors: dict[str, np.ndarray] = {}
    cases = {
        "statuses": statuses(),
        "version": sdk.__version__,
        "clock": clocks(),
        "rates": RATES,
        "delays": {rate: Resampler(rate).delay_ms for rate in RATES},
        "noise": noises(tensors),
        "signals": signals(),
        "digests": digests(tensors),
        "retargets": retargets(tensors),
        "refused_retargets": [text.decode() for text, _ in REFUSED if not text.startswith(b"\xff")],
    }
    for rate in RATES:
        pcm = np.random.default_rng(rate).uniform(-1, 1, rate // 4).astype(np.float32)
        tensors |= {f"pcm.{rate}": pcm, f"resampled.{rate}": resample(pcm, rate)}
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    save_file(tensors, tmp_path / "cases.safetensors")
    done = run("node", "--test", "test/vectors/reference.test.mjs", NOWFACE_VECTORS=str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert "# skipped 0\n" in done.stdout


def statuses() -> dict[str, int]:
    table = json.loads((ROOT / "runtime_bindings" / "statuses.json").read_text())
    return {status["name"]: status["code"] for status in table["statuses"]}


def clocks() -> list[dict[str, object]]:
    draw = random.Random(0)
    cases = []
    for fps, hop, lookahead in product(FRAME_RATES, (1, 320, 1_601), (0, 160, 4_000)):
        rate = FrameRate.parse(fps)
        clock = SampleClock(rate, hop, lookahead)
        for index in (0, 1, draw.randrange(10**4), draw.randrange(10**8)):
            samples = clock.due(index) + draw.choice((-1, 0, 1, lookahead))
            cases.append(
                {
                    "rate": rate.model_dump(),
                    "hop": hop,
                    "lookahead": lookahead,
                    "index": index,
                    "samples": samples,
                    "due": clock.due(index),
                    "newest_hop": clock.newest_hop(index),
                    "phase": clock.phase(index),
                    "ready": clock.frames_ready(samples),
                    "covering": clock.frames_covering(samples),
                }
            )
    return cases


def noises(tensors: dict[str, np.ndarray]) -> list[dict[str, object]]:
    cases = []
    for seed, number, (frame, count) in product(SEEDS, (0, 3), ((0, 1), (1, 7), (123_456_789, 64), (2**40 + 5, 6))):
        name = f"noise.{len(cases)}"
        tensors[name] = uniforms(seed, number, frame, (count,))
        cases.append({"seed": None if seed is None else str(seed), "number": number, "frame": frame, "name": name})
    return cases


def signals() -> dict[str, object]:
    spec = SignalSpec(name="cue", tensors=(SignalTensor(name="mark", shape=(1,)),), hold_samples=900)
    pipeline = echo_pipeline().model_copy(update={"signals": (spec,)})
    samples = (0, 100, 100, 2_000, 2_500)
    rows = tuple(Row(sample, {"mark": np.full(1, mark + 1, np.float32)}) for mark, sample in enumerate(samples))
    looks = (0, 99, 100, 1_000, 1_001, 1_999, 2_000, 2_499, 2_500, 3_400, 3_401)
    clocks = [(FrameRate.parse(fps), lookahead) for fps in ("29.97", "60") for lookahead in (0, 500)]
    return {
        "spec": spec.model_dump(),
        "rows": [{"sample": row.sample, "value": float(row.tensors["mark"][0])} for row in rows],
        "seen": [{"until": u, "value": float(seen(pipeline, {"cue": rows}, u)["cue.mark"][0])} for u in looks],
        "first": [
            {
                "rate": rate.model_dump(),
                "lookahead": lookahead,
                "sample": sample,
                "frame": first_to_see(SampleClock(rate, 320, lookahead), sample),
            }
            for rate, lookahead in clocks
            for sample in (0, 1, 533, 534, 535, 16_000, 160_161)
        ],
    }


def retargets(tensors: dict[str, np.ndarray]) -> list[dict[str, object]]:
    cases: list[dict[str, object]] = []
    for vector in retarget_vectors():
        name = f"retarget.{len(cases)}"
        tensors |= {f"{name}.given": vector.given, f"{name}.shown": vector.shown}
        cases.append(
            {
                "text": vector.retarget.model_dump_json(),
                "channels": CHANNELS,
                "rate": vector.rate.model_dump(),
                "frames": vector.frames,
                "strength": vector.strength,
                "name": name,
            }
        )
    return cases


def digests(tensors: dict[str, np.ndarray]) -> dict[str, list[float]]:
    leaves = {f"leaf.{n}": np.random.default_rng(n).normal(size=n).astype(np.float32) for n in (1, 7, 4_096)}
    tensors |= leaves
    return {name: list(leaf_digest(leaf)) for name, leaf in leaves.items()}
