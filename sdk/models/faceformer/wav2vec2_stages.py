"""wav2vec 2.0 made causal, in two stages: its convolutions on every hop, its transformer on the token's clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from sdk.audio.level import LevelNormaliser, LevelState
from sdk.models.faceformer.hops import HOP, pcm_input
from sdk.models.faceformer.streaming_config import Wav2Vec2EncoderConfig
from sdk.models.layers.cached_attention import AttentionState, CachedAttention
from sdk.models.layers.causal_conv import CausalConv1d, ConvState
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage


@dataclass(frozen=True)
class Wav2Vec2ConvolutionsState:
    """Level, and kernel - stride samples or features before each convolution."""

    level: LevelState
    convs: tuple[ConvState | tuple[()], ...]


class Wav2Vec2Convolutions(Stage):
    """wav2vec 2.0's convolutions made causal: a feature sees the 400 samples that end with its hop.

    Layer 0's GroupNorm, whose statistics run over the whole clip, is folded into its convolution with statistics
    measured once on speech (`sdk.models.faceformer.causalise`).
    """

    name, clock = "audio_encoder", "hop"

    def __init__(self, config: Wav2Vec2EncoderConfig) -> None:
        super().__init__()
        self.inputs = (pcm_input(),)
        self.outputs = (TensorSpec(name="conv_features", shape=(1, config.conv_dim[-1])),)
        self.level = LevelNormaliser(HOP)
        widths_in = (1, *config.conv_dim[:-1])
        sizes = zip(widths_in, config.conv_dim, config.kernels, config.strides, strict=True)
        self.convs = nn.ModuleList(
            CausalConv1d(wide, out, kernel, stride=stride, bias=index == 0)
            for index, (wide, out, kernel, stride) in enumerate(sizes)
        )

    def init_state(self) -> Wav2Vec2ConvolutionsState:
        """Silence before the stream."""
        convs = tuple(conv.init_state() for conv in self._convs())
        return Wav2Vec2ConvolutionsState(level=self.level.init_state(), convs=convs)

    def step(
        self, inputs: Mapping[str, Tensor], state: Wav2Vec2ConvolutionsState
    ) -> tuple[dict[str, Tensor], Wav2Vec2ConvolutionsState]:
        """One hop of PCM (1, 320) to convolutional features (1, 512)."""
        levelled, level = self.level.step(inputs["pcm"], state.level)
        x, convs = self._encode(levelled.reshape(1, 1, HOP), state.convs)
        return {"conv_features": x.reshape(1, -1)}, Wav2Vec2ConvolutionsState(level=level, convs=convs)

    def whole(self, pcm: Tensor) -> Tensor:
        """Whole clip (1, N), N a multiple of the hop, to features (N / 320, 512)."""
        x, _ = self._encode(self.level(pcm).reshape(1, 1, -1), self.init_state().convs)
        return x[0].T

    def _encode(
        self, x: Tensor, states: tuple[ConvState | tuple[()], ...]
    ) -> tuple[Tensor, tuple[ConvState | tuple[()], ...]]:
        after = []
        for conv, state in zip(self._convs(), states, strict=True):
            x, left = conv.step(x, state)
            x = F.gelu(x)
            after.append(left)
        return x, tuple(after)

    def _convs(self) -> list[CausalConv1d]:
        return [conv for conv in self.convs if isinstance(conv, CausalConv1d)]


class TransformerLayer(nn.Module):
    """wav2vec 2.0's post-norm layer with windowed causal attention."""

    def __init__(self, config: Wav2Vec2EncoderConfig) -> None:
        super().__init__()
        self.attention = CachedAttention(config.hidden, config.heads, config.window)
        self.norm1, self.norm2 = nn.LayerNorm(config.hidden), nn.LayerNorm(config.hidden)
        self.linear1, self.linear2 = nn.Linear(config.hidden, config.ffn), nn.Linear(config.ffn, config.hidden)

    def step(self, x: Tensor, state: AttentionState) -> tuple[Tensor, AttentionState]:
        """(1, hidden) to (1, hidden)."""
        attended, after = self.attention.step(x, state)
        return self._finish(x, attended), after

    def forward(self, x: Tensor) -> Tensor:
        """Whole clip, (T, hidden) to (T, hidden)."""
        return self._finish(x, self.attention(x))

    def _finish(self, x: Tensor, attended: Tensor) -> Tensor:
        x = self.norm1(x + attended)
        normed: Tensor = self.norm2(x + self.linear2(F.gelu(self.linear1(x))))
        return normed


@dataclass(frozen=True)
class Wav2Vec2TransformerState:
    """Past of the positional convolution, and each layer's keys and values."""

    position: ConvState | tuple[()]
    layers: tuple[AttentionState, ...]


class Wav2Vec2Transformer(Stage):
    """wav2vec 2.0's projection, positional convolution and transformer made causal, then FaceFormer's audio map.

    The positional convolution keeps the taps that stand on the present and the past, unmoved, and drops those on the
    future; attention sees the newest `window` tokens.
    """

    name = "audio_transformer"

    def __init__(self, config: Wav2Vec2EncoderConfig, width: int) -> None:
        super().__init__()
        self.clock = config.transformer_clock
        rows = 2 if self.clock == "frame" else 1
        phase = (InputSpec(name="phase", shape=(1, 1), source="clock.phase"),)
        self.inputs = (
            InputSpec(name="conv_features", shape=(rows, config.conv_dim[-1]), source="audio_encoder.conv_features"),
            *(phase if rows == 2 else ()),
        )
        self.outputs = (TensorSpec(name="features", shape=(1, width)),)
        self.norm_in = nn.LayerNorm(config.conv_dim[-1])
        self.project = nn.Linear(config.conv_dim[-1], config.hidden)
        taps = config.pos_conv_kernel // 2 + 1
        self.position = CausalConv1d(config.hidden, config.hidden, taps, groups=config.pos_conv_groups)
        self.norm = nn.LayerNorm(config.hidden)
        self.layers = nn.ModuleList(TransformerLayer(config) for _ in range(config.layers))
        self.map = nn.Linear(config.hidden, width)

    def init_state(self) -> Wav2Vec2TransformerState:
        """Nothing heard yet."""
        layers = tuple(layer.attention.init_state() for layer in self._layers())
        return Wav2Vec2TransformerState(position=self.position.init_state(), layers=layers)

    def step(
        self, inputs: Mapping[str, Tensor], state: Wav2Vec2TransformerState
    ) -> tuple[dict[str, Tensor], Wav2Vec2TransformerState]:
        """One token: convolutional features, interpolated to the frame where that is its clock, to (1, d)."""
        features = inputs["conv_features"]
        if self.clock == "frame":
            older, newer = features[0:1], features[1:2]
            features = older + (newer - older) * inputs["phase"]
        x = self.project(self.norm_in(features))
        hidden = x.shape[1]
        position, left = self.position.step(x.reshape(1, hidden, 1), state.position)
        x = self.norm(x + F.gelu(position).reshape(1, hidden))
        after = []
        for layer, cache in zip(self._layers(), state.layers, strict=True):
            x, kept = layer.step(x, cache)
            after.append(kept)
        return {"features": self.map(x)}, Wav2Vec2TransformerState(position=left, layers=tuple(after))

    def whole(self, features: Tensor) -> Tensor:
        """Whole clip of tokens (T, 512), already on this stage's clock, to (T, d)."""
        x = self.project(self.norm_in(features))
        x = self.norm(x + F.gelu(self.position(x.T[None]))[0].T)
        for layer in self._layers():
            x = layer(x)
        mapped: Tensor = self.map(x)
        return mapped

    def _layers(self) -> list[TransformerLayer]:
        return [layer for layer in self.layers if isinstance(layer, TransformerLayer)]
