"""The audio side of the streaming form: two encoders behind one interface, `audio_stages`.

Both take hops of 320 samples (20 ms), normalise the level causally and give one feature of the decoder's width:
the small log-mel encoder in one stage, the causal wav2vec 2.0 in two (convolutions, transformer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.audio.level import LevelNormaliser, LevelState
from sdk.audio.logmel import LogMel, LogMelState
from sdk.models.faceformer.streaming_config import LogMelEncoderConfig, StreamingConfig, Wav2Vec2EncoderConfig
from sdk.models.layers.cached_attention import AttentionState, CachedAttention
from sdk.models.layers.causal_conv import CausalConv1d, CausalTaps, ConvState
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage

HOP = 320
"""Samples a step: the total stride of wav2vec 2.0's convolutions, 20 ms."""

COLUMNS, BINS = 2, 80
"""Log-mel columns a hop and mel bins a column."""

LOG_MEL_CENTRE, LOG_MEL_SCALE = -2.0, 0.25
"""Brings log-mel power after the level normaliser, -9.2 (silence) to about 6, to about [-2, 2]. Constants, not a
LayerNorm: silence has all bins equal, where a LayerNorm divides rounding errors by the root of its epsilon."""


def pcm_input() -> InputSpec:
    """The hop's samples, float32 in [-1, 1]."""
    return InputSpec(name="pcm", shape=(1, HOP), unit="full scale", source="audio.pcm")


def audio_stages(config: StreamingConfig) -> list[Stage]:
    """The encoder's stages in order; the last one's ``features`` are what the motion decoder reads."""
    if isinstance(config.encoder, LogMelEncoderConfig):
        return [LogMelEncoder(config.encoder, config.feature_dim)]
    return [Wav2Vec2Convolutions(config.encoder), Wav2Vec2Transformer(config.encoder, config.feature_dim)]


class TapsBlock(nn.Module):
    """Residual block of the log-mel encoder: ``x + W GELU(taps(x))``."""

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.taps = CausalTaps(channels, kernel, dilation)
        self.mix = nn.Linear(channels, channels)

    def step(self, x: Tensor, state: ConvState) -> tuple[Tensor, ConvState]:
        """(1, n, channels) to the same shape."""
        y, after = self.taps.step(x, state)
        return x + self.mix(F.gelu(y)), after


@dataclass(frozen=True)
class LogMelEncoderState:
    """Level, samples of the last window, and one register a block."""

    level: LevelState
    mel: LogMelState
    blocks: tuple[ConvState, ...]


class LogMelEncoder(Stage):
    """Level, log-mel (80 bins, window of 25 ms that ends at its newest sample), dilated causal convolutions, 50 Hz."""

    name, clock = "audio_encoder", "hop"

    def __init__(self, config: LogMelEncoderConfig, width: int) -> None:
        super().__init__()
        self.inputs = (pcm_input(),)
        self.outputs = (TensorSpec(name="features", shape=(1, width)),)
        self.level, self.mel = LevelNormaliser(HOP), LogMel()
        self.enter = nn.Linear(COLUMNS * BINS, config.channels)
        self.blocks = nn.ModuleList(TapsBlock(config.channels, config.kernel, d) for d in config.dilations)
        self.norm_out = nn.LayerNorm(config.channels)
        self.leave = nn.Linear(config.channels, width)

    def init_state(self) -> LogMelEncoderState:
        """Silence before the stream."""
        blocks = tuple(block.taps.init_state() for block in self._blocks())
        return LogMelEncoderState(level=self.level.init_state(), mel=self.mel.init_state(), blocks=blocks)

    def step(
        self, inputs: Mapping[str, Tensor], state: LogMelEncoderState
    ) -> tuple[dict[str, Tensor], LogMelEncoderState]:
        """One hop of PCM (1, 320) to features (1, d)."""
        levelled, level = self.level.step(inputs["pcm"], state.level)
        columns, mel = self.mel.step(levelled, state.mel)
        x, blocks = self._encode(columns.reshape(1, 1, COLUMNS * BINS), state.blocks)
        after = LogMelEncoderState(level=level, mel=mel, blocks=blocks)
        return {"features": x.reshape(1, -1)}, after

    def whole(self, pcm: Tensor) -> Tensor:
        """Whole clip (1, N), N a multiple of the hop, to features (N / 320, d)."""
        columns = self.mel(self.level(pcm))
        x, _ = self._encode(columns.reshape(1, -1, COLUMNS * BINS), self.init_state().blocks)
        return x[0]

    def _encode(self, x: Tensor, states: tuple[ConvState, ...]) -> tuple[Tensor, tuple[ConvState, ...]]:
        x = F.gelu(self.enter((x - LOG_MEL_CENTRE) * LOG_MEL_SCALE))
        after = []
        for block, state in zip(self._blocks(), states, strict=True):
            x, left = block.step(x, state)
            after.append(left)
        return self.leave(self.norm_out(x)), tuple(after)

    def _blocks(self) -> list[TapsBlock]:
        return [block for block in self.blocks if isinstance(block, TapsBlock)]


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


def phase_mix(features: Tensor, newest: Tensor, phase: Tensor) -> Tensor:
    """Whole-clip form of the step's interpolation to the frame clock.

    Args:
        features: (H, c), one row a hop.
        newest: (T,) integer index of the newest complete hop at each frame, -1 where there is none.
        phase: (T,) part of a hop passed since, in [0, 1).

    Returns:
        (T, c): ``older + (newer - older) * phase``; rows before the stream are zeros.
    """
    padded = torch.cat([torch.zeros(2, features.shape[1]), features])
    older, newer = padded[newest + 1], padded[newest + 2]
    return older + (newer - older) * phase.reshape(-1, 1)
