"""FaceFormer as published, whole-clip (Fan et al. 2022, "FaceFormer: Speech-Driven 3D Facial Animation with
Transformers"): same outputs as the published code, at a linear cost and without its limit of 600 frames.

The published prediction loop goes through the vertices and back for every frame. Both maps are linear, so their product
is one d x d matrix: the loop here stays in the decoder's width and all vertices are made at the end by one product.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.errors import UsageError
from sdk.models.faceformer import inputs
from sdk.models.faceformer.config import POSITIONS, Dataset, FaceFormerConfig
from sdk.models.faceformer.decoder import MotionDecoder, PeriodicPositionalEncoding
from sdk.models.faceformer.loss import vertex_loss
from sdk.models.faceformer.rollout import rollout
from sdk.models.layers.wav2vec2 import Wav2Vec2

NORMALISER_EPS = 1e-5
"""Added to the variance of the utterance. The published code pins transformers 4.6.1, whose feature extractor has
1e-5; later releases have 1e-7. It matters only for audio that is nearly silent."""


def normalise_utterance(audio: Tensor) -> Tensor:
    """Zero mean and unit variance (population) over each whole clip: (B, N) to (B, N)."""
    mean = audio.mean(-1, keepdim=True)
    variance = audio.var(-1, correction=0, keepdim=True)
    return (audio - mean) / torch.sqrt(variance + NORMALISER_EPS)


@dataclass(frozen=True)
class TrainingResult:
    """What a training forward gives.

    Attributes:
        vertices: predicted positions (1, T, V * 3).
        target: the ground truth they are compared with, cut to T where the audio is shorter (biwi).
        loss: scalar, see `sdk.models.faceformer.loss`.
    """

    vertices: Tensor
    target: Tensor
    loss: Tensor


class FaceFormer(nn.Module):
    """The published model; its parameters bear the published names.

    Shapes: N samples, L features at 50 Hz, T frames, V vertices, S training subjects, d = `config.feature_dim`.
    """

    def __init__(self, config: FaceFormerConfig) -> None:
        super().__init__()
        self.config = config
        width = config.feature_dim
        self.audio_encoder = Wav2Vec2(config.encoder)
        self.audio_feature_map = nn.Linear(config.encoder.hidden, width)
        self.vertice_map = nn.Linear(config.vertice_dim, width)
        self.PPE = PeriodicPositionalEncoding(width, config.period, POSITIONS)
        self.transformer_decoder = MotionDecoder(width, config.heads, config.period, config.vectors_per_frame)
        self.vertice_map_r = nn.Linear(width, config.vertice_dim)
        self.obj_vector = nn.Linear(config.subjects, width, bias=False)
        nn.init.zeros_(self.vertice_map_r.weight)
        nn.init.zeros_(self.vertice_map_r.bias)
        self.audio_encoder.feature_extractor.requires_grad_(False)  # frozen in the published training

    @classmethod
    def from_checkpoint(
        cls, path: str | Path, *, dataset: Dataset | None = None, encoder_heads: int | None = None
    ) -> FaceFormer:
        """Load a published state dict; all sizes are read off its tensors. The model comes in evaluation mode.

        Args:
            path: e.g. ``vocaset.pth``.
            dataset: overrides what the period of the positional table says (30: vocaset, 25: biwi).
            encoder_heads: overrides `sdk.models.faceformer.checkpoint.default_encoder_heads`.

        Raises:
            CheckpointError: the file is missing, unreadable, unsafe, or not of the published format.
            UsageError: `dataset` or `encoder_heads` cannot be used.
        """
        from sdk.models.faceformer.checkpoint import load_checkpoint

        return load_checkpoint(path, dataset=dataset, encoder_heads=encoder_heads)

    def animate(self, audio: Tensor, template: Tensor, style: Tensor) -> Tensor:
        """Animate a face to speech, as the published ``predict``.

        Args:
            audio: (1, N) float, 16 kHz, as recorded: the utterance is normalised here. At least one frame of it: 720
                samples for the published sizes.
            template: (1, V * 3) the face at rest, xyz of each vertex in turn, in the training data's unit.
            style: (1, S) one-hot choice of a training subject, in the order they were trained in; mixes are legal.

        Returns:
            (1, T, V * 3) positions in the template's unit, at `config.frame_rate`.

        Raises:
            AudioError: `audio` is not (1, N) float and finite, or too short for one frame.
            UsageError: `template` or `style` has another shape, or the model is in training mode.
        """
        if self.training:
            raise UsageError("FaceFormer.animate", "the model is in training mode", "call eval() first")
        inputs.check_audio(audio, self.config)
        inputs.check_tensor("template", template, (1, self.config.vertice_dim))
        inputs.check_tensor("style", style, (1, self.config.subjects))
        with torch.no_grad():
            decoder = self.transformer_decoder
            memory = decoder.project_memory(self.encode(self._features(audio)))
            hidden = rollout(
                decoder.layer,
                memory,
                style=self.obj_vector(style),
                feedback=self.feedback(style),
                places=self.PPE.table(len(memory)),
                period=decoder.period,
            )
            vertices: Tensor = self.vertice_map_r(hidden)
            return vertices.add_(template[:, None])

    def forward(
        self, audio: Tensor, template: Tensor, vertices: Tensor, style: Tensor, *, teacher_forcing: bool = True
    ) -> TrainingResult:
        """The published training forward.

        Teacher forced, the first token is ``vertice_map(0) + style``; autoregressive, which is how the published
        models were trained, it is the style alone, and every frame recomputes all tokens so far with fresh dropout.

        Args:
            audio: (1, N) as for `animate`.
            template: (1, V * 3).
            vertices: (1, T, V * 3) ground truth. vocaset stretches the audio features to its length; biwi cuts the
                longer of the two.
            style: (1, S).
            teacher_forcing: feed the ground truth, not the predictions.

        Raises:
            AudioError, UsageError: as for `animate`.
        """
        inputs.check_audio(audio, self.config, stretched=True)
        inputs.check_tensor("template", template, (1, self.config.vertice_dim))
        inputs.check_tensor("style", style, (1, self.config.subjects))
        inputs.check_vertices(vertices, self.config)
        encoded = self.encode(self._features(audio), vertices.shape[1])
        target = vertices[:, : encoded.shape[1] // self.config.vectors_per_frame]
        memory = self.transformer_decoder.project_memory(encoded)
        if teacher_forcing:
            before = torch.cat([template[:, None], target[:, :-1]], 1) - template[:, None]
            tokens = self.vertice_map(before) + self.obj_vector(style)[:, None]
            hidden = self.transformer_decoder(self.PPE(tokens), memory)
        else:
            feedback = self.feedback(style)
            tokens = self.obj_vector(style)[:, None]
            for _ in range(target.shape[1] - 1):
                hidden = self.transformer_decoder(self.PPE(tokens), memory)
                tokens = torch.cat([tokens, F.linear(hidden[:, -1:], *feedback)], 1)
            hidden = self.transformer_decoder(self.PPE(tokens), memory)
        predicted = self.vertice_map_r(hidden) + template[:, None]
        return TrainingResult(predicted, target, vertex_loss(predicted, target))

    def align(self, features: Tensor, frames: int | None = None) -> Tensor:
        """Bring features (1, L, C) at 50 Hz to whole frames: (1, T * vectors_per_frame, C).

        vocaset: linear interpolation whose first and last points are the first and last feature, so that its ratio
        depends on the clip's length. biwi: an odd last feature is dropped.

        Args:
            features: from the encoder's feature extractor.
            frames: T, or None for `FaceFormerConfig.frame_count`. For biwi at most T frames are kept.
        """
        wanted = self.config.frame_count(features.shape[1]) if frames is None else frames
        if self.config.dataset == "biwi":
            return features[:, : 2 * min(wanted, features.shape[1] // 2)]
        stretched = F.interpolate(features.mT, size=wanted, mode="linear", align_corners=True)
        return stretched.mT

    def encode(self, features: Tensor, frames: int | None = None) -> Tensor:
        """Features (1, L, C) at 50 Hz to the decoder's memory (1, T * vectors_per_frame, d); `frames` as in `align`."""
        memory: Tensor = self.audio_feature_map(self.audio_encoder.encode(self.align(features, frames)))
        return memory

    def feedback(self, style: Tensor) -> tuple[Tensor, Tensor]:
        """From a frame's hidden vector to the next token, through the vertices and back, with the style (1, S) added.

        Returns:
            Weight (d, d) and bias (d,) of a linear map.
        """
        weight = self.vertice_map.weight @ self.vertice_map_r.weight
        bias = F.linear(self.vertice_map_r.bias, self.vertice_map.weight, self.vertice_map.bias)
        return weight, bias + self.obj_vector(style)[0]

    def _features(self, audio: Tensor) -> Tensor:
        features: Tensor = self.audio_encoder.feature_extractor(normalise_utterance(audio))
        return features
