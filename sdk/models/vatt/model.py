"""VATT as published: encoders of sound, video and words, and the spaces they meet in."""

from __future__ import annotations

import abc
from pathlib import Path

from torch import Tensor, nn

from sdk.models.vatt.audio import WaveformEncoder
from sdk.models.vatt.config import UnifiedConfig, VattConfig
from sdk.models.vatt.heads import Embeddings, Head, build_head, project
from sdk.models.vatt.inputs import check_kept, check_video, check_waveform, check_words
from sdk.models.vatt.text import TextEncoder
from sdk.models.vatt.transformer import Encoded
from sdk.models.vatt.unified import UnifiedEncoder
from sdk.models.vatt.video import VideoEncoder


class Encoders(nn.Module, abc.ABC):
    """What both forms of the model share: encoders of three modalities and a head.

    Shapes: B clips, L sentences a clip, N samples, T frames. A new model has random weights.
    """

    head: Head
    audio_patch: int
    video_patch: tuple[int, int, int]
    channels: int
    words: int

    @abc.abstractmethod
    def audio_features(self, waveform: Tensor, kept: Tensor | None) -> Encoded:
        """`encode_audio` without checks."""

    @abc.abstractmethod
    def video_features(self, video: Tensor, kept: Tensor | None) -> Encoded:
        """`encode_video` without checks."""

    @abc.abstractmethod
    def text_features(self, words: Tensor) -> Encoded:
        """`encode_text` without checks."""

    def encode_audio(self, waveform: Tensor, kept: Tensor | None = None) -> Encoded:
        """Features of sound.

        Args:
            waveform: (B, N) float32 in [-1, 1], 48 kHz as published; samples after the last whole token are left.
            kept: places of the tokens that DropToken keeps, see `sdk.models.vatt.drop_token.choose_tokens`; None keeps
                all.

        Raises:
            AudioError: `waveform` has another form, is not finite or too short for one token.
            UsageError: `kept` has places that are none of the clip's.
        """
        check_waveform(waveform, self.audio_patch)
        check_kept(kept, waveform.shape[1] // self.audio_patch)
        return self.audio_features(waveform, kept)

    def encode_video(self, video: Tensor, kept: Tensor | None = None) -> Encoded:
        """Features of video.

        Args:
            video: (B, T, H, W, C) float32 in [-1, 1], 10 frames a second as published.
            kept: as `encode_audio`; tokens count along width, then height, then time.

        Raises:
            UsageError: an argument has another form, or `video` is not finite or too small for one token.
        """
        check_video(video, self.video_patch, self.channels)
        time, height, width = (size // by for size, by in zip(video.shape[1:4], self.video_patch, strict=True))
        check_kept(kept, time * height * width)
        return self.video_features(video, kept)

    def encode_text(self, words: Tensor) -> Encoded:
        """Features of sentences.

        Args:
            words: (B, n) integers, 0 for no word; 16 a sentence as published.

        Raises:
            UsageError: `words` has another form or holds numbers that are no words.
        """
        check_words(words, self.words)
        return self.text_features(words)

    def forward(
        self,
        video: Tensor,
        waveform: Tensor,
        words: Tensor,
        kept_video: Tensor | None = None,
        kept_audio: Tensor | None = None,
    ) -> Embeddings:
        """Clips in the common spaces, for `sdk.models.vatt.losses.vatt_loss`; for training, so without checks.

        Args:
            video: (B, T, H, W, C) in [-1, 1].
            waveform: (B, N) in [-1, 1].
            words: (B * L, n) integers, clip by clip.
            kept_video: as `encode_video`.
            kept_audio: as `encode_audio`.
        """
        return project(
            self.head,
            self.video_features(video, kept_video).pooled,
            self.audio_features(waveform, kept_audio).pooled,
            self.text_features(words).pooled,
        )


class Vatt(Encoders):
    """The modality-specific model: an encoder for each modality."""

    def __init__(self, config: VattConfig) -> None:
        super().__init__()
        self.config = config
        self.audio_patch, self.video_patch = config.audio.patch, config.video.patch
        self.channels, self.words = config.video.channels, config.text.words
        self.audio = WaveformEncoder(config.audio)
        self.video = VideoEncoder(config.video)
        self.text = TextEncoder(config.text)
        video, audio, text = (part.transformer.width for part in (config.video, config.audio, config.text))
        self.head = build_head(video, audio, text, config.head)

    @classmethod
    def from_checkpoint(cls, path: str | Path) -> Vatt:
        """Load a published pre-training checkpoint; see `sdk.models.vatt.checkpoint.load_vatt`."""
        from sdk.models.vatt.checkpoint import load_vatt

        return load_vatt(path)

    def audio_features(self, waveform: Tensor, kept: Tensor | None) -> Encoded:
        """`encode_audio` without checks."""
        encoded: Encoded = self.audio(waveform, kept)
        return encoded

    def video_features(self, video: Tensor, kept: Tensor | None) -> Encoded:
        """`encode_video` without checks."""
        encoded: Encoded = self.video(video, kept)
        return encoded

    def text_features(self, words: Tensor) -> Encoded:
        """`encode_text` without checks."""
        encoded: Encoded = self.text(words)
        return encoded


class UnifiedVatt(Encoders):
    """The modality-agnostic model: one transformer for all three."""

    def __init__(self, config: UnifiedConfig) -> None:
        super().__init__()
        self.config = config
        self.audio_patch, self.video_patch = config.audio_patch, config.video_patch
        self.channels, self.words = config.video_channels, config.words
        self.encoder = UnifiedEncoder(config)
        self.head = build_head(config.out_width, config.out_width, config.out_width, config.head)

    @classmethod
    def from_checkpoint(cls, path: str | Path) -> UnifiedVatt:
        """Load a published pre-training checkpoint; see `sdk.models.vatt.checkpoint.load_unified`."""
        from sdk.models.vatt.checkpoint import load_unified

        return load_unified(path)

    def audio_features(self, waveform: Tensor, kept: Tensor | None) -> Encoded:
        """`encode_audio` without checks."""
        return self.encoder.encode_audio(waveform, kept)

    def video_features(self, video: Tensor, kept: Tensor | None) -> Encoded:
        """`encode_video` without checks."""
        return self.encoder.encode_video(video, kept)

    def text_features(self, words: Tensor) -> Encoded:
        """`encode_text` without checks."""
        return self.encoder.encode_text(words)
