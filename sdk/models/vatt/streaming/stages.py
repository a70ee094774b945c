"""The stages of the streaming form: sound to features on every hop, features to the common space on every frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from sdk.audio.level import LevelNormaliser, LevelState
from sdk.models.vatt.streaming.causal import CausalTransformer, States
from sdk.models.vatt.streaming.config import CausalConfig
from sdk.models.vatt.streaming.unit_length import UnitLength
from sdk.spec import InputSpec, TensorSpec
from sdk.stage import Stage


@dataclass(frozen=True)
class AudioEncoderState:
    """Level of the sound, and each layer's keys and values."""

    level: LevelState
    layers: States


class AudioEncoderStage(Stage):
    """A hop of samples is one token: level, one linear map, causal transformer. No spectrum.

    The linear map is the published convolution, whose stride is its kernel. The level is not of the published model,
    which was trained on loud clips: a microphone's gain should not change what is heard.

    Args:
        config: sizes.
        width_out: of the features, by one more map; None leaves the transformer's.
    """

    name, clock = "audio_encoder", "hop"

    def __init__(self, config: CausalConfig, width_out: int | None = None) -> None:
        super().__init__()
        hop, width = config.patch, config.transformer.width
        self.inputs = (InputSpec(name="pcm", shape=(1, hop), unit="full scale", source="audio.pcm"),)
        self.outputs = (TensorSpec(name="features", shape=(1, width_out or width)),)
        self.level = LevelNormaliser(hop)
        self.wave_to_patch = nn.Linear(hop, width)
        self.tx = CausalTransformer(config.transformer, config.window)
        self.leave = nn.Linear(width, width_out) if width_out else nn.Identity()

    def init_state(self) -> AudioEncoderState:
        """Silence before the stream."""
        return AudioEncoderState(level=self.level.init_state(), layers=self.tx.init_state())

    def step(
        self, inputs: Mapping[str, Tensor], state: AudioEncoderState
    ) -> tuple[dict[str, Tensor], AudioEncoderState]:
        """One hop of PCM to features (1, d)."""
        levelled, level = self.level.step(inputs["pcm"], state.level)
        features, layers = self.tx.step(self.wave_to_patch(levelled), state.layers)
        return {"features": self.leave(features)}, AudioEncoderState(level=level, layers=layers)

    def whole(self, pcm: Tensor) -> Tensor:
        """Whole clip (1, N), N a multiple of the hop, to features (N / hop, d)."""
        return self.encode(self.level(pcm).reshape(1, -1, self.level.hop))[0]

    def encode(self, hops: Tensor) -> Tensor:
        """Whole clips from their levelled hops (B, T, hop), for training: features (B, T, d)."""
        features: Tensor = self.leave(self.tx(self.wave_to_patch(hops)))
        return features


class AudioHeadStage(Stage):
    """The newest features to the common space, at unit length (Akbari et al. 2021, section 3.4: audio has one map)."""

    name, clock = "audio_head", "frame"

    def __init__(self, width: int, space: int) -> None:
        super().__init__()
        self.inputs = (InputSpec(name="features", shape=(1, width), source="audio_encoder.features"),)
        self.outputs = (TensorSpec(name="embedding", shape=(1, space)),)
        self.aud_to_va = nn.Linear(width, space)
        self.unit = UnitLength(space)

    def step(self, inputs: Mapping[str, Tensor], state: tuple[()]) -> tuple[dict[str, Tensor], tuple[()]]:
        """Features (1, d) to an embedding (1, space)."""
        return {"embedding": self.embed(inputs["features"])}, state

    def embed(self, features: Tensor) -> Tensor:
        """Features (..., d) to embeddings (..., space) of length 1."""
        unit: Tensor = self.unit(self.aud_to_va(features))
        return unit
