"""What a recipe's ``[augmentation]`` table may hold."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, FiniteFloat, model_validator

from sdk.spec import Record

Probability = Annotated[FiniteFloat, Field(ge=0, le=1)]


class Effect(Record):
    """An effect that happens to a part of the clips.

    Attributes:
        probability: that part, 0 to 1.
    """

    probability: Probability


class RangedEffect(Effect):
    """An effect with a strength that is drawn evenly from a range.

    Attributes:
        low, high: the range; its unit is the effect's.
    """

    low: FiniteFloat
    high: FiniteFloat

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class SpeakerEffect(RangedEffect):
    """Resampling by a factor; above 1 is higher and faster."""

    probability: Probability = 0.5
    low: Annotated[FiniteFloat, Field(ge=0.5)] = 0.84
    high: Annotated[FiniteFloat, Field(le=2)] = 1.2


class SilenceEffect(RangedEffect):
    """Seconds of silence put in at a pause."""

    probability: Probability = 0.3
    low: Annotated[FiniteFloat, Field(gt=0)] = 0.2
    high: Annotated[FiniteFloat, Field(le=10)] = 1.5


class InterludeEffect(RangedEffect):
    """Seconds of breath, music or noise put in at a pause, in which the face rests."""

    probability: Probability = 0.35
    low: Annotated[FiniteFloat, Field(gt=0)] = 0.8
    high: Annotated[FiniteFloat, Field(le=30)] = 4.0


class ReverbEffect(RangedEffect):
    """Reverberation time RT60 in seconds."""

    probability: Probability = 0.35
    low: Annotated[FiniteFloat, Field(ge=0.05)] = 0.1
    high: Annotated[FiniteFloat, Field(le=3)] = 0.7


class NoiseEffect(RangedEffect):
    """Ratio of speech to noise in dB."""

    probability: Probability = 0.6
    low: Annotated[FiniteFloat, Field(ge=-20)] = 5.0
    high: Annotated[FiniteFloat, Field(le=80)] = 35.0


class ColourEffect(RangedEffect):
    """Spectral tilt in dB between 100 Hz and 8 kHz, with resonances of a cheap microphone."""

    probability: Probability = 0.6
    low: Annotated[FiniteFloat, Field(ge=-30)] = -9.0
    high: Annotated[FiniteFloat, Field(le=30)] = 9.0


class TelephoneEffect(Effect):
    """The band of a telephone line, 300 to 3400 Hz."""

    probability: Probability = 0.08


class CodecEffect(Effect):
    """A coarse code: 8-bit mu-law or few linear bits."""

    probability: Probability = 0.15


class GainEffect(RangedEffect):
    """Level in dB; what goes above full scale is clipped."""

    probability: Probability = 1.0
    low: Annotated[FiniteFloat, Field(ge=-60)] = -22.0
    high: Annotated[FiniteFloat, Field(le=30)] = 6.0


class Augmentation(Record):
    """The ``[augmentation]`` table: what is left out has its default; ``probability = 0`` turns an effect off."""

    speaker: SpeakerEffect = SpeakerEffect()
    silences: SilenceEffect = SilenceEffect()
    interlude: InterludeEffect = InterludeEffect()
    reverb: ReverbEffect = ReverbEffect()
    noise: NoiseEffect = NoiseEffect()
    colour: ColourEffect = ColourEffect()
    telephone: TelephoneEffect = TelephoneEffect()
    codec: CodecEffect = CodecEffect()
    gain: GainEffect = GainEffect()
