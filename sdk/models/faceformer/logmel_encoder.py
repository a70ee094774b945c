"""The small log-mel encoder of the embedded default, in one stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from sdk.audio.level import LevelNormaliser, LevelState
from sdk.audio.logmel import LogMel, LogMelState
from sdk.models.faceformer.hops import HOP, pcm_input
from sdk.models.faceformer.streaming_config import LogMelEncoderConfig
from sdk.models.layers.causal_conv import CausalTaps, ConvState
from sdk.spec import TensorSpec
from sdk.stage import Stage

COLUMNS, BINS = 2, 80
"""Log-mel columns a hop and mel bins a column."""

LOG_MEL_CENTRE, LOG_MEL_SCALE = -2.0, 0.25
"""Brings log-mel power after the level normaliser, -9.2 (silence) to about 6, to about [-2, 2]. Constants, not a
LayerNorm: silence has all bins equal, where a LayerNorm divides rounding errors by the root of its epsilon."""


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
        return self.encode(columns.reshape(1, -1, COLUMNS * BINS))[0]

    def encode(self, columns: Tensor) -> Tensor:
        """Whole clips from their columns: (B, hops, 160) to features (B, hops, d)."""
        silence = [block.taps.init_state().left.to(columns) for block in self._blocks()]
        states = tuple(ConvState(left.expand(len(columns), -1, -1)) for left in silence)
        return self._encode(columns, states)[0]

    def _encode(self, x: Tensor, states: tuple[ConvState, ...]) -> tuple[Tensor, tuple[ConvState, ...]]:
        x = F.gelu(self.enter((x - LOG_MEL_CENTRE) * LOG_MEL_SCALE))
        after = []
        for block, state in zip(self._blocks(), states, strict=True):
            x, left = block.step(x, state)
            after.append(left)
        return self.leave(self.norm_out(x)), tuple(after)

    def _blocks(self) -> list[TapsBlock]:
        return [block for block in self.blocks if isinstance(block, TapsBlock)]
