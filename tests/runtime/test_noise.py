"""The noise of a session is Philox4x64-10, number by number, and nothing but seed, noise and frame decides it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sdk.errors import UsageError
from sdk.runtime import Frame, Session
from sdk.runtime.noise import check_seed, uniforms
from tests.runtime.choices import PCM, choice_session
from tests.runtime.streams import whole
from tests.toy_choice import CATEGORIES, LABELS

WORD = 2**64
MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
WEYL = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B


def philox(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox4x64-10 in integers, as section 3.3 of Salmon et al. 2011 has it: ten rounds, the key bumped in between."""
    a, b, c, d = counter
    first, second = key
    for _ in range(10):
        high_a, low_a = divmod(MULTIPLIERS[0] * a, WORD)
        high_c, low_c = divmod(MULTIPLIERS[1] * c, WORD)
        a, b, c, d = high_c ^ b ^ first, low_c, high_a ^ d ^ second, low_a
        first, second = (first + WEYL[0]) % WORD, (second + WEYL[1]) % WORD
    return a, b, c, d


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ("0 0 0 0", "0 0", "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b"),
        (
            " ".join(["ffffffffffffffff"] * 4),
            " ".join(["ffffffffffffffff"] * 2),
            "87b092c3013fe90b 438c3c67be8d0224 9cc7d7c69cd777b6 a09caebf594f0ba0",
        ),
        (
            "243f6a8885a308d3 13198a2e03707344 a4093822299f31d0 082efa98ec4e6c89",
            "452821e638d01377 be5466cf34e90c6c",
            "a528f45403e61d95 38c72dbd566e9788 a5a1610e72fd18b5 57bd43b5e52b7fe6",
        ),
    ],
    ids=["zeros", "ones", "digits of pi"],
)
def test_the_oracle_gives_the_published_answers(counter: str, key: str, answer: str) -> None:
    """Oracle: the lines ``philox4x64 10`` of ``kat_vectors``, the known-answer tests that Random123 ships with."""
    numbers, keys = (tuple(int(word, 16) for word in text.split()) for text in (counter, key))
    assert philox(numbers, keys) == tuple(int(word, 16) for word in answer.split())  # type: ignore[arg-type]


def by_hand(seed: int, number: int, frame: int, size: int) -> list[float]:
    """The noise as the module's words describe it: blocks counted from 1, the upper 24 bits of each word."""
    words = [word for block in range(-(-size // 4)) for word in philox((block + 1, frame, 0, 0), (seed, number))]
    return [(word >> 40) / 2**24 for word in words[:size]]


shapes = st.lists(st.integers(1, 5), min_size=0, max_size=3).map(tuple)


@given(
    seed=st.integers(0, WORD - 1),
    number=st.integers(0, 1_000),
    frame=st.one_of(st.integers(0, 1_000), st.integers(2**31, 2**40)),
    shape=shapes,
)
@example(seed=2**63 + 5, number=3, frame=2, shape=(7,))
@example(seed=WORD - 1, number=0, frame=0, shape=(4,))
@settings(deadline=None, max_examples=100)
def test_every_number_is_philox(seed: int, number: int, frame: int, shape: tuple[int, ...]) -> None:
    drawn = uniforms(seed, number, frame, shape)
    assert drawn.dtype == np.float32
    assert drawn.shape == shape
    assert drawn.reshape(-1).tolist() == by_hand(seed, number, frame, math.prod(shape))


@pytest.mark.parametrize("seed", [0, 1, WORD - 1])
def test_uniform_in_range_and_exact_in_float32(seed: int) -> None:
    """A float32 in [0, 1) that is a multiple of 2^-24; 40,000 draws fill all sixteen parts alike (chi-squared)."""
    drawn = uniforms(seed, 0, 3, (40_000,)).astype(np.float64)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert np.array_equal(drawn * 2**24, np.round(drawn * 2**24))
    counts = np.bincount((drawn * 16).astype(int), minlength=16)
    # 15 degrees of freedom: beyond 44.3 lies one in ten thousand.
    assert ((counts - 2_500) ** 2 / 2_500).sum() < 44.3


def test_frame_seed_and_number_all_matter_and_nothing_repeats() -> None:
    drawn = {(s, n, f): uniforms(s, n, f, (8,)).tobytes() for s in range(4) for n in range(4) for f in range(4)}
    assert len(set(drawn.values())) == 64
    assert uniforms(2, 3, 1, (8,)).tobytes() == drawn[2, 3, 1]


def test_a_longer_noise_begins_as_a_shorter_one() -> None:
    assert uniforms(7, 1, 9, (50,))[:13].tolist() == uniforms(7, 1, 9, (13,)).tolist()


@pytest.mark.parametrize("frame", [0, 1, 10**9])
def test_no_seed_is_one_half_throughout(frame: int) -> None:
    assert (uniforms(None, 2, frame, (3, 4)) == np.float32(0.5)).all()


@pytest.mark.parametrize("seed", [-1, WORD, 2**70, True, False, 1.0, float("nan"), "1", np.float32(3)])
def test_what_is_no_seed(seed: object) -> None:
    with pytest.raises(UsageError, match=r"seed: .* is no seed; give a whole number from 0 to 2\^64 - 1, or None"):
        check_seed(seed)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is no seed"):
        choice_session(seed=seed)


@pytest.mark.parametrize("seed", [None, 0, 1, WORD - 1])
def test_what_is_a_seed(seed: int | None) -> None:
    assert check_seed(seed) == seed
    assert len(whole(choice_session(seed=seed), PCM[:2_000])) == 4


def labels(frames: list[Frame]) -> list[list[float]]:
    return [frame.outputs[LABELS].reshape(-1).tolist() for frame in frames]


def test_one_seed_draws_alike_and_another_differently() -> None:
    drawn = {seed: labels(whole(choice_session(seed=seed), PCM)) for seed in (None, 0, 1)}
    assert drawn[0] == labels(whole(choice_session(seed=0), PCM))
    assert drawn[0] != drawn[1] != drawn[None] != drawn[0]


class NoiseExecutor:
    """Keeps the noise it is given."""

    target, precision = "noise", "fp32"

    def __init__(self, session: Session) -> None:
        self.given: list[np.ndarray] = []
        self.inner = session._machine.executor
        self.close = self.inner.close

    def run(self, stage: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if stage == "chooser":
            self.given.append(tensors["uniforms"])
        return self.inner.run(stage, tensors)


def heard_noise(queue_seconds: float, seed: int | None) -> tuple[list[int], list[np.ndarray]]:
    """Push all at once, so that a short queue drops the oldest audio and its frames."""
    model = choice_session()
    executor = NoiseExecutor(model)
    parameters = {"template": model._machine.constants["parameter.template"]}
    session = Session(model.pipeline, executor, parameters, seed=seed, queue_seconds=queue_seconds)
    return [frame.index for frame in whole(session, PCM)], executor.given


def test_a_frame_draws_by_its_index_whatever_was_skipped_before() -> None:
    """Oracle: the noise by hand, at the indices that came out."""
    indices, given_noise = heard_noise(0.2, seed=5)
    assert indices[0] > 10
    for index, drawn in zip(indices, given_noise, strict=True):
        assert drawn.reshape(-1).tolist() == by_hand(5, 0, index, CATEGORIES)


def test_a_session_without_a_seed_gives_one_half() -> None:
    _, given_noise = heard_noise(10.0, seed=None)
    assert {float(number) for drawn in given_noise for number in drawn.reshape(-1)} == {0.5}
