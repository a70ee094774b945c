"""The table of precisions: what a layer becomes, and what a target refuses by name."""

import pytest
from torch import nn

from export.plan import plan_jobs
from export.precision import FP32, PRECISIONS, FormSupport, StagePlan, plan_stage, quantisable
from export.targets.base import Refusal, Target, find_target, target_names
from sdk.errors import TargetError
from sdk.stage import Stage
from tests.toy import ToyDecoder


class Precise(nn.Module):
    full_precision = True

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)


class Layers(ToyDecoder):
    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Linear(64, 10)
        self.odd = nn.Sequential(nn.Linear(33, 10), nn.ReLU())
        self.small = nn.Linear(32, 2)
        self.precise = Precise()


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Layers()


def test_layers_below_full_precision_are_not_quantisable(stage):
    names = set(quantisable(stage))
    assert {"wide", "odd.0", "small"} <= names
    assert not any(name.startswith("precise") for name in names)
    assert quantisable(Precise()) == {}


def test_a_plan_names_the_layers_that_the_target_takes(stage):
    forms = {"int8": FormSupport(least_weights=100), "int4": FormSupport(multiple=32, otherwise="int8")}
    plan = plan_stage(stage, "fp32", "int4", forms)
    assert plan.layers["wide"] == "int4"
    assert plan.layers["odd.0"] == "int8"
    assert plan.layers["small"] == "int4"
    assert "small" not in plan_stage(stage, "fp32", "int8", forms).layers
    assert "odd.0" not in plan_stage(stage, "fp32", "int4", {"int4": FormSupport(multiple=32)}).layers
    assert plan_stage(stage, "fp32", None, forms) == FP32


def test_every_target_can_do_its_forms_and_says_why_not():
    for name in target_names():
        target = find_target(name)
        assert target.precisions, name
        for precision, row in PRECISIONS.items():
            if precision in target.precisions:
                assert row.form is None or row.form in target.forms, (name, precision)
                target.check(precision)
            else:
                with pytest.raises(TargetError, match=name):
                    target.check(precision)
        for precision, refusal in target.refusals.items():
            assert precision not in target.precisions
            assert refusal.nearest in target.precisions


def test_an_unknown_precision_and_a_refused_one_name_what_works():
    def lower(*_):
        raise AssertionError

    target = Target(
        "one",
        "",
        ".x",
        ("fp32",),
        lower,
        dict,
        lambda _: {},
        refusals={"int4": Refusal("it has no half bytes", "fp32")},
    )
    with pytest.raises(TargetError, match="int3: no such precision; use one of fp32, fp16"):
        target.check("int3")
    with pytest.raises(TargetError, match="no half bytes; use fp32"):
        target.check("int4")
    with pytest.raises(TargetError, match="one can do fp32"):
        target.check("int8")


def test_bases():
    target = find_target("coreml")
    assert target.base("fp32") == "fp32"
    assert target.base("fp16") == "fp16"
    assert StagePlan("fp16").layers == {}


def test_jobs_take_several_precisions_or_all():
    names = [(job.target.name, job.precision) for job in plan_jobs(["executorch"], ["int8", "fp32", "int8"])]
    assert names == [("executorch", "int8"), ("executorch", "fp32")]
    every = {(job.target.name, job.precision) for job in plan_jobs(["executorch", "onnx"], ["all"])}
    wanted = {(name, each) for name in ("executorch", "onnx") for each in find_target(name).precisions}
    assert every == {pair for pair in wanted if pair[1] != "mixed"}
    assert ("executorch", "mixed") in {
        (j.target.name, j.precision) for j in plan_jobs(["executorch"], ["all", "mixed"])
    }
    assert [job.precision for job in plan_jobs(["coreml"], [])] == ["fp16", "fp32"]


def test_what_only_all_asks_for_is_optional_save_for_full_precision():
    optional = {job.precision: job.optional for job in plan_jobs(["coreml"], ["all", "palette4", "mixed"])}
    assert {name for name, each in optional.items() if not each} == {"fp32", "palette4", "mixed"}
    assert len(optional) == len(find_target("coreml").precisions)
    assert not any(job.optional for job in plan_jobs(["coreml"], ["int8", "fp16"]))
