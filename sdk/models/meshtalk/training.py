"""The two published training steps.

First the latent space, encoder and geometry decoder together; then the context model, on the categories of the encoder,
which no longer changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Adam
from torch.optim.lr_scheduler import MultiStepLR

from sdk.models.meshtalk.losses import context_error, reconstruction_error, region_error
from sdk.models.meshtalk.model import MeshTalk
from sdk.models.meshtalk.quantise import choose, one_hot, straight_through

LEARNING_RATE = 1e-4
WEIGHT_DECAY = 1e-3
"""L2, of the geometry decoder only."""


@dataclass(frozen=True)
class Schedule:
    """How long a step trains: the published values.

    Attributes:
        batch: segments of an update.
        frames: of a segment.
        updates: in all.
        milestone: updates after which the learning rate falls to a tenth.
    """

    batch: int
    frames: int
    updates: int
    milestone: int


LATENT = Schedule(batch=8, frames=32, updates=50_000, milestone=40_000)
CONTEXT = Schedule(batch=8, frames=64, updates=15_000, milestone=10_000)


@dataclass(frozen=True)
class Segments:
    """A batch of training data.

    Attributes:
        sound: (B, T, 16000) chunks of normalised sound, see `sdk.models.meshtalk.front_end`.
        geometry: (B, T, V, 3) tracked faces in mm.
        template: (B, V, 3) faces at rest in mm.
    """

    sound: Tensor
    geometry: Tensor
    template: Tensor


@dataclass(frozen=True)
class Regions:
    """Weights (V,) of vertices.

    Attributes:
        landmarks: eyelids, emphasised in the reconstruction.
        mouth: what the sound must explain.
        upper_face: what the tracked face must explain.
    """

    landmarks: Tensor
    mouth: Tensor
    upper_face: Tensor


@dataclass(frozen=True)
class LatentLosses:
    """Scalars in mm^2; see `sdk.models.meshtalk.losses`."""

    reconstruction: Tensor
    landmarks: Tensor
    modality_crossing: Tensor

    @property
    def total(self) -> Tensor:
        """What the published training minimises."""
        return self.reconstruction + self.landmarks + self.modality_crossing


def latent_losses(
    model: MeshTalk, batch: Segments, regions: Regions, uniforms: Tensor, shifts: tuple[int, int]
) -> LatentLosses:
    """Losses of the first step.

    A face decoded from another segment's expression must keep its own mouth, and one decoded from another segment's
    sound its own upper face: so each modality comes to hold what only it knows.

    Args:
        model: in training mode for training, which drops out in the audio encoder.
        batch: at least two segments.
        regions: of the template.
        uniforms: (3, B, T, H, C) in [0, 1] for the samples of: own codes, others' expression, others' sound.
        shifts: segment b takes the expression of segment b + the first, and the sound of b + the second, modulo B; 1 to
            B - 1.
    """
    assert all(0 < shift < len(batch.sound) for shift in shifts), "a shift must give every segment another one"
    expression = model.encoder.expression_encoder(batch.geometry)
    sound = model.encoder.audio_encoder(batch.sound)

    def decode(expression: Tensor, sound: Tensor, uniforms: Tensor) -> Tensor:
        codes = straight_through(model.encoder.fusion_model(expression, sound), uniforms)
        geometry: Tensor = model.vertex_unet(batch.template, codes)
        return geometry

    own = decode(expression, sound, uniforms[0])
    other_expression = decode(expression.roll(-shifts[0], 0), sound, uniforms[1])
    other_sound = decode(expression, sound.roll(-shifts[1], 0), uniforms[2])
    crossing = region_error(other_expression, batch.geometry, regions.mouth)
    crossing = crossing + region_error(other_sound, batch.geometry, regions.upper_face)
    return LatentLosses(
        reconstruction=reconstruction_error(own, batch.geometry),
        landmarks=region_error(own, batch.geometry, regions.landmarks),
        modality_crossing=crossing,
    )


def context_loss(model: MeshTalk, batch: Segments) -> Tensor:
    """Loss of the second step: cross-entropy of the encoder's likeliest categories. The encoder gets no gradient."""
    with torch.no_grad():
        sound = model.encoder.audio_encoder(batch.sound)
        labels = choose(model.encoder.fusion_model(model.encoder.expression_encoder(batch.geometry), sound))
    return context_error(model.context_model(one_hot(labels, model.config.classes), sound), labels)


class LatentTraining:
    """First step: both optimisers of the published training and their learning rate.

    Args:
        model: whose encoder and geometry decoder to train.
        regions: of the template.
        generator: draws the uniforms and the shifts; on the model's device.
    """

    def __init__(self, model: MeshTalk, regions: Regions, generator: torch.Generator) -> None:
        self.model, self.regions, self.generator = model, regions, generator
        self.optimisers = [
            Adam(model.vertex_unet.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY),
            Adam(model.encoder.parameters(), LEARNING_RATE),
        ]
        self.schedulers = [MultiStepLR(optimiser, [LATENT.milestone]) for optimiser in self.optimisers]

    def update(self, batch: Segments) -> LatentLosses:
        """One update; returns the losses before it, detached."""
        self.model.train()
        frames, config = batch.geometry.shape[:2], self.model.config
        shape = (3, *frames, config.heads, config.classes)
        uniforms = torch.rand(shape, generator=self.generator, device=self.generator.device)
        drawn = torch.randint(1, frames[0], (2,), generator=self.generator, device=self.generator.device)
        first, second = drawn.tolist()
        losses = latent_losses(self.model, batch, self.regions, uniforms, (first, second))
        _descend(losses.total, self.optimisers, self.schedulers)
        parts = (losses.reconstruction, losses.landmarks, losses.modality_crossing)
        return LatentLosses(*(part.detach() for part in parts))


class ContextTraining:
    """Second step: the published optimiser of the context model and its learning rate.

    Args:
        model: whose context model to train; its encoder stays as it is, in evaluation mode.
    """

    def __init__(self, model: MeshTalk) -> None:
        self.model = model
        self.optimisers = [Adam(model.context_model.parameters(), LEARNING_RATE)]
        self.schedulers = [MultiStepLR(optimiser, [CONTEXT.milestone]) for optimiser in self.optimisers]

    def update(self, batch: Segments) -> Tensor:
        """One update; returns the loss before it, detached."""
        self.model.eval()
        self.model.context_model.train()
        loss = context_loss(self.model, batch)
        _descend(loss, self.optimisers, self.schedulers)
        return loss.detach()


def _descend(loss: Tensor, optimisers: list[Adam], schedulers: list[MultiStepLR]) -> None:
    for optimiser in optimisers:
        optimiser.zero_grad()
    torch.autograd.backward(loss)
    for optimiser in optimisers:
        optimiser.step()
    for scheduler in schedulers:
        scheduler.step()
