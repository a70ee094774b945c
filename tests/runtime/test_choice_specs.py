"""What a pipeline may ask for of signals and noise, and what it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sdk.spec import PipelineSpec, SignalSpec, SignalTensor
from tests.runtime.choices import echo_pipeline
from tests.toy_choice import CATEGORIES, choice_pipeline, choice_stages


def echo() -> dict[str, Any]:
    return echo_pipeline().model_dump()


def asks(source: str, shape: tuple[int, ...] = (2,), name: str = "asked") -> dict[str, Any]:
    return {"name": name, "shape": shape, "source": source}


def refusal(pipeline: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        PipelineSpec.model_validate(pipeline)
    return str(caught.value)


def with_input(stage: int, *inputs: dict[str, Any]) -> dict[str, Any]:
    pipeline = echo()
    pipeline["stages"][stage]["inputs"] = [*pipeline["stages"][stage]["inputs"], *inputs]
    return pipeline


def test_the_toy_s_noise_is_listed_once_with_its_shape() -> None:
    assert choice_pipeline(choice_stages()).noise == {"noise.uniforms": (1, CATEGORIES)}
    assert echo_pipeline().noise == {}


def test_noises_are_numbered_in_the_order_of_their_first_use() -> None:
    inputs = asks("noise.b", (3,), "b"), asks("noise.a", (1, 2), "a"), asks("noise.b", (3,), "again")
    assert list(PipelineSpec.model_validate(with_input(1, *inputs)).noise.items()) == [
        ("noise.b", (3,)),
        ("noise.a", (1, 2)),
    ]


@pytest.mark.parametrize("taken", ["audio", "clock", "parameter", "noise", "face", "ear", "touch"])
def test_names_that_no_signal_may_take(taken: str) -> None:
    pipeline = echo()
    pipeline["signals"][0]["name"] = taken
    pipeline["stages"][1]["inputs"] = [i for i in pipeline["stages"][1]["inputs"] if i["name"] != "mark"]
    assert f"used twice or taken: {taken}" in refusal(pipeline)


@pytest.mark.parametrize("taken", ["audio", "clock", "parameter", "noise"])
def test_names_that_no_stage_may_take(taken: str) -> None:
    pipeline = echo()
    pipeline["stages"][0]["name"] = taken
    pipeline["stages"][1]["inputs"] = [i for i in pipeline["stages"][1]["inputs"] if i["name"] != "heard"]
    assert f"used twice or taken: {taken}" in refusal(pipeline)


def test_a_tensor_of_a_signal_stands_once() -> None:
    pipeline = echo()
    pipeline["signals"][0]["tensors"] = pipeline["signals"][0]["tensors"] * 2
    assert "signal cue: a tensor's name stands twice" in refusal(pipeline)


@pytest.mark.parametrize(("tensors", "hold"), [((), 0), (None, -1), (None, 160_001), (None, 1.5)])
def test_signals_that_are_none(tensors: tuple[()] | None, hold: float) -> None:
    given = (SignalTensor(name="mark", shape=(1,)),) if tensors is None else tensors
    with pytest.raises(ValidationError):
        SignalSpec(name="cue", tensors=given, hold_samples=hold)  # type: ignore[arg-type]


@pytest.mark.parametrize(("low", "high"), [(0, 0), (1, 2), (-2, -1), (1, -1), (float("-inf"), 1), (0, float("nan"))])
def test_a_range_holds_zero_and_more(low: float, high: float) -> None:
    with pytest.raises(ValidationError):
        SignalTensor(name="mark", shape=(1,), low=low, high=high)


def test_a_range_is_at_most_what_half_precision_holds_unless_told() -> None:
    tensor = SignalTensor(name="mark", shape=(1,))
    assert (tensor.low, tensor.high) == (-65_504, 65_504)


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        (with_input(0, asks("noise.u")), "ear.asked: noise is drawn on the frame clock only"),
        (with_input(0, asks("touch.pair")), "ear.asked: touch.pair is not ready on that clock"),
        (with_input(1, asks("touch.other")), "face.asked: no earlier stage makes touch.other"),
        (with_input(1, asks("gaze.pair")), "face.asked: no earlier stage makes gaze.pair"),
        (with_input(1, asks("touch.pair", (3,))), "face.asked: shape (3,) is not (2,)"),
        (with_input(1, asks("noise.u", (2,)), asks("noise.u", (3,), "other")), "face.other: shape (3,) is not (2,)"),
        (echo() | {"values": "touch.pair"}, "values: touch.pair is not the output of a frame stage"),
        (echo() | {"values": "clock.phase"}, "values: clock.phase is not the output of a frame stage"),
        (with_input(1, asks("noise.u")) | {"values": "noise.u"}, "noise.u is not the output of a frame stage"),
        (echo() | {"values": "ear.newest"}, "values: ear.newest is not the output of a frame stage"),
    ],
)
def test_sources_that_cannot_be(pipeline: dict[str, Any], message: str) -> None:
    assert message in refusal(pipeline)


def test_one_noise_of_two_shapes_in_two_stages() -> None:
    pipeline = with_input(1, asks("noise.u", (4,)))
    other = {**pipeline["stages"][1], "name": "other", "inputs": [asks("noise.u", (1, 4))]}
    pipeline["stages"] = [*pipeline["stages"], other]
    assert "other.asked: shape (1, 4) is not (4,)" in refusal(pipeline)
