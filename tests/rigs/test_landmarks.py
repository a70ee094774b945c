"""The named places on the default head."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.rigs.head import default_head
from sdk.rigs.landmarks import default_landmarks

PAIRED = sorted(name.removesuffix("Left") for name in default_landmarks() if name.endswith("Left"))


def place(name: str) -> np.ndarray:
    return default_head().vertices[default_landmarks()[name]]


def test_landmarks_are_on_the_skin_and_in_places_of_their_own() -> None:
    head, landmarks = default_head(), default_landmarks()
    assert set(landmarks.values()) <= set(head.triangles[head.parts["skin"]].ravel().tolist())
    assert len(set(landmarks.values())) == len(landmarks)


@pytest.mark.parametrize("name", PAIRED)
def test_left_is_the_face_s_own_and_mirrors_right(name: str) -> None:
    left, right = place(f"{name}Left"), place(f"{name}Right")
    assert left[0] > 5
    np.testing.assert_allclose(right, left * [-1, 1, 1], atol=0.2)


def test_what_is_not_paired_lies_in_the_middle() -> None:
    middle = [name for name in default_landmarks() if not name.endswith(("Left", "Right"))]
    assert len(middle) + 2 * len(PAIRED) == len(default_landmarks())
    assert all(abs(place(name)[0]) < 0.2 for name in middle)


def test_landmarks_are_in_the_order_of_a_face() -> None:
    down = ["crown", "foreheadMiddle", "noseBridge", "noseTip", "noseBase", "lipUpperMiddle", "lipUpperInner"]
    down += ["lipLowerInner", "lipLowerMiddle", "chinCrease", "chin", "chinBottom"]
    heights = [place(name)[1] for name in down]
    assert heights == sorted(heights, reverse=True)
    assert place("noseTip")[2] == max(place(name)[2] for name in default_landmarks())
    assert place("backOfHead")[2] == min(place(name)[2] for name in default_landmarks())
