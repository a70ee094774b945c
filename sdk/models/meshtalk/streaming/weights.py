"""From the weights of a whole MeshTalk to those of its stages: what is folded exactly, and what is made causal.

Exact: biases that the silence before a stream adds, tables through the embedding, the bands of the waves, the two taps
into the past as one matrix, the cells of the LSTMs, the template's half of the decoder. Made causal: the second of
sound ends at the frame instead of lying around it, and the level of the clip is estimated as it comes.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from sdk.models.layers.lstm_cell import lstm_cell_weights
from sdk.models.meshtalk.config import CODE, DILATIONS, SLOPE, face_shape
from sdk.models.meshtalk.context_model import ContextModel
from sdk.models.meshtalk.encoder import AudioEncoder, ExpressionEncoder, FusionMlp
from sdk.models.meshtalk.geometry_decoder import VertexUnet
from sdk.models.meshtalk.sampler import ContextSampler
from sdk.models.meshtalk.waves import wave_spans

Table = dict[str, Tensor]


def audio_encoder_weights(encoder: AudioEncoder, columns_offset: float, silence: float) -> Table:
    """Of `AudioEncoderStage`.

    Args:
        encoder: the whole form.
        columns_offset: what to add to the stage's columns for the columns that `encoder` was trained on.
        silence: value of the stage's columns in digital silence.
    """
    table: Table = {"silence": torch.full((encoder.convert_dimensions.in_channels,), silence)}
    at_rest = table["silence"] + columns_offset
    for index, conv in enumerate([encoder.convert_dimensions, *encoder.convs]):
        weight, bias = (conv.get_parameter(name).detach() for name in ("weight", "bias"))
        answer = bias + weight.sum(2) @ at_rest
        name = f"layers.{index}"
        # Taps of the stage stand side by side, oldest first, each with all channels.
        table[f"{name}.taps.linear.weight"] = weight.movedim(2, 1).flatten(1)
        table[f"{name}.taps.linear.bias"] = answer
        table[f"{name}.silence"] = F.leaky_relu(answer, SLOPE)
        at_rest = table[f"{name}.silence"] if index == 0 else (at_rest + table[f"{name}.silence"]) / 2
    table["leave.weight"] = encoder.code.weight.detach()
    table["leave.bias"] = encoder.code.bias.detach() + encoder.code.weight.detach() @ at_rest
    return table


def expression_encoder_weights(encoder: ExpressionEncoder, regions: Tensor) -> Table:
    """Of `ExpressionEncoderStage`; `regions` (V * P, R) say how far each number of a face belongs to each region."""
    return {
        **_standard(encoder),
        "regions": regions,
        **{f"leave.{kind}": value.detach() for kind, value in encoder.code.named_parameters()},
        **{f"layers.{name}": value.detach() for name, value in encoder.layers.named_parameters()},
        **{f"lstm.{name}": value for name, value in lstm_cell_weights(encoder.lstm).items()},
    }


def fusion_weights(fusion: FusionMlp) -> Table:
    """Of `FusionStage`."""
    linears = [module for module in fusion.mlp if hasattr(module, "weight")]
    return {
        f"mlp.{index}.{kind}": value.detach()
        for index, linear in enumerate(linears)
        for kind, value in linear.named_parameters()
    }


def context_model_weights(model: ContextModel) -> Table:
    """Of `ContextModelStage`, from the tables of the whole-clip sampler."""
    sampler = ContextSampler(model)
    later_bias = sampler.later_bias.reshape(1, -1)
    table: Table = {
        "sound.weight": sampler.sound_weight,
        "sound.bias": sampler.sound_bias,
        "table.rows": torch.cat([sampler.now, sampler.later], 1),
        "later_bias": later_bias,
    }
    for index, taps in enumerate(sampler.taps):
        table[f"past.{index}.weight"] = torch.cat([taps.older, taps.newer], 1)
    for number, (spans, wave) in enumerate(zip(wave_spans(model.heads), sampler.waves, strict=True)):
        for layer, (band, span) in enumerate(zip((*wave.layers, wave.logits), spans[1:], strict=True), 1):
            if band is None:
                continue
            name = f"bands.{number}_{layer}"
            padding = sampler.head_width * max(1, span[1] - 1) - band.inputs
            table[f"{name}.weight"] = F.pad(band.weight, (0, padding))
            if layer == len(DILATIONS):
                table[f"{name}.bias"] = wave.bias
    return table


def identity_encoder_weights(unet: VertexUnet) -> Table:
    """Of `IdentityEncoderStage`."""
    return {
        **_standard(unet),
        "offset": _face(unet, unet.vertex_bias.detach()) * _face(unet, unet.stddev),
        "fuse.weight": unet.fusion.weight.detach()[:, :CODE],
        "fuse.bias": unet.fusion.bias.detach(),
        **{f"layers.{name}": value.detach() for name, value in unet.encoder.named_parameters()},
    }


def geometry_decoder_weights(unet: VertexUnet) -> Table:
    """Of `GeometryDecoderStage`."""
    table: Table = {
        "deviation": _face(unet, unet.stddev),
        "categories.weight": unet.fusion.weight.detach()[:, CODE:],
        **{f"layers.{name}": value.detach() for name, value in unet.decoder.named_parameters()},
    }
    for layer in range(unet.temporal.num_layers):
        table |= {f"lstm.{layer}.{key}": value for key, value in lstm_cell_weights(unet.temporal, layer).items()}
    return table


def _face(unet: VertexUnet, numbers: Tensor) -> Tensor:
    """In the shape of one face."""
    return numbers.reshape(face_shape(*unet.mean.shape[2:]))


def _standard(part: ExpressionEncoder | VertexUnet) -> Table:
    return {"standard.mean": part.mean.reshape(1, -1), "standard.deviation": part.stddev.reshape(1, -1)}


def joined(tables: Mapping[str, Table]) -> Table:
    """Weights of all stages, ``STAGE.parameter``."""
    return {f"{stage}.{key}": value for stage, table in tables.items() for key, value in table.items()}
