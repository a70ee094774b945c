"""The published training steps: gradients, what each step changes, and that it learns."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.optim import Adam

from sdk.models.meshtalk import MeshTalk
from sdk.models.meshtalk.losses import region_error
from sdk.models.meshtalk.quantise import gumbel_noise, straight_through
from sdk.models.meshtalk.training import (
    CONTEXT,
    LATENT,
    ContextTraining,
    LatentTraining,
    Regions,
    Segments,
    context_loss,
    latent_losses,
)
from tests.models.meshtalk.small import small_meshtalk

VERTICES = 4


@pytest.fixture
def batch() -> Segments:
    generator = torch.Generator().manual_seed(0)
    sound = 0.01 * torch.randn(3, 3, 16_000, generator=generator)
    rest = small_meshtalk().vertex_unet.mean
    geometry = rest + torch.randn(3, 3, VERTICES, 3, generator=generator)
    return Segments(sound, geometry, rest[0] + torch.randn(3, VERTICES, 3, generator=generator))


def regions() -> Regions:
    return Regions(*torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.5, 0.0], [0.2, 0.0, 0.0, 1.0]]))


def snapshot(model: MeshTalk) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in model.state_dict().items()}


def changed(model: MeshTalk, before: dict[str, Tensor]) -> set[str]:
    now = model.state_dict()
    return {key.split(".")[0] for key, value in before.items() if not torch.equal(now[key], value)}


def test_region_error_is_a_weighted_mean() -> None:
    predicted, target = torch.zeros(2, 3, 2, 3), torch.ones(2, 3, 2, 3)
    target[:, :, 1] = 3.0
    assert region_error(predicted, target, torch.tensor([1.0, 0.0])) == 1.0
    assert region_error(predicted, target, torch.tensor([0.5, 0.5])) == 5.0


def test_straight_through() -> None:
    """Hard forwards, soft backwards; frequencies of the draws are the probabilities, within 4 deviations."""
    logprobs = torch.tensor([0.7, 0.2, 0.1]).log().requires_grad_()
    uniforms = torch.rand(20_000, 3, generator=torch.Generator().manual_seed(0))
    drawn = straight_through(logprobs, uniforms)
    torch.testing.assert_close(drawn, drawn.detach().round(), atol=1e-6, rtol=0)
    torch.testing.assert_close(drawn.detach().mean(0), torch.tensor([0.7, 0.2, 0.1]), atol=0.013, rtol=0)
    weights = torch.tensor([1.0, 2.0, 3.0])
    (ours,) = torch.autograd.grad((drawn * weights).sum(), logprobs)
    (soft,) = torch.autograd.grad(((logprobs + gumbel_noise(uniforms)).softmax(-1) * weights).sum(), logprobs)
    torch.testing.assert_close(ours, soft)


def test_schedules_are_the_published_ones() -> None:
    assert (LATENT.batch, LATENT.frames, LATENT.updates, LATENT.milestone) == (8, 32, 50_000, 40_000)
    assert (CONTEXT.batch, CONTEXT.frames, CONTEXT.updates, CONTEXT.milestone) == (8, 64, 15_000, 10_000)


def test_optimisers_are_the_published_ones() -> None:
    model = small_meshtalk()
    latent = LatentTraining(model, regions(), torch.Generator())
    for optimiser, decay in zip([*latent.optimisers, *ContextTraining(model).optimisers], [1e-3, 0, 0], strict=True):
        assert isinstance(optimiser, Adam)
        assert (optimiser.defaults["lr"], optimiser.defaults["weight_decay"]) == (1e-4, decay)
    scheduler = latent.schedulers[0]
    assert dict(scheduler.milestones) == {40_000: 1}
    assert scheduler.gamma == 0.1


def test_the_first_step_trains_encoder_and_decoder(batch: Segments) -> None:
    model = small_meshtalk()
    before = snapshot(model)
    training = LatentTraining(model, regions(), torch.Generator().manual_seed(0))
    losses = training.update(batch)
    assert model.training
    assert torch.isfinite(losses.total)
    assert not losses.total.requires_grad
    assert changed(model, before) == {"encoder", "vertex_unet"}


def test_the_first_step_learns(batch: Segments) -> None:
    """One batch by heart, at a hundred times the published rate: the fixed noise makes its losses comparable."""
    model = small_meshtalk()
    training = LatentTraining(model, regions(), torch.Generator().manual_seed(0))
    for optimiser in training.optimisers:
        for group in optimiser.param_groups:
            group["lr"] = 1e-2
    uniforms = torch.rand(3, 3, 3, 3, 5, generator=torch.Generator().manual_seed(1))

    @torch.no_grad()
    def loss() -> float:
        return float(latent_losses(model.eval(), batch, regions(), uniforms, (1, 2)).total)

    start = loss()
    for _ in range(20):
        training.update(batch)
    assert loss() < 0.5 * start


def test_every_part_gets_a_gradient(batch: Segments) -> None:
    model = small_meshtalk().train()
    uniforms = torch.rand(3, 3, 3, 3, 5, generator=torch.Generator().manual_seed(1))
    torch.autograd.backward(latent_losses(model, batch, regions(), uniforms, (1, 2)).total)
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) != name.startswith("context_model"), name
    assert model.encoder.audio_encoder.code.weight.grad is not None
    assert model.encoder.audio_encoder.code.weight.grad.abs().max() > 0


def test_the_second_step_trains_only_the_context_model(batch: Segments) -> None:
    model = small_meshtalk()
    before = snapshot(model)
    training = ContextTraining(model)
    for group in training.optimisers[0].param_groups:
        group["lr"] = 1e-2
    start = training.update(batch)
    assert changed(model, before) == {"context_model"}
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    for _ in range(15):
        training.update(batch)
    with torch.no_grad():
        assert context_loss(model.eval(), batch) < 0.5 * start


def test_masked_weights_stay_without_effect(batch: Segments) -> None:
    model = small_meshtalk()
    code = torch.randn(1, 8, 128, generator=torch.Generator().manual_seed(4))
    labels = model.sample(code)
    with torch.no_grad():
        for layer in [model.context_model.embedding, *model.context_model.context_layers, model.context_model.logits]:
            weight = layer.masked_linear.weight
            weight.add_(9.0 * (1 - layer.mask[..., None]))
    assert torch.equal(model.sample(code), labels)
