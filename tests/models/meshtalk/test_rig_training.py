"""The small MeshTalk in training: its batched form is what streams, its losses mean what they say, it learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sdk.audio.files import load_speech
from sdk.errors import CheckpointError, UsageError
from sdk.models.meshtalk.blinking import LIDS, with_blinks
from sdk.models.meshtalk.crossing import crossing_losses
from sdk.models.meshtalk.entry import ENTRY, TRACKING_ENTRY
from sdk.models.meshtalk.occlusion import draw_seen, hide
from sdk.models.meshtalk.rig_checkpoint import load_rig
from sdk.models.meshtalk.rig_training import LATENT, SOFT, MeshTalkTask
from sdk.models.meshtalk.streaming.audio_encoder import AudioEncoderStage
from sdk.models.meshtalk.streaming.default import region_weights
from sdk.models.meshtalk.streaming.expression_encoder import ExpressionEncoderStage
from sdk.models.registry import BuildOptions
from sdk.models.rig_losses import RigLosses
from sdk.pretrained import SPEECH
from sdk.runtime import EagerExecutor, Session
from sdk.training.recipe import load_recipe
from tests.models.made_up_batch import made_up

SMALL = {"heads": 7, "classes": 6, "head_width": 8}


def task(**table: object) -> MeshTalkTask:
    torch.manual_seed(3)
    made = MeshTalkTask({**SMALL, **table})
    with torch.no_grad():  # livelier than torch's own start, so that every input moves the labels
        for parameter in made.model.parameters():
            parameter.mul_(1.5)
    return made


@pytest.fixture(scope="module")
def speech() -> NDArray[np.float32]:
    return load_speech(SPEECH)[16_000 : 16_000 + 320 * 100]


def test_the_front_end_and_the_running_encoder_are_the_stream(speech: NDArray[np.float32], tmp_path: Path) -> None:
    made = task()
    made.model.eval()
    made.save(tmp_path)
    stage = ENTRY.build(BuildOptions(checkpoint=tmp_path)).stages[0]
    assert isinstance(stage, AudioEncoderStage)
    rows = made.front_end(speech)
    assert rows.shape == (100, 160)
    state, codes = stage.init_state(), []
    for start in range(0, len(speech), 160):
        out, state = stage.step({"pcm": torch.from_numpy(speech[None, start : start + 160])}, state)
        codes.append(out["audio_code"])
    with torch.no_grad():
        made.model.load_state_dict(load_rig(tmp_path).model.state_dict())
        frames = made._clock.frames_ready(len(speech))
        batched = made._sound(torch.from_numpy(rows)[None], frames)[0]
    newest = [made._clock.newest_hop(frame) for frame in range(frames)]
    torch.testing.assert_close(batched, torch.cat(codes)[newest], rtol=1e-3, atol=1e-3)


def test_animate_is_what_a_session_shows(speech: NDArray[np.float32], tmp_path: Path) -> None:
    made = task()
    made.save(tmp_path)
    made.model.load_state_dict(load_rig(tmp_path).model.state_dict())
    staged = ENTRY.build(BuildOptions(checkpoint=tmp_path))
    with Session(staged.pipeline, EagerExecutor(staged.stages), staged.parameters) as session:
        session.push(speech)
        shown = np.stack([frame.values for frame in session.poll()])
    np.testing.assert_allclose(made.animate(made.front_end(speech)), shown, atol=1e-4)
    assert shown.std(0).max() > 1e-3
    assert made.animate(np.zeros((0, 160), np.float32)).shape == (0, 52)


def test_a_hidden_region_is_held_as_the_stream_holds_it(tmp_path: Path) -> None:
    task().save(tmp_path)
    stage = next(
        s for s in TRACKING_ENTRY.build(BuildOptions(checkpoint=tmp_path)).stages if s.name == "expression_encoder"
    )
    assert isinstance(stage, ExpressionEncoderStage)
    face = torch.rand(1, 12, 52, generator=torch.Generator().manual_seed(0))
    seen = (torch.rand(1, 12, 2, generator=torch.Generator().manual_seed(1)) > 0.4).float()
    held = hide(face, stage.standard.mean[0], seen, region_weights())
    state = stage.init_state()
    for frame in range(12):
        _, state = stage.step({"expression": face[:, frame], "confidence": seen[:, frame]}, state)
        torch.testing.assert_close(state.seen * stage.standard.deviation + stage.standard.mean, held[:, frame])


def test_regions_are_hidden_in_the_stated_share_of_segments() -> None:
    seen = draw_seen((4000, 20, 2), 0.3, torch.Generator().manual_seed(0))
    hidden = (seen == 0).any(1).float().mean().item()
    assert 0.25 < hidden < 0.31  # a draw of no length hides nothing
    assert torch.equal(draw_seen((3, 20, 2), 0.0, torch.Generator()), torch.ones(3, 20, 2))


def test_blinks_close_both_eyes_for_a_moment_and_nothing_else() -> None:
    still = torch.full((200, 60, 52), 0.1)
    blinking = with_blinks(still, torch.Generator().manual_seed(0))
    assert (blinking[..., LIDS[0]] == blinking[..., LIDS[1]]).all()
    assert 0.6 < (blinking[..., LIDS[0]].max(1).values > 0.5).float().mean() < 0.9
    assert (blinking[..., LIDS[0]] > 0.5).float().sum(1).max() <= 4
    others = [channel for channel in range(52) if channel not in LIDS]
    assert torch.equal(blinking[..., others], still[..., others])


def test_crossing_asks_the_mouth_of_the_sound_and_the_rest_of_the_face() -> None:
    own, losses = made_up(), RigLosses()
    other = torch.rand_like(own.targets)
    regions = region_weights()
    right = own.targets * regions[:, 1] + other * regions[:, 0]
    found = crossing_losses(losses, right, own, other, regions)
    assert all(value.item() == pytest.approx(0, abs=1e-5) for value in found.values())
    wrong = crossing_losses(losses, other, own, other, regions)
    assert wrong["crossing"] > 0.05
    assert wrong["crossing_gap"] > 1


@pytest.mark.parametrize("progress", [0.0, SOFT, LATENT])
def test_losses_are_finite_and_the_same_for_one_seed(progress: float) -> None:
    made, batch = task(), made_up()
    made.model.eval()
    first, again = (made.losses(batch, progress, torch.Generator().manual_seed(5)) for _ in range(2))
    assert first.keys() == again.keys() == load_recipe("meshtalk").losses.keys()
    for name, value in first.items():
        assert value.isfinite()
        assert torch.equal(value, again[name])


@pytest.mark.parametrize("progress", [SOFT * 1.5, LATENT])
def test_noise_in_half_the_bits_is_finite(progress: float) -> None:
    """In bfloat16 one uniform in 500 is 1, whose noise is infinite: the recipe's `precision` must not reach it."""
    made = task()
    for seed in range(5):
        with torch.autocast("cpu", torch.bfloat16):
            losses = made.losses(made_up(4, 30), progress, torch.Generator().manual_seed(seed))
        assert all(value.isfinite() for value in losses.values()), seed


def test_frames_behind_the_end_do_not_count() -> None:
    made, batch = task(), made_up()
    made.model.eval()
    valid = batch.valid.clone()
    valid[:, 20:] = 0
    other = batch.targets.clone()
    other[:, 24:] = 0.9
    for name in ("weights", "gap", "context"):
        found = [
            made.losses(replace(batch, valid=valid, targets=targets), 0.0, torch.Generator().manual_seed(1))[name]
            for targets in (batch.targets, other)
        ]
        torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6)


def test_every_part_learns_in_its_turn() -> None:
    made, batch = task(), made_up()

    def moved(progress: float, *losses: str) -> set[str]:
        made.module.zero_grad()
        found = made.losses(batch, progress, torch.Generator().manual_seed(0))
        sum(found[name] for name in losses or found).backward()  # type: ignore[union-attr]
        return {name for name, p in made.model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}

    every = {name for name, _ in made.model.named_parameters()}
    for progress in (SOFT, LATENT):
        assert every - moved(progress) == {"vertex_unet.encoder.0.weight"}  # a rig's template is zero
    assert {name.split(".")[0] for name in moved(SOFT, "context")} == {"context_model"}, (
        "it does not bend the latent space"
    )
    assert not moved(SOFT, "spoken_gap")
    answers = {name.split(".")[0] for name in moved(LATENT, "spoken_gap")}
    assert answers == {"context_model", "encoder", "vertex_unet"}, "all that it goes through"
    assert not any("expression" in name or "fusion_model" in name for name in moved(LATENT, "spoken_gap"))
    assert any(name.startswith("encoder.audio_encoder") for name in moved(LATENT, "context"))


def test_naming_teaches_the_audio_encoder_alone_and_leaves_no_trace(tmp_path: Path) -> None:
    made = task(naming=True)
    for progress in (0.0, LATENT):
        made.module.zero_grad()
        made.losses(made_up(), progress, torch.Generator())["naming"].backward()  # type: ignore[no-untyped-call]
        moved = {name for name, p in made.model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
        assert moved == {name for name, _ in made.model.named_parameters() if name.startswith("encoder.audio_encoder")}
    assert made.naming is not None
    trained = {id(parameter) for parameter in made.module.parameters()}
    assert {id(parameter) for parameter in made.naming.parameters()} < trained
    made.save(tmp_path / "named")
    task().save(tmp_path / "plain")
    named, plain = (load_rig(tmp_path / name).model.state_dict() for name in ("named", "plain"))
    assert named.keys() == plain.keys()
    assert "naming" not in task().losses(made_up(), 0.0, torch.Generator())


def test_it_learns() -> None:
    """First the tracked face; then the context model its categories and the face that they make."""
    made, batch = task(), made_up()
    optimiser = torch.optim.AdamW(made.module.parameters(), 3e-3, weight_decay=0)
    weigh = {"weights": 10.0, "gap": 0.3, "usage": 0.1, "context": 1.0, "crossing": 5.0}

    def course(steps: int, first: float, last: float) -> dict[str, list[float]]:
        values: dict[str, list[float]] = {"gap": [], "context": [], "spoken_gap": []}
        for step, progress in enumerate(np.linspace(first, last, steps)):
            found = made.losses(batch, float(progress), torch.Generator().manual_seed(step))
            optimiser.zero_grad()
            sum(weigh.get(each, 0.0) * value for each, value in found.items()).backward()  # type: ignore[union-attr]
            torch.nn.utils.clip_grad_norm_(made.module.parameters(), 1.0)
            optimiser.step()
            for name, each in values.items():
                each.append(found[name].item())
        return values

    gap = course(60, 0.0, 0.5)["gap"]
    assert np.mean(gap[-5:]) < 0.7 * np.mean(gap[:5])
    optimiser.param_groups[0]["lr"] = 1e-3
    weigh = {"context": 0.3, "spoken_gap": 1.0}
    both = course(60, LATENT, 1.0)
    assert np.mean(both["context"][-5:]) < 0.7 * np.mean(both["context"][:5])
    assert np.mean(both["spoken_gap"][-5:]) < 0.97 * np.mean(both["spoken_gap"][:5])


def test_tables_that_cannot_be_are_refused() -> None:
    for table in ({"heads": 0}, {"layers": 3}, {"hidden": 1.5}):
        with pytest.raises(UsageError, match=next(iter(table))):
            MeshTalkTask(table)


def test_damaged_folders_are_refused(tmp_path: Path) -> None:
    made = task()
    made.save(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load_rig(tmp_path)
    made.save(tmp_path)
    weights = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load_rig(tmp_path)
    made.save(tmp_path)
    other = MeshTalkTask({**SMALL, "heads": 8})
    other.save(tmp_path / "other")
    (tmp_path / "config.json").write_bytes((tmp_path / "other" / "config.json").read_bytes())
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load_rig(tmp_path)


def test_the_recipe_looks_for_the_best_where_the_face_of_sound_alone_counts() -> None:
    finish = load_recipe("meshtalk").finish
    assert finish
    assert finish.part == pytest.approx(1 - LATENT)
