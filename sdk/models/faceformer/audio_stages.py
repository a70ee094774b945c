"""The audio side of the streaming form: three encoders behind one interface.

All take hops of 320 samples (20 ms), normalise the level causally and give one feature of the decoder's width: the
small log-mel encoder and VATT's encoder of raw samples in one stage, the causal wav2vec 2.0 in two (convolutions,
transformer).
"""

from __future__ import annotations

from sdk.models.faceformer.logmel_encoder import LogMelEncoder
from sdk.models.faceformer.streaming_config import LogMelEncoderConfig, StreamingConfig, WaveformEncoderConfig
from sdk.models.faceformer.wav2vec2_stages import Wav2Vec2Convolutions, Wav2Vec2Transformer
from sdk.models.vatt.streaming.stages import AudioEncoderStage
from sdk.stage import Stage


def audio_stages(config: StreamingConfig) -> list[Stage]:
    """The encoder's stages in order; the last one's ``features`` are what the motion decoder reads."""
    if isinstance(config.encoder, LogMelEncoderConfig):
        return [LogMelEncoder(config.encoder, config.feature_dim)]
    if isinstance(config.encoder, WaveformEncoderConfig):
        return [AudioEncoderStage(config.encoder.sizes, config.feature_dim)]
    return [Wav2Vec2Convolutions(config.encoder), Wav2Vec2Transformer(config.encoder, config.feature_dim)]
