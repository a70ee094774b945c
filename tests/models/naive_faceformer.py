"""FaceFormer the long way round, as an oracle: from the paper's description, on library modules only.

The encoder is transformers' `Wav2Vec2Model`, the decoder `torch.nn.TransformerDecoder` run on the whole prefix for
every frame, every token taken through the vertices and back, every mask a full matrix. Nothing is shared with
`sdk.models`. It takes the published state dict; the tables that limit the published code to 600 frames are made as
large as asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import transformers
from torch import Tensor, nn
from torch.nn import functional as F


class NaiveDecoder(nn.Module):
    """All of the published model behind the encoder, with its parameter names."""

    def __init__(self, width: int, *, vertice_dim: int, subjects: int, dataset: str, period: int, frames: int) -> None:
        super().__init__()
        heads = 4
        layer = nn.TransformerDecoderLayer(width, heads, 2 * width, dropout=0.0, batch_first=True)
        self.transformer_decoder = nn.TransformerDecoder(layer, num_layers=1)
        self.vertice_map = nn.Linear(vertice_dim, width)
        self.vertice_map_r = nn.Linear(width, vertice_dim)
        self.obj_vector = nn.Linear(subjects, width, bias=False)

        place, column = np.arange(frames)[:, None] % period, np.arange(width)
        angle = place * 10000.0 ** (-(column // 2 * 2) / width)
        table = np.where(column % 2 == 0, np.sin(angle), np.cos(angle))
        self.table = torch.tensor(table, dtype=torch.float32)

        back = np.arange(frames)[:, None] - np.arange(frames)
        slopes = np.array([4.0 ** -(head + 1) for head in range(heads)])[:, None, None]
        bias = np.where(back < 0, -np.inf, -slopes * np.floor(back / period))
        self.bias = torch.tensor(bias, dtype=torch.float32)

        per_frame = {"vocaset": 1, "biwi": 2}[dataset]
        self.blocked = torch.from_numpy(np.arange(frames)[:, None] != np.arange(frames * per_frame) // per_frame)

    def decode(self, tokens: Tensor, memory: Tensor) -> Tensor:
        count = tokens.shape[1]
        hidden: Tensor = self.transformer_decoder(
            tokens + self.table[:count],
            memory,
            tgt_mask=self.bias[:, :count, :count],
            memory_mask=self.blocked[:count, : memory.shape[1]],
        )
        return hidden

    def autoregressive(self, memory: Tensor, template: Tensor, style: Tensor, frames: int) -> Tensor:
        style = self.obj_vector(style)[:, None]
        tokens = style
        for _ in range(frames):
            displacements = self.vertice_map_r(self.decode(tokens, memory))
            tokens = torch.cat([tokens, self.vertice_map(displacements[:, -1:]) + style], 1)
        return displacements + template[:, None]

    def teacher_forced(self, memory: Tensor, template: Tensor, style: Tensor, vertices: Tensor) -> Tensor:
        shifted = torch.cat([template[:, None], vertices[:, :-1]], 1)
        tokens = self.vertice_map(shifted - template[:, None]) + self.obj_vector(style)[:, None]
        return self.vertice_map_r(self.decode(tokens, memory)) + template[:, None]


class NaiveFaceFormer(NaiveDecoder):
    """The whole model from a published state dict."""

    def __init__(self, state: Mapping[str, Tensor], dataset: str, period: int, frames: int = 700) -> None:
        vertice_dim, width = state["vertice_map_r.weight"].shape
        subjects = state["obj_vector.weight"].shape[1]
        super().__init__(
            width, vertice_dim=vertice_dim, subjects=subjects, dataset=dataset, period=period, frames=frames
        )
        self.dataset = dataset
        self.audio_encoder = library_encoder(state)
        self.audio_feature_map = nn.Linear(state["audio_feature_map.weight"].shape[1], width)
        self.load_state_dict({key: value for key, value in state.items() if key != "PPE.pe"}, strict=True)
        self.eval()

    def features(self, audio: Tensor) -> Tensor:
        values = audio.numpy()
        values = (values - values.mean()) / np.sqrt(values.var() + 1e-5)
        features: Tensor = self.audio_encoder.feature_extractor(torch.from_numpy(values))
        return features  # (1, C, L)

    def memory(self, features: Tensor, frames: int | None = None) -> Tensor:
        """`frames` as the training forward gives it."""
        if self.dataset == "vocaset":
            size = frames or int(features.shape[2] / 50.0 * 30)
            features = F.interpolate(features, size=size, mode="linear", align_corners=True)
        else:
            features = features[..., : features.shape[2] - features.shape[2] % 2]
            features = features[..., : 2 * frames] if frames else features
        projected = self.audio_encoder.feature_projection(features.transpose(1, 2))[0]
        encoded: Tensor = self.audio_feature_map(self.audio_encoder.encoder(projected)[0])
        return encoded

    def predict(self, audio: Tensor, template: Tensor, style: Tensor) -> Tensor:
        memory = self.memory(self.features(audio))
        frames = memory.shape[1] // (1 if self.dataset == "vocaset" else 2)
        return self.autoregressive(memory, template, style, frames)

    def train_step(
        self, audio: Tensor, template: Tensor, style: Tensor, vertices: Tensor, teacher_forcing: bool
    ) -> tuple[Tensor, Tensor]:
        """Predicted vertices and loss."""
        memory = self.memory(self.features(audio), vertices.shape[1])
        if self.dataset == "biwi" and memory.shape[1] < 2 * vertices.shape[1]:
            vertices = vertices[:, : memory.shape[1] // 2]
        if teacher_forcing:
            out = self.teacher_forced(memory, template, style, vertices)
        else:
            out = self.autoregressive(memory, template, style, vertices.shape[1])
        return out, ((out - vertices) ** 2).mean()


def library_encoder(state: Mapping[str, Tensor], heads: int = 2) -> transformers.Wav2Vec2Model:
    """transformers' wav2vec 2.0 of the sizes of a published state dict, its weights not loaded."""
    prefix = "audio_encoder."
    layers = {key.split(".")[3] for key in state if key.startswith(f"{prefix}encoder.layers.")}
    convolutions = [state[f"{prefix}feature_extractor.conv_layers.{i}.conv.weight"].shape[0] for i in range(7)]
    config = transformers.Wav2Vec2Config(
        hidden_size=state[f"{prefix}masked_spec_embed"].shape[0],
        num_hidden_layers=len(layers),
        num_attention_heads=heads,
        intermediate_size=state[f"{prefix}encoder.layers.0.feed_forward.intermediate_dense.bias"].shape[0],
        conv_dim=tuple(convolutions),
        feat_extract_norm="group",
        do_stable_layer_norm=False,
        conv_bias=False,
        attn_implementation="eager",
    )
    return transformers.Wav2Vec2Model(config)
