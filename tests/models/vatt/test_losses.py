"""NCE and MIL-NCE against cases worked out by hand; the published numbers are in test_published.py."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sdk.models.vatt.losses import nce, symmetric_nce
from tests.models.vatt.small import noise

LOSSES = [nce, symmetric_nce]


def direction(degrees: float) -> list[float]:
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]


def logsumexp(*values: float) -> float:
    return math.log(sum(math.exp(value) for value in values))


def test_nce_of_two_pairs_written_out() -> None:
    """Two clips: their videos at 0 and 90 degrees, their sounds at 30 and 60; temperature 1/2, cosines times 2."""
    anchors, others = torch.tensor([direction(0), direction(90)]), torch.tensor([direction(30), direction(60)])
    near, far = 2 * math.cos(math.radians(30)), 2 * math.cos(math.radians(60))
    one_denominator = logsumexp(near, far, near, far) - near  # s(v1, a1), s(v1, a2); s(v1, a1), s(v2, a1)
    assert float(nce(3 * anchors, 0.2 * others, temperature=0.5)) == pytest.approx(one_denominator, rel=1e-6)
    two_denominators = 2 * (logsumexp(near, far) - near)
    assert float(symmetric_nce(3 * anchors, 0.2 * others, temperature=0.5)) == pytest.approx(two_denominators, rel=1e-6)


def test_mil_nce_of_two_clips_with_two_candidates_written_out() -> None:
    """Any candidate of a clip is right: they stand together in the numerator, and all in one denominator."""
    anchors = torch.tensor([direction(0), direction(90)])
    others = torch.tensor([direction(degrees) for degrees in (10, 80, 45, 100)])
    first, second = ([math.cos(math.radians(angle - place)) for angle in (10, 80, 45, 100)] for place in (0, 90))
    one = logsumexp(*first, *first[:2], *second[:2]) - logsumexp(*first[:2])
    two = logsumexp(*second, *first[2:], *second[2:]) - logsumexp(*second[2:])
    assert float(nce(anchors, others, temperature=1.0)) == pytest.approx((one + two) / 2, rel=1e-6)


def brute_nce(anchors: Tensor, others: Tensor, valid: list[int], temperature: float) -> float:
    """The published formula in loops, float64."""
    clips, candidates = len(anchors), len(others) // len(anchors)
    s = (anchors / anchors.norm(dim=1, keepdim=True)) @ (others / others.norm(dim=1, keepdim=True)).T / temperature
    terms = []
    for i in (i for i in range(clips) if valid[i]):
        right = range(i * candidates, (i + 1) * candidates)
        denominator = [float(s[i, k]) for k in range(len(others)) if valid[k // candidates]]
        denominator += [float(s[j, k]) for j in range(clips) for k in right]
        terms.append(logsumexp(*denominator) - logsumexp(*(float(s[i, k]) for k in right)))
    return sum(terms) / len(terms) if terms else 0.0


@given(
    clips=st.integers(1, 5),
    candidates=st.integers(1, 4),
    seed=st.integers(0, 999),
    valid=st.lists(st.integers(0, 1), min_size=5, max_size=5),
)
@settings(max_examples=40, deadline=None)
def test_nce_is_the_formula(clips: int, candidates: int, seed: int, valid: list[int]) -> None:
    anchors, others = noise(clips, 4, seed=seed).double(), noise(clips * candidates, 4, seed=seed + 1000).double()
    ours = float(nce(anchors, others, torch.tensor(valid[:clips]), 0.3))
    assert ours == pytest.approx(brute_nce(anchors, others, valid, 0.3), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("loss", "least"), [(nce, math.log(2)), (symmetric_nce, 0.0)])
@pytest.mark.parametrize("candidates", [1, 3])
def test_the_least_loss(loss, least: float, candidates: int) -> None:
    """All right pairs alike, all others opposite or square to them."""
    anchors = torch.eye(6)[:4]
    assert float(loss(anchors, anchors.repeat_interleave(candidates, 0), temperature=0.02)) == pytest.approx(
        least, abs=1e-5
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_lengths_do_not_matter_and_pairs_do(loss) -> None:
    anchors = noise(4, 8)
    others = anchors + 0.1 * noise(4, 8, seed=1)
    right = loss(anchors, others)
    torch.testing.assert_close(loss(7 * anchors, others * torch.tensor([[0.1], [2.0], [3.0], [9.0]])), right)
    assert loss(anchors, others.roll(1, 0)) > right + 1


@pytest.mark.parametrize("loss", LOSSES)
def test_a_clip_without_candidates_is_as_if_it_had_none(loss) -> None:
    """It keeps its place among the anchors, so its own candidates may be anything; without any there is no loss."""
    anchors, others = noise(3, 8), noise(6, 8, seed=1)
    valid = torch.tensor([1, 0, 1])
    other = others.clone()
    other[2:4] = 50.0
    assert torch.equal(loss(anchors, others, valid), loss(anchors, other, valid))
    assert loss(anchors, others, torch.zeros(3)) == 0
    assert torch.equal(loss(anchors, others, torch.ones(3)), loss(anchors, others))


@pytest.mark.parametrize("loss", LOSSES)
def test_zeros_have_a_finite_gradient(loss) -> None:
    anchors, others = torch.zeros(2, 4, requires_grad=True), noise(2, 4).requires_grad_()
    loss(anchors, others).backward()
    assert anchors.grad is not None
    assert others.grad is not None
    assert anchors.grad.isfinite().all()
    assert others.grad.isfinite().all()
