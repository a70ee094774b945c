"""Sizes of a wav2vec 2.0 encoder."""

from __future__ import annotations

from pydantic import Field, PositiveInt, model_validator

from sdk.spec import Record


class Wav2Vec2Config(Record):
    """Sizes of one encoder; the defaults are wav2vec2-base (Baevski et al. 2020, section 4.2 and appendix A).

    Attributes:
        hidden: width of the transformer.
        layers: number of transformer layers.
        heads: attention heads, each `hidden // heads` wide.
        ffn: width of the feed-forward layers.
        conv_dim: channels of each convolution of the feature extractor, first to last.
        kernels: taps of each convolution.
        strides: stride of each convolution.
        pos_conv_kernel: taps of the positional convolution.
        pos_conv_groups: groups of the positional convolution.
        dropout: probability of every dropout and of dropping a layer, in training only (the published fine-tuning
            configuration uses 0.1 for each of them).
    """

    hidden: PositiveInt = 768
    layers: PositiveInt = 12
    heads: PositiveInt = 12
    ffn: PositiveInt = 3072
    conv_dim: tuple[PositiveInt, ...] = (512,) * 7
    kernels: tuple[PositiveInt, ...] = (10, 3, 3, 3, 3, 2, 2)
    strides: tuple[PositiveInt, ...] = (5, 2, 2, 2, 2, 2, 2)
    pos_conv_kernel: PositiveInt = 128
    pos_conv_groups: PositiveInt = 16
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _sizes_fit(self) -> Wav2Vec2Config:
        if not len(self.conv_dim) == len(self.kernels) == len(self.strides) > 0:
            raise ValueError("conv_dim, kernels and strides must be of one length")
        if self.hidden % self.heads or self.hidden % self.pos_conv_groups:
            raise ValueError("hidden must be a multiple of heads and of pos_conv_groups")
        return self

    def samples_for(self, features: int) -> int:
        """Fewest samples that give `features` features: 400 (25 ms) for one and 320 for each more, as published."""
        samples = features
        for kernel, stride in zip(reversed(self.kernels), reversed(self.strides), strict=True):
            samples = (samples - 1) * stride + kernel
        return samples

    def feature_count(self, samples: int) -> int:
        """Features that `samples` samples give: one every 320 samples for the published sizes, 0 if too few."""
        count = samples
        for kernel, stride in zip(self.kernels, self.strides, strict=True):
            count = (count - kernel) // stride + 1 if count >= kernel else 0
        return count
