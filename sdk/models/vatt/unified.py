"""The modality-agnostic encoder: one transformer for sound, video and words (Akbari et al. 2021, section 3.3).

Each modality has its own way in (tokeniser, projection, positions, aggregating token) and out (projection); they pass
the shared weights one after another and never see each other. Parameters bear the published names.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.vatt.config import UnifiedConfig
from sdk.models.vatt.drop_token import drop_tokens
from sdk.models.vatt.positions import SpatioTemporalEmbeddings, TemporalEmbeddings
from sdk.models.vatt.text import PADDING, with_aggregate
from sdk.models.vatt.transformer import Encoded, TransformerEncoder, key_mask, new_aggregate, prepend

MODALITIES = ("video", "audio", "text")


class UnifiedEncoder(nn.Module):
    """Clips of any modality to one vector a token, and one for the clip. The word table is fixed, as published."""

    def __init__(self, config: UnifiedConfig) -> None:
        super().__init__()
        self.config = config
        width, dropout = config.transformer.width, config.position_dropout
        self.raw_to_embeddings = nn.ModuleDict(
            {
                "video": nn.Conv3d(config.video_channels, width, config.video_patch, stride=config.video_patch),
                "audio": nn.Conv1d(1, width, config.audio_patch, stride=config.audio_patch),
                "text": nn.Embedding(config.words, config.word_width),
            }
        )
        self.raw_to_embeddings["text"].requires_grad_(False)
        widths = {"video": width, "audio": width, "text": config.word_width}
        self.pre_proj = nn.ModuleDict({name: nn.Linear(wide, width) for name, wide in widths.items()})
        self.pos_embedding_lookup = nn.ModuleDict(
            {
                "video": SpatioTemporalEmbeddings(config.video_buckets, width, dropout),
                "audio": TemporalEmbeddings(config.audio_buckets, width, dropout),
                "text": TemporalEmbeddings(config.text_buckets, width, dropout),
            }
        )
        self.vid_agg_embedding, self.aud_agg_embedding, self.txt_agg_embedding = (new_aggregate(width) for _ in "vat")
        self.tx = TransformerEncoder(config.transformer)
        self.post_proj = nn.ModuleDict({name: nn.Linear(width, config.out_width) for name in MODALITIES})

    def encode_video(self, video: Tensor, kept: Tensor | None = None) -> Encoded:
        """Frames (B, T, H, W, C), see `VideoEncoder.forward`."""
        grid = self.raw_to_embeddings["video"](video.permute(0, 4, 1, 2, 3)).permute(0, 2, 3, 4, 1)
        tokens = drop_tokens(self._place("video", grid).flatten(1, 3), kept)
        return self._finish("video", self.vid_agg_embedding, tokens)

    def encode_audio(self, waveform: Tensor, kept: Tensor | None = None) -> Encoded:
        """Sound (B, N), see `WaveformEncoder.forward`."""
        patches = self.raw_to_embeddings["audio"](waveform[:, None]).mT
        return self._finish("audio", self.aud_agg_embedding, drop_tokens(self._place("audio", patches), kept))

    def encode_text(self, words: Tensor) -> Encoded:
        """Words (B, n), see `TextEncoder.forward`; here positions are learnt, as those of sound and video."""
        tokens = self._place("text", self.raw_to_embeddings["text"](words))
        mask = key_mask(with_aggregate(words != PADDING))
        return self._finish("text", self.txt_agg_embedding, tokens, mask)

    def _place(self, name: str, tokens: Tensor) -> Tensor:
        placed: Tensor = self.pos_embedding_lookup[name](F.gelu(self.pre_proj[name](tokens)))
        return placed

    def _finish(self, name: str, aggregate: Tensor, tokens: Tensor, mask: Tensor | None = None) -> Encoded:
        return Encoded.split(F.gelu(self.post_proj[name](self.tx(prepend(aggregate, tokens), mask))))
