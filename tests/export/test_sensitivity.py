"""Mixed precision: simulated layers against what targets compute, the sweep, and the choice within a budget."""

import json
from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from export.exporter import export_bundle
from export.plan import Job, calibration_speech
from export.planner import Planner
from export.precision import Arithmetic, FormSupport, StagePlan, quantisable
from export.sensitivity.budget import Budget
from export.sensitivity.choose import choose, smallest
from export.sensitivity.simulate import layer_bytes, rounded_input, rounded_weight, simulated
from export.sensitivity.sweep import Option, Sweep, steps
from export.sensitivity.table import sensitivity_table
from export.targets.base import LoweringOptions, find_target
from sdk.errors import UsageError
from sdk.models.registry import BuildOptions, find_model
from sdk.runtime.executor import ExecutorSource, open_executor
from tests.export.coreml_loops import pipeline_of
from tests.export.wide_layer import WideLayer
from tests.toy import ENTRY

FORMS = {"int8": FormSupport(), "int4": FormSupport(multiple=32, otherwise="int8"), "int8-static": FormSupport()}


@pytest.mark.parametrize(("form", "values"), [("int8", 255), ("int4", 15), ("palette6", 64), ("palette4", 16)])
def test_a_form_stores_as_many_values_as_it_says(form, values):
    weight = torch.randn(3, 64, generator=torch.Generator().manual_seed(1))
    rounded = rounded_weight(weight, form)
    groups = {"int8": rounded.reshape(3, 64), "int4": rounded.reshape(6, 32)}.get(form, rounded.reshape(1, -1))
    assert max(len(group.unique()) for group in groups) <= values
    error = float((rounded - weight).pow(2).mean().sqrt())
    assert 0 < error < {"int8": 0.01, "palette6": 0.04}.get(form, 0.2)


def test_groups_of_other_widths_are_filled_up():
    weight = torch.randn(3, 40, generator=torch.Generator().manual_seed(4))
    rounded = rounded_weight(weight, "int4")
    assert torch.equal(rounded[:, :32], rounded_weight(weight[:, :32].contiguous(), "int4"))
    assert len(rounded[0, 32:].unique()) <= 8
    assert layer_bytes(torch.nn.Linear(40, 3), "int4", "fp32") == 60 + 4 * 6


def test_more_bits_are_nearer():
    weight = torch.randn(8, 64, generator=torch.Generator().manual_seed(2))
    errors = [float((rounded_weight(weight, form) - weight).norm()) for form in ("int8", "palette6", "int4")]
    assert errors == sorted(errors)
    assert layer_bytes(torch.nn.Linear(64, 8), None, "fp32") == 4 * 512
    assert layer_bytes(torch.nn.Linear(64, 8), None, "fp16") == 2 * 512
    assert layer_bytes(torch.nn.Linear(64, 8), "int8", "fp16") == 512 + 4 * 8
    assert layer_bytes(torch.nn.Linear(64, 8), "int4", "fp32") == 256 + 4 * 16


def test_an_input_is_rounded_to_256_values_with_zero_among_them():
    x = torch.linspace(-0.3, 1.0, 1000).reshape(1, -1)
    rounded = rounded_input(x)
    assert len(rounded.unique()) <= 256
    assert float((rounded - x).abs().max()) <= 0.5 * 1.3 / 255 + 1e-6
    assert not rounded_input(torch.zeros(2, 4)).any()
    assert float(rounded_input(torch.tensor([[0.0, 5.0]]))[0, 0]) == 0.0


def test_a_simulated_layer_errs_as_much_as_xnnpack_does(tmp_path):
    """Named oracle: the same layer lowered by torchao and run by ExecuTorch."""
    stage = WideLayer()
    plan = StagePlan("fp32", {"layer": "int8"})
    target, path = find_target("executorch"), tmp_path / "wide.pte"
    target.lower(stage, plan, path, LoweringOptions())
    source = ExecutorSource("executorch", "int8", pipeline_of(stage), {stage.name: path})
    x = torch.randn(1, 96, generator=torch.Generator().manual_seed(3))
    (exact,) = stage(x)
    with simulated([stage], {stage.name: {"layer": "int8"}}, Arithmetic()):
        (ours,) = stage(x)
    theirs = torch.from_numpy(open_executor(source).run(stage.name, {"x": x.numpy()})["y"])
    made, simulation = (float((result - exact).pow(2).mean().sqrt()) for result in (theirs, ours))
    assert made > 1e-4
    assert 0.67 < simulation / made < 1.5
    assert torch.equal(stage(x)[0], exact)


@pytest.fixture(scope="module")
def sweep():
    staged = ENTRY.build(BuildOptions())
    return Sweep(staged, calibration_speech(None)[:16_000], FORMS, base="fp32", arithmetic=Arithmetic())


def test_the_sweep_measures_every_layer_in_every_form_it_fits(sweep):
    told = []
    rows = sweep.options(told.append)
    assert len(told) == steps(ENTRY.build(BuildOptions()), FORMS) == sum(len(row) - 1 for row in rows)
    by_layer = {f"{row[0].stage}.{row[0].layer}": row for row in rows}
    assert set(by_layer) == {"audio_encoder.project", "motion_decoder.mix"}
    assert [option.form for option in by_layer["motion_decoder.mix"]] == [None, "int8"]
    assert all(row[0].lip_error_mm == 0 for row in rows)
    assert all(option.lip_error_mm > 0 for row in rows for option in row[1:])


def test_nothing_is_left_behind(sweep):
    assert sweep.error({"motion_decoder": {"mix": "int8"}}) > 0
    assert sweep.error({}) == 0


def test_a_choice_keeps_the_budget_and_is_smaller_than_the_base(sweep):
    rows = sweep.options(lambda _: None)
    loose, tight = (choose(rows, Budget(limit), sweep.error) for limit in (1.0, 1e-4))
    assert loose.lip_error_mm <= 1.0
    assert tight.lip_error_mm <= 1e-4
    base = sum(row[0].bytes for row in rows)
    assert loose.bytes < tight.bytes <= base
    assert choose(rows, Budget(1e-12), sweep.error).layers == {}


def test_where_errors_add_up_worse_than_thought_the_aim_is_lowered():
    rows = [[Option("s", str(i), None, 400, 0.0), Option("s", str(i), "int8", 100, 0.01)] for i in range(10)]
    choice = choose(rows, Budget(0.05), lambda layers: 0.02 * sum(len(each) for each in layers.values()))
    assert len(choice.layers["s"]) == 2
    assert choice.lip_error_mm == pytest.approx(0.04)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(1, 100), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12),
    st.floats(0.001, 2),
)
def test_the_smallest_choice_is_within_its_aim(sizes, aim):
    rows = [
        [
            Option("s", str(i), None, 8 * n, 0.0),
            Option("s", str(i), "int8", 2 * n, a),
            Option("s", str(i), "int4", n, b),
        ]
        for i, (n, a, b) in enumerate(sizes)
    ]
    options = smallest(rows, aim)
    assert sum(option.lip_error_mm**2 for option in options) <= aim**2 * (1 + 1e-9)
    everything = tuple(min(row, key=lambda option: option.bytes) for row in rows)
    if sum(option.lip_error_mm**2 for option in everything) < aim**2:
        assert sum(option.bytes for option in options) == sum(option.bytes for option in everything)


def test_the_table_names_what_was_chosen(sweep):
    rows = sweep.options(lambda _: None)
    choice = choose(rows, Budget(1.0), sweep.error)
    table = json.loads(sensitivity_table(choice, rows, Budget(1.0)))
    assert table["budget"] == {"lip_error_mm": 1.0}
    assert len(table["layers"]) == len(rows)
    costs = [max(form["lip_error_mm"] for form in row["forms"].values()) for row in table["layers"]]
    assert costs == sorted(costs, reverse=True)


def test_a_planner_makes_mixed_plans_within_the_budget():
    staged = ENTRY.build(BuildOptions())
    planner = Planner(staged, calibration_speech(None)[:16_000], Budget(0.5))
    job = Job(find_target("executorch"), "mixed")
    told = []
    plan = planner.plan(job, told.append)
    assert len(told) == planner.steps(job)
    assert plan.choice is not None
    assert plan.choice.lip_error_mm <= 0.5
    assert plan.calibration == planner.sound.sha256
    assert planner.plan(Job(find_target("executorch"), "fp32"), told.append).calibration is None


@pytest.fixture
def small_layers_too():
    """The toy's layers are smaller than any that a target gains from."""
    return Job(replace(find_target("onnx"), forms={"int8": FormSupport()}), "mixed")


def test_a_planner_aims_lower_for_artefacts_that_err_by_more(small_layers_too, monkeypatch):
    planner = Planner(ENTRY.build(BuildOptions()), calibration_speech(None)[:16_000], Budget(0.5))
    plan = planner.plan(small_layers_too, lambda _: None)
    assert plan.choice
    aims = []

    def watched(rows, budget, error):
        aims.append(budget.lip_error_mm)
        return choose(rows, budget, error)

    monkeypatch.setattr("export.planner.choose", watched)
    again = planner.nearer(small_layers_too, plan, 2.0)
    assert aims == [pytest.approx(0.95 / 4 * plan.choice.lip_error_mm)]
    assert again.choice
    assert again.choice.lip_error_mm <= aims[0]
    assert again.choice.bytes > plan.choice.bytes
    assert {name: dict(each.layers) for name, each in again.stages.items() if each.layers} == again.choice.layers


def test_an_export_tries_again_until_its_artefacts_keep_the_budget(tmp_path, monkeypatch, small_layers_too, toy_model):
    """Injected: the first artefacts measure eight times the budget."""
    measured, seen = iter([4.0, 0.2]), []
    nearer = Planner.nearer

    def watched(planner, job, plan, error):
        seen.append((plan.choice.bytes, error))
        return nearer(planner, job, plan, error)

    monkeypatch.setattr("export.within_budget._lip_error", lambda *_: next(measured))
    monkeypatch.setattr(Planner, "nearer", watched)
    staged, speech = ENTRY.build(BuildOptions()), calibration_speech(None)[:16_000]
    planner, options = Planner(staged, speech, Budget(0.5)), LoweringOptions()
    made = export_bundle(staged, [small_layers_too], tmp_path / "b", options=options, speech=speech, planner=planner)
    assert made.parity
    assert made.parity.passed
    ((bytes_before, error),) = seen
    assert error == 4.0
    table = json.loads((tmp_path / "b" / "onnx" / "mixed" / "sensitivity.json").read_text())
    assert table["chosen"]["bytes"] > bytes_before
    assert table["budget"] == {"lip_error_mm": 0.5}
    chosen = {(row["stage"], row["layer"]) for row in table["layers"] if row["chosen"]}
    (record,) = [each for each in made.manifest.targets if each.precision == "mixed"]
    assert {(stage, layer) for stage, layers in record.layers.items() for layer in layers} == chosen


@pytest.mark.parametrize("text", ["lip-error=0.1mm", "lip-error=0.1", " lip-error=1e-1mm "])
def test_budgets(text):
    assert Budget.parse(text) == Budget(0.1)


@pytest.mark.parametrize("text", ["", "0.1mm", "lip-error=", "lip-error=0mm", "lip-error=nan", "lip-error=1.2.3mm"])
def test_what_is_no_budget(text):
    with pytest.raises(UsageError, match=r"lip-error=0\.1mm"):
        Budget.parse(text)


@pytest.mark.parametrize("name", ["faceformer", "meshtalk", "meshtalk_tracking"])
def test_every_layer_of_a_model_is_called_through_its_module(name):
    """A layer whose weight is read past its module would cost nothing in the sweep and be changed all the same."""
    for stage in find_model(name).build(BuildOptions()).stages:
        called = Counter()
        layers = quantisable(stage)
        for layer in layers.values():
            layer.register_forward_hook(lambda layer, *_, called=called: called.update([layer]))
        with torch.no_grad():
            stage(*stage.example())
        assert set(called) == set(layers.values())
