"""wav2vec 2.0, whole-clip form, in parts that streaming forms reuse: convolutions, projection, transformer layers."""

from sdk.models.layers.wav2vec2.config import Wav2Vec2Config
from sdk.models.layers.wav2vec2.model import Wav2Vec2

__all__ = ["Wav2Vec2", "Wav2Vec2Config"]
