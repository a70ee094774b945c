"""Weights from vertices on the default face: time of a frame, errors and jitter; and the solvers that were compared.

Run with ``pytest tests/benchmarks/test_rig_solve.py --benchmark-enable --benchmark-json=solve.json``: errors are in the
``extra_info``. ``pip install clarabel osqp piqp`` adds these to the comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from scipy import sparse
from scipy.optimize import lsq_linear

import sdk
from sdk.audio.files import read_audio
from sdk.models.faceformer.entry import ENTRY
from sdk.models.registry import BuildOptions
from sdk.rigs.box_minimum import box_minimum
from sdk.rigs.fit_quality import fit_quality
from sdk.rigs.shape_set import ShapeSet, default_shapes
from sdk.rigs.solve import SolveProblem, SolveState, prepare_solve, solve_clip, solve_frame
from sdk.runtime import EagerExecutor, Session

FRAMES = 150
SPEECH = Path(sdk.__file__).parent / "pretrained" / "speech.flac"


@pytest.fixture(scope="module")
def face() -> ShapeSet:
    return default_shapes()


@pytest.fixture(scope="module", params=["speech", "random"])
def weights(request: pytest.FixtureRequest) -> np.ndarray:
    """(150, 52): the default model on the real clip, or new random weights in each frame."""
    if request.param == "random":
        generator = np.random.default_rng(0)
        return generator.uniform(0, 1, (FRAMES, 52)) * (generator.random((FRAMES, 52)) < 0.3)
    staged = ENTRY.build(BuildOptions())
    session = Session(staged.pipeline, EagerExecutor(staged.stages), staged.parameters)
    pcm, rate = read_audio(SPEECH)
    session.push(pcm[: rate * 6], rate)
    return np.stack([frame.values for frame in session.poll()])[:FRAMES]


@pytest.mark.parametrize("noise_mm", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("align_head", [False, True], ids=["still", "aligned"])
def test_one_frame(
    benchmark: BenchmarkFixture, face: ShapeSet, weights: np.ndarray, noise_mm: float, align_head: bool
) -> None:
    problem = prepare_solve(face, align_head=align_head)
    clean = face.pose(weights)
    given = clean + np.random.default_rng(1).normal(0, noise_mm, clean.shape).astype(np.float32)
    frames, state = cycle(given), SolveState()

    def step() -> None:
        nonlocal state
        _, state = solve_frame(problem, next(frames), state)

    benchmark(step)
    quality = fit_quality(face, solve_clip(problem, given), given, clean)
    benchmark.extra_info |= vars(quality)
    assert quality.mean_mm < 0.1
    assert quality.jitter_out_mm <= quality.jitter_in_mm * 1.0001


Solver = Callable[[np.ndarray, np.ndarray], np.ndarray]


def daqp_solver(quadratic: np.ndarray) -> Solver:
    low, high = np.zeros(len(quadratic), np.float32), np.ones(len(quadratic), np.float32)
    return lambda linear, near: box_minimum(quadratic, linear, low, high, near)


def scipy_solver(quadratic: np.ndarray) -> Solver:
    lower = np.linalg.cholesky(quadratic)
    return lambda linear, near: lsq_linear(lower.T, np.linalg.solve(lower, linear), (0, 1), method="bvls").x


def piqp_solver(quadratic: np.ndarray) -> Solver:
    import piqp

    count = len(quadratic)
    solver = piqp.DenseSolver()
    solver.setup(quadratic, np.zeros(count), None, None, None, None, None, np.zeros(count), np.ones(count))

    def solve(linear: np.ndarray, near: np.ndarray) -> np.ndarray:
        solver.update(c=-linear)
        solver.solve()
        return solver.result.x.copy()

    return solve


def osqp_solver(quadratic: np.ndarray) -> Solver:
    import osqp

    count = len(quadratic)
    identity, half = sparse.eye(count, format="csc"), sparse.csc_matrix(np.triu(quadratic))
    solver = osqp.OSQP()
    options = {"verbose": False, "eps_abs": 1e-7, "eps_rel": 1e-7, "max_iter": 20_000}
    solver.setup(half, np.zeros(count), identity, np.zeros(count), np.ones(count), **options)

    def solve(linear: np.ndarray, near: np.ndarray) -> np.ndarray:
        solver.update(q=-linear)
        return np.array(solver.solve().x)

    return solve


def clarabel_solver(quadratic: np.ndarray) -> Solver:
    import clarabel

    count = len(quadratic)
    half = sparse.csc_matrix(np.triu(quadratic))
    rows = sparse.csc_matrix(np.vstack([np.eye(count), -np.eye(count)]))
    bounds = np.concatenate([np.ones(count), np.zeros(count)])
    settings: Any = clarabel.DefaultSettings()
    settings.verbose = False
    cones = [clarabel.NonnegativeConeT(2 * count)]
    return lambda linear, near: np.array(clarabel.DefaultSolver(half, -linear, rows, bounds, cones, settings).solve().x)


SOLVERS = {
    "daqp": daqp_solver,
    "scipy": scipy_solver,
    "piqp": piqp_solver,
    "osqp": osqp_solver,
    "clarabel": clarabel_solver,
}


@pytest.mark.parametrize("name", [name for name in SOLVERS if find_spec(name)])
def test_solvers(benchmark: BenchmarkFixture, face: ShapeSet, weights: np.ndarray, name: str) -> None:
    """Each on the same 50 frames with noise, started from the frame before; accuracy against SciPy's exact BVLS."""
    problem: SolveProblem = prepare_solve(face, noise=0)
    moved = face.pose(weights[:50]) - face.vertices
    noisy = moved + np.random.default_rng(2).normal(0, 0.3, moved.shape)
    linear = noisy[:, problem.rows].reshape(50, -1) @ problem.projector.T
    solve, exact = SOLVERS[name](problem.quadratic), scipy_solver(problem.quadratic)
    near = np.zeros(52)
    worst = 0.0
    for right in linear:
        near = solve(right, near)
        worst = max(worst, float(np.abs(near - exact(right, near)).max()))
    rights = cycle(linear)
    benchmark(lambda: solve(next(rights), near))
    benchmark.extra_info["largest_weight_error"] = worst
    assert worst < 0.05
