"""FaceFormer's rig form in training: its batched form is what streams, its losses mean what they say, it learns."""

from __future__ import annotations

import copy
import json
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sdk.audio.files import load_speech
from sdk.errors import CheckpointError, UsageError
from sdk.models.faceformer.entry import ENTRY
from sdk.models.faceformer.feedback import Corruption, FeedbackDrops, run_passes
from sdk.models.faceformer.rig_decoder import SCALE
from sdk.models.faceformer.training import FaceFormerTask
from sdk.models.naming import CLASSES, UNKNOWN
from sdk.models.registry import BuildOptions
from sdk.models.rig_losses import ROLL, RigLosses, channel_importance
from sdk.pretrained import SPEECH
from sdk.rigs.arkit import ARKIT_52
from sdk.runtime import EagerExecutor, Session
from sdk.spec import FrameRate
from sdk.training import labels
from sdk.training.phones import PHONES
from sdk.training.task import Batch
from tests.models.half_weights import round_to_half
from tests.models.made_up_batch import CLOSE, FRAMES, JAW, made_up

SMALL = {"encoder": {"channels": 24, "dilations": [1, 2, 4]}, "feature_dim": 32, "window": 12}


def task(**changes: object) -> FaceFormerTask:
    torch.manual_seed(3)
    made = FaceFormerTask({**SMALL, **changes})
    with torch.no_grad():  # livelier than torch's own start, so that feedback matters
        made.decoder.leave.weight.mul_(3 / SCALE)
        made.decoder.leave.bias.fill_(0.2 / SCALE)
    return made


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return load_speech(SPEECH)[16_000 : 16_000 + 320 * 150]


def test_the_front_end_is_the_streaming_encoders(speech):
    made = task()
    rows = made.front_end(speech)
    assert rows.shape == (150, 160)
    with torch.no_grad():
        whole = made.encoder.whole(torch.from_numpy(speech)[None])
        features = made.encoder.encode(torch.from_numpy(rows)[None])[0]
    torch.testing.assert_close(features, whole, atol=1e-4, rtol=1e-4)


def test_the_front_end_sees_no_later_sample_and_takes_any_length(speech):
    made = task()
    rows, later = made.front_end(speech), speech.copy()
    later[320 * 70 :] = 0.5
    np.testing.assert_array_equal(made.front_end(later)[:70], rows[:70])
    assert made.front_end(speech[:100]).shape == (0, 160)
    long = np.tile(speech, 12)  # longer than a part of 30 s
    np.testing.assert_allclose(made.front_end(long)[:150], rows, atol=1e-4)


def test_minutes_of_sound_take_seconds(speech):
    began = time.process_time()
    task().front_end(np.tile(speech, 40))
    assert time.process_time() - began < 8


@pytest.mark.parametrize("lookahead", [0, 480])
def test_enough_passes_are_the_closed_loop(lookahead):
    """The batched form at convergence against the step that streams: as many passes as there are frames."""
    made, segments = task(lookahead_samples=lookahead), made_up()
    with torch.no_grad():
        memory = made._memory(segments.features, FRAMES)
        batched = run_passes(made.decoder, made._style(), memory, FRAMES, None)
    streamed = np.stack([made.animate(features.numpy()) for features in segments.features])
    assert np.ptp(streamed, axis=1).max() > 0.05
    np.testing.assert_allclose(batched.numpy(), streamed, atol=1e-5)


def test_passes_come_nearer_to_the_closed_loop():
    made, segments = task(), made_up()
    with torch.no_grad():
        memory = made._memory(segments.features, FRAMES)
        exact = run_passes(made.decoder, made._style(), memory, FRAMES, None)
        errors = [
            (run_passes(made.decoder, made._style(), memory, passes, None) - exact).abs() for passes in (1, 2, 3, 5)
        ]
    means = [float(error.mean()) for error in errors]
    assert means == sorted(means, reverse=True)
    assert means[0] > 0
    for passes, error in zip((1, 2, 3, 5), errors, strict=True):
        assert error[:, :passes].max() < 1e-5


def test_animate_is_what_a_session_streams(speech, tmp_path):
    """Oracle: the exported stages in a session, on the sound itself."""
    made = task()
    round_to_half(made.module)
    made.save(tmp_path / "run")
    staged = ENTRY.build(BuildOptions(checkpoint=tmp_path / "run"))
    with Session(staged.pipeline, EagerExecutor(staged.stages), staged.parameters) as session:
        session.push(speech)
        streamed = np.stack([frame.values for frame in session.poll()])
    animated = made.animate(made.front_end(speech))
    assert animated.shape == streamed.shape == (90, 52)
    np.testing.assert_allclose(animated, streamed, atol=2e-5)


def test_animate_of_nothing_is_nothing():
    assert task().animate(np.zeros((0, 160), np.float32)).shape == (0, 52)
    assert task().animate(np.zeros((1, 160), np.float32)).shape == (0, 52)


def test_naming_is_a_lesson_for_the_encoder_and_leaves_no_trace(tmp_path):
    """Oracle: cross-entropy written out. What is saved has the stages of a model that was not taught names."""
    assert (len(PHONES), labels.UNKNOWN) == (CLASSES, UNKNOWN)
    made, segments = task(naming=True), made_up()
    unknown = segments.phones.clone()
    unknown[:, :7] = UNKNOWN
    segments = replace(segments, phones=unknown, valid=segments.valid.clone())
    segments.valid[:, 30:] = 0
    loss = made.losses(segments, 0.5, torch.Generator())["naming"]
    with torch.no_grad():
        logs = made.naming.scores(made._memory(segments.features, FRAMES)).log_softmax(-1)
    picked = -logs.gather(2, unknown.clamp(min=0)[..., None])[..., 0]
    assert loss.item() == pytest.approx(float(picked[:, 7:30].sum()) / (4 * 30), rel=1e-5)
    loss.backward()
    assert made.encoder.enter.weight.grad.abs().max() > 0
    assert made.decoder.leave.weight.grad is None
    made.save(tmp_path / "named")
    task().save(tmp_path / "plain")
    kept = [sorted(load_file(tmp_path / name / "model.safetensors")) for name in ("named", "plain")]
    assert kept[0] == kept[1]
    assert "naming" not in task().losses(made_up(), 0.5, torch.Generator())


def test_thirty_steps_lower_the_loss():
    made, segments = task(), made_up()
    optimiser = torch.optim.Adam(made.module.parameters(), 5e-3)
    totals = []
    for step in range(30):
        losses = made.losses(segments, step / 30, torch.Generator().manual_seed(step))
        total = sum(loss * (10 if name in {"weights", "rest"} else 1) for name, loss in losses.items())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        totals.append(float(total.detach()))
    assert np.mean(totals[-5:]) < 0.6 * np.mean(totals[:5])


def test_every_parameter_is_trained():
    made = task(passes=2)
    sum(made.losses(made_up(), 1.0, torch.Generator().manual_seed(0)).values()).backward()
    without = [name for name, p in made.module.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_losses_depend_on_nothing_but_the_generator():
    made, segments = task(), made_up()
    first, again, other = (made.losses(segments, 0.9, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_padding_changes_no_loss():
    made, segments = task(drop_sequences=0, drop_frames=0, feedback_noise=0), made_up()
    valid = segments.valid.clone()
    valid[:, 24:] = 0
    wrong = segments.targets.clone()
    wrong[:, 24:] = 0.7
    features = segments.features.clone()
    features[:, 40:] = 9
    plain = made.losses(replace(segments, valid=valid), 1.0, torch.Generator())
    padded = made.losses(replace(segments, valid=valid, targets=wrong, features=features), 1.0, torch.Generator())
    for name in plain:
        torch.testing.assert_close(plain[name], padded[name], atol=1e-6, rtol=1e-5)


def losses_of(predicted: Tensor, segments: Batch) -> dict[str, float]:
    return {name: float(loss) for name, loss in RigLosses()(predicted, segments).items()}


def test_lips_that_part_where_nobody_speaks_cost_the_square():
    segments = made_up()
    resting = replace(segments, targets=0 * segments.targets, silence=torch.ones_like(segments.silence))
    apart, talking = resting.targets.clone(), resting.silence.clone()
    apart[0, 10, JAW] = 0.1
    talking[0, 0] = 0
    gap = 0.1 * float(RigLosses().gap_basis[JAW])
    assert losses_of(apart, resting)["still"] == pytest.approx(gap**2 / float(resting.valid.sum()), rel=1e-5)
    assert losses_of(apart, replace(resting, silence=talking))["still"] == 0


def test_a_perfect_prediction_costs_nothing():
    segments = made_up()
    perfect = segments.targets.clone()
    perfect[:, 10:13, CLOSE] = perfect[:, 10:13, JAW]
    assert losses_of(perfect, segments) == pytest.approx(dict.fromkeys(losses_of(perfect, segments), 0), abs=1e-6)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("closure", lambda w: w[:, 10:13, CLOSE].zero_()),
        ("open", lambda w: w[:, 3:8, JAW].zero_()),
        ("rest", lambda w: w[:, -6:, 0].fill_(0.3)),
        ("jerk", lambda w: w[:, 15, JAW].add_(0.1)),
        ("velocity", lambda w: w[:, 15:, ARKIT_52.index("browInnerUp")].add_(0.1)),
        ("gap", lambda w: w[:, :, JAW].add_(0.1)),
        ("weights", lambda w: w[:, :, 3].add_(0.1)),
        ("shape", lambda w: w[:, :, ROLL].add_(0.1)),
    ],
)
def test_each_loss_sees_its_own_error(name, change):
    segments = made_up()
    predicted = segments.targets.clone()
    change(predicted)
    losses = losses_of(predicted, segments)
    assert losses[name] > 1e-5
    blind = {"closure": {"rest", "open"}, "open": {"closure", "rest"}, "rest": {"closure", "open", "gap", "jerk"}}
    blind |= {each: {"shape"} for each in ("jerk", "gap", "weights")}
    assert all(losses[other] < 1e-6 for other in blind.get(name, ()))


@pytest.mark.parametrize(("frames", "missed"), [(-2, True), (-1, False), (1, False), (2, True)])
def test_a_closure_may_come_a_frame_early_or_late(frames, missed):
    """Of three frames that are closed, two still have a closed one beside them when they come two frames late"""
    segments = made_up()
    predicted = segments.targets.clone()
    predicted[:, 8:16, CLOSE] = 0
    predicted[:, 10 + frames : 13 + frames, CLOSE] = predicted[:, 10 + frames : 13 + frames, JAW]
    assert (losses_of(predicted, segments)["closure"] > 1e-5) == missed


@pytest.mark.parametrize(
    ("share", "frame", "missed"), [(0.5, 10, True), (0.7, 10, False), (1.0, 11, False), (1.0, 12, True)]
)
def test_f_and_v_must_roll_the_lip_about_then(share, frame, missed):
    segments = made_up()
    targets = segments.targets.clone()
    targets[:, 10, ROLL] = 0.5
    predicted = segments.targets.clone()
    predicted[:, frame, ROLL] = share * 0.5
    assert (losses_of(predicted, replace(segments, targets=targets))["teeth"] > 1e-5) == missed


def test_the_gap_loss_is_in_millimetres():
    segments = made_up()
    predicted = segments.targets.clone()
    predicted[:, :, JAW] += 0.1
    assert losses_of(predicted, segments)["gap"] == pytest.approx(3.42, abs=0.01)


def test_mouth_and_eyelids_count_more():
    importance = dict(zip(ARKIT_52, channel_importance().tolist(), strict=True))
    assert importance["mouthClose"] > importance["eyeBlinkLeft"] > importance["browInnerUp"] > 0
    assert sum(importance.values()) == pytest.approx(52)


def test_a_channel_beyond_its_bounds_still_learns():
    made = task()
    with torch.no_grad():
        made.decoder.leave.bias.fill_(-5.0 / SCALE)
    made.losses(made_up(), 0.0, torch.Generator().manual_seed(0))["gap"].backward()
    assert made.decoder.leave.bias.grad is not None
    assert made.decoder.leave.bias.grad[JAW].abs() > 0


def test_feedback_is_dropped_and_noised_as_asked():
    like = torch.zeros(400, 50, 52)
    shown = torch.ones_like(like)
    told = Corruption(FeedbackDrops(0.5, 0.3, 0.08), like, torch.Generator().manual_seed(0))(shown)
    silent = (told == 0).all(-1)
    assert float(silent.all(1).float().mean()) == pytest.approx(0.5, abs=0.08)
    assert float(silent[~silent.all(1)].float().mean()) == pytest.approx(0.3, abs=0.02)
    assert float(told[~silent].std()) == pytest.approx(0.08, abs=0.005)
    untouched = Corruption(FeedbackDrops(0, 0, 0), like, torch.Generator())(shown)
    assert torch.equal(untouched, shown)


def test_passes_grow_with_the_training():
    made = task(passes=3)
    assert [made.passes_at(progress) for progress in (0, 0.32, 0.4, 0.7, 1)] == [1, 1, 2, 3, 3]


def test_the_default_sizes_are_a_million_parameters():
    count = sum(parameter.numel() for parameter in FaceFormerTask({}).module.parameters())
    assert 0.9e6 < count < 1.6e6


@pytest.mark.parametrize(
    "table",
    [{"width": 3}, {"heads": 7}, {"passes": 0}, {"drop_frames": 1.5}, {"encoder": {"kernel": 1}}, {"feature_dim": "x"}],
)
def test_a_table_that_does_not_fit_is_refused(table):
    with pytest.raises(UsageError, match=r"\[model\]"):
        FaceFormerTask(table)


def test_saved_weights_come_back(tmp_path):
    made = task(lookahead_samples=480)
    made.save(tmp_path / "run")
    staged = ENTRY.build(BuildOptions(checkpoint=tmp_path / "run", frame_rate=FrameRate(num=60)))
    assert staged.card.trained
    assert any("Trained at 30" in note for note in staged.card.notes)
    assert staged.pipeline.lookahead_samples == 480
    round_to_half(made.module)
    for key, value in made.module.state_dict().items():
        assert torch.equal(staged.weights[key], value)
    with pytest.raises(UsageError, match="480 samples"):
        ENTRY.build(BuildOptions(checkpoint=tmp_path / "run", lookahead_samples=160))


def test_saving_does_not_touch_the_task(tmp_path):
    made = task()
    before = copy.deepcopy(made.module.state_dict())
    made.save(tmp_path / "run")
    assert all(parameter.requires_grad for parameter in made.module.parameters())
    assert all(torch.equal(before[key], value) for key, value in made.module.state_dict().items())


@pytest.mark.parametrize(
    "damage", ["no weights", "no config", "cut", "no json", "no sizes", "vertices", "shape", "nan", "key"]
)
def test_damaged_folders_are_refused(tmp_path, damage):
    folder = tmp_path / "run"
    task().save(folder)
    weights, config = folder / "model.safetensors", folder / "config.json"
    state, sizes = load_file(weights), json.loads(config.read_text())
    name = "motion_decoder.leave.weight"
    if damage == "no weights":
        weights.unlink()
    if damage == "no config":
        config.unlink()
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-100])
    if damage == "no json":
        config.write_text("{")
    if damage == "no sizes":
        config.write_text("[]")
    if damage == "vertices":
        sizes["streaming"] |= {"channels": [], "vertices": 3}
        config.write_text(json.dumps(sizes))
    if damage == "shape":
        save_file({**state, name: state[name][:5].contiguous()}, weights)
    if damage == "nan":
        save_file({**state, name: state[name] * float("nan")}, weights)
    if damage == "key":
        save_file({**state, "more": torch.zeros(1)}, weights)
    with pytest.raises(CheckpointError):
        ENTRY.build(BuildOptions(checkpoint=folder))
