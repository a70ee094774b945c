"""The streaming FaceFormer: its stages against its own whole-clip form and against the published model's decoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sdk.audio.clock import SampleClock
from sdk.audio.files import load_speech
from sdk.errors import CheckpointError, UsageError
from sdk.models.faceformer import FaceFormer
from sdk.models.faceformer.causalise import causal_stages, streaming_config
from sdk.models.faceformer.config import Dataset
from sdk.models.faceformer.entry import ENTRY
from sdk.models.faceformer.hops import HOP
from sdk.models.faceformer.logmel_encoder import LogMelEncoder
from sdk.models.faceformer.rig_decoder import SCALE
from sdk.models.faceformer.rollout import rollout
from sdk.models.faceformer.streaming_config import StreamingConfig, Wav2Vec2EncoderConfig
from sdk.models.faceformer.wav2vec2_stages import Wav2Vec2Convolutions, Wav2Vec2Transformer
from sdk.models.registry import BuildOptions
from sdk.pretrained import SPEECH, weights_folder
from sdk.rigs.head import default_head
from sdk.runtime import EagerExecutor, Session
from sdk.spec import FrameRate
from sdk.stage import Stage
from tests.models.tiny_faceformer import tiny_config, tiny_faceformer

ORACLES = Path(__file__).parent.parent / "oracles" / "faceformer"
TOLERANCE = 1e-5


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def speech():
    return load_speech(SPEECH)


def small_model(dataset: Dataset) -> FaceFormer:
    """Either variant, with the decoder's published width and ten vertices."""
    return tiny_faceformer(tiny_config(dataset, feature_dim=64, vertice_dim=30, layers=2))


def run_stage(stage: Stage, rows: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Outputs of consecutive steps, stacked along time."""
    state, outputs = stage.init_state(), []
    for inputs in rows:
        out, state = stage.step(inputs, state)
        outputs.append(out)
    return {name: torch.cat([out[name] for out in outputs]) for name in outputs[0]}


def hops(pcm: np.ndarray) -> list[dict[str, torch.Tensor]]:
    return [{"pcm": torch.from_numpy(pcm[at : at + HOP])[None]} for at in range(0, len(pcm) - HOP + 1, HOP)]


def phase_mix(features: torch.Tensor, newest: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
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


def test_the_log_mel_encoder_streams_as_the_whole_clip(speech):
    stage = ENTRY.build(BuildOptions()).stages[0]
    assert isinstance(stage, LogMelEncoder)
    pcm = speech[: 150 * HOP]
    streamed = run_stage(stage, hops(pcm))["features"]
    whole = stage.whole(torch.from_numpy(pcm)[None])
    torch.testing.assert_close(streamed, whole, atol=TOLERANCE * float(whole.abs().max()), rtol=0)


def test_the_default_encoder_has_one_to_two_million_parameters():
    stage = ENTRY.build(BuildOptions()).stages[0]
    assert 1e6 < sum(parameter.numel() for parameter in stage.parameters()) < 2e6


@pytest.mark.parametrize("dataset", ["vocaset", "biwi"])
def test_the_causal_wav2vec2_streams_as_the_whole_clip(dataset, speech):
    model = small_model(dataset)
    options = BuildOptions()
    config = streaming_config(model.config, options)
    convolutions, transformer, *_ = causal_stages(model, config, "m", speech)
    assert isinstance(convolutions, Wav2Vec2Convolutions)
    assert isinstance(transformer, Wav2Vec2Transformer)
    pcm = speech[HOP * 40 : HOP * 190]
    streamed = run_stage(convolutions, hops(pcm))["conv_features"]
    whole = convolutions.whole(torch.from_numpy(pcm)[None])
    torch.testing.assert_close(streamed, whole, atol=TOLERANCE, rtol=0)

    if dataset == "biwi":
        rows = [{"conv_features": row[None]} for row in whole]
        tokens = whole
    else:
        clock = SampleClock(config.frame_rate, HOP)
        frames = range(clock.frames_ready(len(pcm)))
        padded = torch.cat([torch.zeros(2, whole.shape[1]), whole])
        newest = [clock.newest_hop(frame) for frame in frames]
        phase = torch.tensor([clock.phase(frame) for frame in frames])
        rows = [
            {"conv_features": padded[n + 1 : n + 3], "phase": p.reshape(1, 1)}
            for n, p in zip(newest, phase, strict=True)
        ]
        tokens = phase_mix(whole, torch.tensor(newest), phase)
    got = run_stage(transformer, rows)["features"]
    torch.testing.assert_close(got, transformer.whole(tokens), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("dataset", ["vocaset", "biwi"])
def test_the_streaming_decoder_is_the_published_decoder(dataset, speech):
    """Oracle: our exact offline model, itself held to the published code. Same memory in, same vertices out."""
    model = small_model(dataset)
    config = streaming_config(model.config, BuildOptions())
    *_, identity, decoder = causal_stages(model, config, "m", speech)
    frames, per_frame = 75, model.config.vectors_per_frame
    generator = torch.Generator().manual_seed(2)
    memory = torch.randn(frames * per_frame, 64, generator=generator)
    template, style = torch.randn(1, 30, generator=generator), torch.tensor([[0.3, 0.7, 0.0]])
    prepared, _ = identity.step({"template": template.reshape(10, 3), "style": style}, ())
    rows = [{"features": part, **prepared} for part in memory.split(per_frame)]
    streamed = run_stage(decoder, rows)["vertices"].reshape(frames, 30)

    exact = model.transformer_decoder
    hidden = rollout(
        exact.layer,
        exact.project_memory(memory[None]),
        style=model.obj_vector(style),
        feedback=model.feedback(style),
        places=model.PPE.table(frames),
        period=model.config.period,
    )
    torch.testing.assert_close(streamed, (model.vertice_map_r(hidden) + template)[0], atol=TOLERANCE, rtol=1e-5)


def test_the_streaming_decoder_repeats_the_published_prediction():
    """Oracle: `pred` of the published code on half a second of noise, from the published memory."""
    model = FaceFormer.from_checkpoint(ORACLES / "faceformer_vocaset_tiny.pth")
    oracle = load_file(ORACLES / "faceformer_vocaset_noise.safetensors")
    config = streaming_config(model.config, BuildOptions())
    *_, identity, decoder = causal_stages(model, config, "m", np.random.default_rng(0).normal(size=3200).astype("f4"))
    prepared, _ = identity.step({"template": oracle["template"].reshape(10, 3), "style": oracle["one_hot"]}, ())
    streamed = run_stage(decoder, [{"features": row[None], **prepared} for row in oracle["predict.memory"][0]])
    torch.testing.assert_close(streamed["vertices"].reshape(-1, 30), oracle["pred"][0], atol=2e-4, rtol=0)


def test_group_norm_is_folded_with_the_statistics_of_the_calibration(speech):
    """On the calibration itself the folded layer is the published GroupNorm over the whole clip."""
    model = small_model("vocaset")
    pcm = speech[: len(speech) // HOP * HOP]
    stage = causal_stages(model, streaming_config(model.config, BuildOptions()), "m", pcm)[0]
    assert isinstance(stage, Wav2Vec2Convolutions)
    levelled = stage.level(torch.from_numpy(pcm)[None])
    first = model.audio_encoder.feature_extractor.conv_layers[0]
    expected = first.layer_norm(first.conv(levelled[None]))
    folded = torch.nn.functional.conv1d(levelled[None], stage.convs[0].conv.weight, stage.convs[0].conv.bias, stride=5)
    torch.testing.assert_close(folded, expected, atol=1e-4, rtol=1e-4)


def test_the_basis_of_the_default_is_the_head():
    """What an app blends on its GPU is what the head itself shows under the same weights."""
    staged, head = ENTRY.build(BuildOptions()), default_head()
    assert staged.channels == head.channels
    weights = np.random.default_rng(0).random(52).astype(np.float32)
    blended = staged.basis["offset"] + np.einsum("d,dvc->vc", weights, staged.basis["basis"])
    np.testing.assert_allclose(blended, head.pose(weights), atol=1e-4)


def test_the_basis_of_a_published_checkpoint_blends_to_its_vertices(speech):
    options = BuildOptions(checkpoint=ORACLES / "faceformer_vocaset_tiny.pth", calibration=speech)
    staged = ENTRY.build(options)
    identity, decoder = staged.stages[-2:]
    template = torch.from_numpy(staged.parameters["template"])
    prepared, _ = identity.step({"template": template, "style": torch.from_numpy(staged.parameters["style"])}, ())
    features = torch.randn(1, prepared["style_embedding"].shape[1], generator=torch.Generator().manual_seed(0))
    out, _ = decoder.step({"features": features, **prepared}, decoder.init_state())
    basis, offset = (torch.from_numpy(staged.basis[name]) for name in ("basis", "offset"))
    blended = template + offset + torch.einsum("d,dvc->vc", out["coefficients"][0], basis)
    torch.testing.assert_close(out["vertices"], blended, atol=1e-4, rtol=0)


def test_reference_weights_rebuild_the_same_stages():
    staged = ENTRY.build(BuildOptions())
    rebuilt = ENTRY.from_reference(staged.config, staged.weights)
    for ours, theirs in zip(staged.stages, rebuilt, strict=True):
        assert ours.spec == theirs.spec
        for a, b in zip(ours(*ours.example()), theirs(*ours.example()), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("change", [{"heads": 7}, {"feature_dim": 1}, {"feature_dim": 63, "heads": 9}])
def test_sizes_that_do_not_fit_are_no_configuration(change):
    """A bundle's manifest is not trusted: it must not reach the assertions of the layers."""
    config = ENTRY.build(BuildOptions()).config["streaming"]
    with pytest.raises(ValueError, match="feature_dim must be even and a multiple of heads"):
        StreamingConfig.model_validate({**config, **change})


@pytest.mark.parametrize(
    "change",
    [{"heads": 5}, {"pos_conv_groups": 5}, {"strides": (5, 2)}, {"conv_dim": (), "kernels": (), "strides": ()}],
)
def test_encoder_sizes_that_do_not_fit_are_no_configuration(change, speech):
    options = BuildOptions(checkpoint=ORACLES / "faceformer_vocaset_tiny.pth", calibration=speech)
    encoder = ENTRY.build(options).config["streaming"]["encoder"]
    with pytest.raises(ValueError, match="must be"):
        Wav2Vec2EncoderConfig.model_validate({**encoder, **change})


def test_the_default_is_trained_and_its_card_says_on_what():
    staged = ENTRY.build(BuildOptions())
    assert staged.card.trained
    assert (weights_folder("faceformer") / "README.md").read_text().startswith(f"# {staged.card.title}\n")


def test_the_default_refuses_lookahead_that_it_was_not_trained_with():
    with pytest.raises(UsageError, match="trained with 0 samples"):
        ENTRY.build(BuildOptions(lookahead_samples=800))


def test_another_frame_rate_is_noted():
    staged = ENTRY.build(BuildOptions(frame_rate=FrameRate(num=60)))
    assert staged.pipeline.frame_rate == FrameRate(num=60)
    assert any("exported at 60" in note for note in staged.card.notes)


def test_a_published_checkpoint_becomes_stages(speech):
    options = BuildOptions(checkpoint=ORACLES / "faceformer_vocaset_tiny.pth", calibration=speech)
    staged = ENTRY.build(options)
    assert [stage.name for stage in staged.stages] == [
        "audio_encoder",
        "audio_transformer",
        "identity",
        "motion_decoder",
    ]
    assert staged.pipeline.frame_rate == FrameRate(num=30)


def test_a_checkpoint_that_moves_no_whole_vertices_is_refused(speech, tmp_path):
    """The offline form never needs to know what its numbers are; the streaming form gives (V, 3)."""
    path = tmp_path / "numbers.pth"
    state = torch.load(ORACLES / "faceformer_vocaset_tiny.pth", weights_only=True)
    for key in ("vertice_map_r.weight", "vertice_map_r.bias"):
        state[key] = state[key][:-1]
    state["vertice_map.weight"] = state["vertice_map.weight"][:, :-1]
    torch.save(state, path)
    with pytest.raises(CheckpointError, match="numbers, not whole vertices"):
        ENTRY.build(BuildOptions(checkpoint=path, calibration=speech))


def test_a_template_of_another_face_is_refused(speech):
    template = np.zeros((5, 3), np.float32)
    published = BuildOptions(checkpoint=ORACLES / "faceformer_vocaset_tiny.pth", calibration=speech, template=template)
    with pytest.raises(UsageError, match=r"template: shape \(5, 3\) instead of \(10, 3\)"):
        ENTRY.build(published)
    with pytest.raises(UsageError, match="template: this model moves a rig's channels"):
        ENTRY.build(BuildOptions(template=template))


def test_another_frame_rate_is_noted_on_the_card(speech):
    options = BuildOptions(
        checkpoint=ORACLES / "faceformer_vocaset_tiny.pth", calibration=speech, frame_rate=FrameRate(num=60)
    )
    assert any("Trained at 30" in note for note in ENTRY.build(options).card.notes)


def naive_whole_clip(stages: list[Stage], pcm: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
    """The default's causal form without any cache: the encoder on the whole clip, the decoder on every prefix anew."""
    encoder, speaker, decoder = stages
    clock = SampleClock(FrameRate(num=30), HOP)
    features = encoder.whole(pcm)
    features = torch.cat([torch.zeros(2, features.shape[1]), features])
    prepared, _ = speaker.step({"style": style}, ())
    shown, tokens, memory, made = torch.zeros(1, 52), [], [], []
    for frame in range(clock.frames_ready(pcm.shape[1])):
        newest = clock.newest_hop(frame)
        seen = [features[newest + 1], features[newest + 2], torch.tensor([clock.phase(frame)])]
        memory.append(torch.cat(seen)[None])
        tokens.append(decoder.feedback(shown) + prepared["style_embedding"] + decoder.position(frame + 1)[-1:])
        x = torch.cat(tokens)
        x = decoder.norm1(x + decoder.self_attention(x))
        x = decoder.norm2(x + decoder.cross(torch.cat(memory)))
        x = decoder.norm3(x + decoder.linear2(torch.relu(decoder.linear1(x))))
        shown = (decoder.leave(x[-1:]) * SCALE).clamp(0, 1)
        made.append(shown)
    return torch.cat(made)


@pytest.mark.parametrize("chunk", [1_000, 333, 40_000])
def test_a_session_is_the_whole_clip_form_beyond_the_attention_window(speech, chunk):
    """Streaming equals the whole clip within 1e-5 of the motion's range: 75 frames, the window is 64."""
    staged = ENTRY.build(BuildOptions())
    pcm = speech[16_000:56_000]
    style = torch.from_numpy(staged.parameters["style"])
    whole = naive_whole_clip(list(staged.stages), torch.from_numpy(pcm)[None], style).numpy()
    with Session(staged.pipeline, EagerExecutor(staged.stages), staged.parameters) as session:
        frames = []
        for at in range(0, len(pcm), chunk):
            session.push(pcm[at : at + chunk])
            frames += [frame.values for frame in session.poll()]
    streamed = np.stack(frames)
    assert streamed.shape == whole.shape == (75, 52)
    motion = np.ptp(whole, axis=0).max()
    assert motion > 0.05
    assert np.abs(streamed - whole).max() <= 1e-5 * motion


def test_the_default_stays_within_zero_and_one_and_meets_the_bound(speech):
    staged = ENTRY.build(BuildOptions())
    with Session(staged.pipeline, EagerExecutor(staged.stages), staged.parameters) as session:
        session.push(speech)
        values = np.stack([frame.values for frame in session.poll()])
    assert values.min() == 0
    assert values.max() <= 1


@pytest.mark.parametrize("change", [{"vertices": 5}, {"channels": ()}])
def test_a_face_is_vertices_or_channels(change):
    config = ENTRY.build(BuildOptions()).config["streaming"]
    with pytest.raises(ValueError, match="vertices or channels"):
        StreamingConfig.model_validate({**config, **change})
