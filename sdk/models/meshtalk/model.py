"""MeshTalk as published, whole-clip: same outputs and labels, at a cost a frame that does not grow with the clip.

Richard et al. 2021, "MeshTalk: 3D Face Animation from Speech using Cross-Modality Disentanglement".
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from sdk.errors import UsageError
from sdk.models.input_checks import check_audio, check_tensor
from sdk.models.meshtalk import inputs
from sdk.models.meshtalk.config import MeshTalkConfig
from sdk.models.meshtalk.context_model import ContextModel
from sdk.models.meshtalk.encoder import BLOCK, MultimodalEncoder
from sdk.models.meshtalk.front_end import SHORTEST, chunks, normalise_level
from sdk.models.meshtalk.geometry_decoder import VertexUnet
from sdk.models.meshtalk.quantise import choose
from sdk.models.meshtalk.sampler import ContextSampler
from sdk.models.meshtalk.smoothing import smooth


class MeshTalk(nn.Module):
    """The published model; its parameters bear the published names below the name of their file.

    Shapes: N samples, T frames of 533 samples, V vertices, H heads, C classes. Vertices are in mm. Frames are meant to
    be shown at 30 a second. A new model has random weights; the mean and deviation of its vertices are 0 and 1.
    """

    def __init__(self, config: MeshTalkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = MultimodalEncoder(config)
        self.context_model = ContextModel(config)
        self.vertex_unet = VertexUnet(config)
        self._sampler: tuple[tuple[tuple[int, int], ...], ContextSampler] | None = None

    @classmethod
    def from_checkpoint(cls, folder: str | Path) -> MeshTalk:
        """Load published state dicts; all sizes are read off their tensors. The model comes in evaluation mode.

        Args:
            folder: holds ``encoder.pkl``, ``context_model.pkl`` and ``vertex_unet.pkl``.

        Raises:
            CheckpointError: a file is missing, unreadable, unsafe, not of the published format, or does not fit the
                others.
        """
        from sdk.models.meshtalk.checkpoint import load_checkpoint

        return load_checkpoint(folder)

    @torch.no_grad()
    def encode_audio(self, audio: Tensor) -> Tensor:
        """Sound to one code a frame, each from the second of sound around it.

        Args:
            audio: (1, N) float, 16 kHz, as recorded: the level of the clip is normalised here. At least 535 samples.

        Returns:
            (1, T, 128), T as `sdk.models.meshtalk.front_end.frame_count` says.

        Raises:
            AudioError: `audio` is not (1, N) float and finite, or too short for one frame.
            UsageError: the model is in training mode.
        """
        self._check_mode("encode_audio")
        check_audio(audio, SHORTEST)
        sound = chunks(normalise_level(audio))
        return torch.cat([self.encoder.audio_encoder(block) for block in torch.split(sound, BLOCK, 1)], 1)

    def sample(self, audio_code: Tensor, uniforms: Tensor | None = None) -> Tensor:
        """Draw the categories of each frame from the context model.

        Args:
            audio_code: (1, T, 128).
            uniforms: (T, H, C) in [0, 1]; the published code draws ``torch.rand(1, C)`` for each frame and head in
                turn. None takes the likeliest category instead.

        Returns:
            Labels (1, T, H) int64.

        Raises:
            UsageError: an argument has another shape or range, or the model is in training mode.
        """
        self._check_mode("sample")
        inputs.check_audio_code(audio_code)
        inputs.check_uniforms(uniforms, audio_code.shape[1], self.config)
        return self._current_sampler().sample(audio_code[0], uniforms)[None]

    @torch.no_grad()
    def decode(self, template: Tensor, labels: Tensor) -> Tensor:
        """Categories to geometry.

        Args:
            template: (1, V, 3) the face at rest, in mm.
            labels: (1, T, H) integers.

        Returns:
            (1, T, V, 3) in mm.

        Raises:
            UsageError: an argument has another shape or range, or the model is in training mode.
        """
        self._check_mode("decode")
        check_tensor("template", template, (1, self.config.vertices, self.config.point_size))
        inputs.check_labels(labels, self.config)
        identity = self.vertex_unet.encode_identity(template)
        return self.vertex_unet.decode_labels(identity, labels.long())

    @torch.no_grad()
    def animate(
        self, audio: Tensor, template: Tensor, uniforms: Tensor | None = None, smooth_mask: Tensor | None = None
    ) -> Tensor:
        """Animate a face to speech, as the published ``animate_face.py``.

        Args:
            audio: (1, N) as for `encode_audio`.
            template: (1, V, 3) the face at rest, in mm.
            uniforms: (T, H, C) as for `sample`; the published script draws them without a seed.
            smooth_mask: (V,) share of smoothing over time of each vertex, or (M, V) to smooth M times in turn; the
                published script smooths the forehead, then the neck.

        Returns:
            (1, T, V, 3) in mm.

        Raises:
            AudioError, UsageError: as for `encode_audio`, `sample` and `decode`.
        """
        check_tensor("template", template, (1, self.config.vertices, self.config.point_size))
        masks = inputs.smoothing_masks(smooth_mask, self.config)
        geometry = self.decode(template, self.sample(self.encode_audio(audio), uniforms))
        for mask in masks:
            geometry = smooth(geometry, mask)
        return geometry

    @torch.no_grad()
    def reconstruct(self, geometry: Tensor, audio: Tensor, template: Tensor, uniforms: Tensor | None = None) -> Tensor:
        """Follow a tracked face, fused with the sound, as in the published first training step.

        Args:
            geometry: (1, T, V, 3) tracked vertices in mm, one for each frame of `audio`.
            audio: (1, N) as for `encode_audio`.
            template: (1, V, 3) the face at rest, in mm.
            uniforms: (T, H, C) to draw the categories by; None takes the likeliest ones.

        Returns:
            (1, T, V, 3) in mm.

        Raises:
            AudioError: as for `encode_audio`.
            UsageError: an argument has another shape or range, or the model is in training mode.
        """
        return self.decode(template, self.quantise(geometry, audio, uniforms))

    @torch.no_grad()
    def quantise(self, geometry: Tensor, audio: Tensor, uniforms: Tensor | None = None) -> Tensor:
        """Categories (1, T, H) of a tracked face and its sound; arguments and errors as for `reconstruct`."""
        audio_code = self.encode_audio(audio)
        check_tensor("geometry", geometry, (1, audio_code.shape[1], self.config.vertices, self.config.point_size))
        inputs.check_uniforms(uniforms, audio_code.shape[1], self.config)
        expression_code = self.encoder.expression_encoder(geometry)
        logprobs = self.encoder.fusion_model(expression_code, audio_code)
        return choose(logprobs, None if uniforms is None else uniforms[None])

    def _current_sampler(self) -> ContextSampler:
        """Tables of the present weights, made anew when an optimiser or a load has changed them."""
        version = tuple((parameter.data_ptr(), parameter._version) for parameter in self.context_model.parameters())
        if self._sampler is None or self._sampler[0] != version:
            self._sampler = version, ContextSampler(self.context_model)
        return self._sampler[1]

    def _check_mode(self, method: str) -> None:
        if self.training:
            raise UsageError(f"MeshTalk.{method}", "the model is in training mode", "call eval() first")
