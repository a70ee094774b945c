"""The audio encoder, one column of 10 ms a step: a layer computes each column once and keeps it for later frames.

The published encoder runs seven convolutions over a second of sound for each frame. Here that second ends at the
newest column, and what a layer has computed moves through shift registers. Registers hold each layer's distance from
its answer to endless silence, so that the all-zero state is a stream that begins in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.audio.level import LevelNormaliser, LevelState
from sdk.audio.logmel import BANDS, LogMel, LogMelState
from sdk.models.layers.causal_conv import CausalTaps, ConvState
from sdk.models.meshtalk.config import CODE, SLOPE
from sdk.models.meshtalk.encoder import DILATIONS, KERNEL
from sdk.models.meshtalk.streaming.config import HOP, MelConfig
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage


class Taps(nn.Module):
    """Convolution and leaky ReLU, as the distance from the answer to silence."""

    silence: Tensor  # (CODE,)

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.taps = CausalTaps(channels, KERNEL, dilation, CODE)
        self.register_buffer("silence", torch.zeros(CODE))

    def step(self, x: Tensor, state: ConvState) -> tuple[Tensor, ConvState]:
        """(1, n, channels) to (1, n, 128)."""
        y, after = self.taps.step(x, state)
        return F.leaky_relu(y, SLOPE) - self.silence, after


@dataclass(frozen=True)
class AudioEncoderState:
    """Level, samples of the last window, and one register a layer."""

    level: LevelState
    mel: LogMelState
    layers: tuple[ConvState, ...]


class AudioEncoderStage(Stage):
    """Level, log-mel column and seven causal convolutions; the code of the newest second of sound."""

    name, clock = "audio_encoder", "hop"
    inputs = (InputSpec(name="pcm", shape=(1, HOP), unit="full scale", source="audio.pcm"),)
    outputs = (TensorSpec(name="audio_code", shape=(1, CODE)),)
    silence: Tensor  # (BANDS,)

    def __init__(self, mel: MelConfig) -> None:
        super().__init__()
        self.level = LevelNormaliser(HOP)
        self.mel = LogMel(HOP, mel.window, mel.n_fft, mel.floor)
        self.register_buffer("silence", torch.zeros(BANDS))
        self.layers = nn.ModuleList([Taps(BANDS, 1), *(Taps(CODE, dilation) for dilation in DILATIONS)])
        self.leave = nn.Linear(CODE, CODE)

    def init_state(self) -> AudioEncoderState:
        """Silence before the stream."""
        layers = tuple(layer.taps.init_state() for layer in self._layers())
        return AudioEncoderState(level=self.level.init_state(), mel=self.mel.init_state(), layers=layers)

    def step(
        self, inputs: Mapping[str, Tensor], state: AudioEncoderState
    ) -> tuple[dict[str, Tensor], AudioEncoderState]:
        """One hop of PCM (1, 160) to the code (1, 128)."""
        levelled, level = self.level.step(inputs["pcm"], state.level)
        columns, mel = self.mel.step(levelled, state.mel)
        codes, layers = self.encode(columns, state.layers)
        return {"audio_code": codes.reshape(1, CODE)}, AudioEncoderState(level=level, mel=mel, layers=layers)

    def encode(self, columns: Tensor, states: tuple[ConvState, ...]) -> tuple[Tensor, tuple[ConvState, ...]]:
        """Columns (1, n, 80) to codes (1, n, 128)."""
        first, *blocks = self._layers()
        x, after = first.step(columns - self.silence, states[0])
        afters = [after]
        for layer, state in zip(blocks, states[1:], strict=True):
            y, after = layer.step(x, state)
            x = (layer.taps.middle(x, state) + y) * 0.5
            afters.append(after)
        return self.leave(x), tuple(afters)

    def _layers(self) -> list[Taps]:
        return [layer for layer in self.layers if isinstance(layer, Taps)]
