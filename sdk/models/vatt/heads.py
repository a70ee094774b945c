"""Projections of the pooled features into the common spaces (Akbari et al. 2021, section 3.4).

The hierarchy goes from fine to coarse: video and audio meet in a fine space, and what video has there is carried on to
a coarse space, where it meets text. Nothing compares audio with text directly.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.vatt.config import HeadConfig

KEEP = 0.9
"""Share of the moving statistics that a training step keeps (published configuration)."""

BATCH_EPSILON = 1e-5
"""Of the batch norms (published configuration)."""


@dataclass(frozen=True)
class Embeddings:
    """Clips in the common spaces, not normalised; B clips with L sentences each.

    Attributes:
        video_to_audio: (B, fine).
        video_to_text: (B, coarse).
        audio_to_video: (B, fine).
        text_to_video: (B * L, coarse), clip by clip.
    """

    video_to_audio: Tensor
    video_to_text: Tensor
    audio_to_video: Tensor
    text_to_video: Tensor


class BatchNorm(nn.Module):
    """Batch norm of (B, d) as Keras has it: its moving variance takes the biased variance of the batch."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, d) to the same shape; in training by the batch's statistics, which the moving ones then follow."""
        mean, variance = self.running_mean, self.running_var
        if self.training:
            variance, mean = torch.var_mean(x, 0, correction=0)
            self.running_mean = KEEP * self.running_mean + (1 - KEEP) * mean.detach()
            self.running_var = KEEP * self.running_var + (1 - KEEP) * variance.detach()
        return (x - mean) * torch.rsqrt(variance + BATCH_EPSILON) * self.weight + self.bias


class ReluDenseNorm(nn.Module):
    """A batch norm if asked for, ReLU, a linear map without bias, a batch norm."""

    def __init__(self, width_in: int, width: int, *, norm_first: bool = False) -> None:
        super().__init__()
        self.pre_bn = BatchNorm(width_in) if norm_first else nn.Identity()
        self.dense = nn.Linear(width_in, width, bias=False)
        self.bn = BatchNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width_in) to (B, width)."""
        out: Tensor = self.bn(self.dense(F.relu(self.pre_bn(x))))
        return out


class FacHead(nn.Module):
    """Fine to coarse.

    Args:
        video, audio, text: widths of the pooled features.
        config: of the spaces.
    """

    def __init__(self, video: int, audio: int, text: int, config: HeadConfig) -> None:
        super().__init__()
        self.vid_to_hid = nn.Linear(video, config.fine, bias=False)
        self.hid_to_va = ReluDenseNorm(config.fine, config.fine, norm_first=True)
        self.va_to_vat = ReluDenseNorm(config.fine, config.coarse)
        self.aud_to_va = nn.Linear(audio, config.fine)
        self.txt_to_vat = nn.Linear(text, config.coarse)

    def project_video(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """(B, d) to the fine space and the coarse one."""
        fine: Tensor = self.hid_to_va(self.vid_to_hid(pooled))
        coarse: Tensor = self.va_to_vat(fine)
        return fine, coarse

    def project_audio(self, pooled: Tensor) -> Tensor:
        """(B, d) to the fine space."""
        fine: Tensor = self.aud_to_va(pooled)
        return fine

    def project_text(self, pooled: Tensor) -> Tensor:
        """(B, d) to the coarse space."""
        coarse: Tensor = self.txt_to_vat(pooled)
        return coarse

    def carry_on(self, fine: Tensor) -> Tensor:
        """From the fine space (B, fine) to the coarse one, as video goes: so sound can be compared with text."""
        coarse: Tensor = self.va_to_vat(fine)
        return coarse


class JointHead(nn.Module):
    """One space of width `HeadConfig.fine` for all three; arguments as `FacHead`."""

    def __init__(self, video: int, audio: int, text: int, config: HeadConfig) -> None:
        super().__init__()
        self.vid_to_vat = ReluDenseNorm(video, config.fine)
        self.aud_to_vat = ReluDenseNorm(audio, config.fine)
        self.txt_to_vat = ReluDenseNorm(text, config.fine)

    def project_video(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """(B, d) to the space, twice the same."""
        joint: Tensor = self.vid_to_vat(pooled)
        return joint, joint

    def project_audio(self, pooled: Tensor) -> Tensor:
        """(B, d) to the space."""
        joint: Tensor = self.aud_to_vat(pooled)
        return joint

    def project_text(self, pooled: Tensor) -> Tensor:
        """(B, d) to the space."""
        joint: Tensor = self.txt_to_vat(pooled)
        return joint


Head = FacHead | JointHead


def build_head(video: int, audio: int, text: int, config: HeadConfig) -> Head:
    """The head of `config.kind` for pooled features of these widths."""
    return (FacHead if config.kind == "fac" else JointHead)(video, audio, text, config)


def project(head: Head, video: Tensor, audio: Tensor, text: Tensor) -> Embeddings:
    """Pooled features (B, d) of video and audio and (B * L, d) of text, to the common spaces."""
    fine, coarse = head.project_video(video)
    return Embeddings(fine, coarse, head.project_audio(audio), head.project_text(text))
