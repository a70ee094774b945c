"""What a user can hand to MeshTalk wrongly, and what each part does at its edges."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from sdk.errors import AudioError, UsageError
from sdk.models.meshtalk import MeshTalk
from sdk.models.meshtalk.front_end import CHUNK, COLUMNS, chunks, frame_count, log_mel, normalise_level
from sdk.models.meshtalk.smoothing import gaussian_taps, smooth
from tests.models.meshtalk.small import small_meshtalk

MODEL = small_meshtalk()
AUDIO = 0.1 * torch.randn(1, 2000, generator=torch.Generator().manual_seed(0))
TEMPLATE = torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(1))
CODE = torch.zeros(1, 3, 128)
LABELS = torch.zeros(1, 3, 3, dtype=torch.int64)
UNIFORMS = torch.full((3, 3, 5), 0.5)
GEOMETRY = torch.zeros(1, 3, 4, 3)


def test_the_arguments_of_these_tests_are_right() -> None:
    assert MODEL.encode_audio(AUDIO).shape == CODE.shape
    assert MODEL.sample(CODE, UNIFORMS).shape == LABELS.shape
    assert MODEL.decode(TEMPLATE, LABELS.to(torch.uint8)).shape == (1, 3, 4, 3)
    assert MODEL.animate(AUDIO, TEMPLATE, UNIFORMS, torch.ones(2, 4)).shape == (1, 3, 4, 3)
    assert MODEL.reconstruct(GEOMETRY, AUDIO, TEMPLATE, UNIFORMS).shape == (1, 3, 4, 3)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("audio_code", lambda: MODEL.sample(CODE[0])),
        ("audio_code", lambda: MODEL.sample(CODE[:, :0])),
        ("audio_code", lambda: MODEL.sample(CODE[..., :64])),
        ("audio_code", lambda: MODEL.sample(CODE.double())),
        ("audio_code", lambda: MODEL.sample(CODE * torch.nan)),
        ("uniforms", lambda: MODEL.sample(CODE, UNIFORMS[:2])),
        ("uniforms", lambda: MODEL.sample(CODE, UNIFORMS + 0.6)),
        ("uniforms", lambda: MODEL.sample(CODE, -UNIFORMS)),
        ("labels", lambda: MODEL.decode(TEMPLATE, LABELS.float())),
        ("labels", lambda: MODEL.decode(TEMPLATE, LABELS[0])),
        ("labels", lambda: MODEL.decode(TEMPLATE, LABELS[..., :2])),
        ("labels", lambda: MODEL.decode(TEMPLATE, LABELS[:, :0])),
        ("labels", lambda: MODEL.decode(TEMPLATE, LABELS + 5)),
        ("labels", lambda: MODEL.decode(TEMPLATE, LABELS - 1)),
        ("labels", lambda: MODEL.decode(TEMPLATE, [[[0, 0, 0]]])),  # type: ignore[arg-type]
        ("template", lambda: MODEL.decode(TEMPLATE[0], LABELS)),
        ("template", lambda: MODEL.animate(AUDIO, TEMPLATE.flatten(1))),
        ("smooth_mask", lambda: MODEL.animate(AUDIO, TEMPLATE, smooth_mask=torch.ones(3))),
        ("smooth_mask", lambda: MODEL.animate(AUDIO, TEMPLATE, smooth_mask=torch.ones(2, 3))),
        ("smooth_mask", lambda: MODEL.animate(AUDIO, TEMPLATE, smooth_mask=torch.full((4,), 1.5))),
        ("geometry", lambda: MODEL.reconstruct(GEOMETRY[:, :2], AUDIO, TEMPLATE)),
        ("geometry", lambda: MODEL.reconstruct(GEOMETRY[:, :, :3], AUDIO, TEMPLATE)),
        ("uniforms", lambda: MODEL.reconstruct(GEOMETRY, AUDIO, TEMPLATE, UNIFORMS[:2])),
    ],
)
def test_wrong_arguments_are_named(name: str, call: Callable[[], Tensor]) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert caught.value.subject == name
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("audio", "problem"),
    [
        (AUDIO[:, :534], "534 samples"),
        (AUDIO[0], "shape"),
        (AUDIO.expand(2, -1), "shape"),
        (AUDIO.double(), "float64"),
        (AUDIO / 0, "NaN or infinite"),
    ],
)
def test_wrong_audio_is_an_audio_error(audio: Tensor, problem: str) -> None:
    for call in (lambda: MODEL.encode_audio(audio), lambda: MODEL.animate(audio, TEMPLATE)):
        with pytest.raises(AudioError, match=problem):
            call()


def test_training_mode_is_refused() -> None:
    model = MeshTalk(MODEL.config).train()
    for call in (
        lambda: model.encode_audio(AUDIO),
        lambda: model.sample(CODE),
        lambda: model.decode(TEMPLATE, LABELS),
        lambda: model.animate(AUDIO, TEMPLATE),
        lambda: model.reconstruct(GEOMETRY, AUDIO, TEMPLATE),
    ):
        with pytest.raises(UsageError, match=r"eval\(\)"):
            call()


def test_frame_count() -> None:
    """Oracle: numbers of chunks that the published code makes."""
    lengths = {534: 0, 535: 1, 8000: 15, 16000: 30, 24000: 45, 48000: 90, 67552: 126, 80000: 150}
    assert {samples: frame_count(samples) for samples in lengths} == lengths
    for samples in (535, 1066, 1067, 1068, 1599, 1600, 1601):
        assert chunks(torch.ones(1, samples)).shape == (1, frame_count(samples), CHUNK)


def test_chunks_are_centred_on_their_frames() -> None:
    audio = torch.arange(1.0, 20_001)[None]
    sound = chunks(audio)
    for frame in (0, 5, 20):
        start = 533 * frame - 7733
        expected = torch.tensor([place + 1.0 if 0 <= place < 20_000 else 0.0 for place in range(start, start + CHUNK)])
        assert torch.equal(sound[0, frame], expected)


def test_level_of_a_clip() -> None:
    assert normalise_level(AUDIO).abs().mean() == pytest.approx(0.01)
    torch.testing.assert_close(normalise_level(30 * AUDIO), normalise_level(AUDIO))
    assert torch.equal(normalise_level(torch.zeros(1, 600)), torch.zeros(1, 600))


def test_silence_gives_a_finite_face() -> None:
    columns = log_mel(torch.zeros(1, CHUNK))
    assert columns.shape == (1, 80, COLUMNS)
    torch.testing.assert_close(columns, torch.full_like(columns, -23.02585))
    assert torch.isfinite(MODEL.animate(torch.zeros(1, 2000), TEMPLATE)).all()


def test_a_tone_is_heard_in_its_band() -> None:
    """1000 Hz is 1000 mel on the HTK scale, by construction: 28.5 of the 81 steps to 2840 mel."""
    tone = torch.sin(2 * torch.pi * 1000 / 16_000 * torch.arange(CHUNK))[None]
    assert log_mel(tone)[0, :, 50].argmax() in (27, 28)


def test_smoothing_of_a_step() -> None:
    taps = gaussian_taps()
    assert taps.sum() == pytest.approx(1.0)
    assert taps[3] / taps[4] == pytest.approx(torch.exp(torch.tensor(-1 / 8)).item())
    step = torch.zeros(1, 12, 3, 3)
    step[:, 6:] = 1.0
    smoothed = smooth(step, torch.tensor([0.0, 0.5, 1.0]))
    assert torch.equal(smoothed[:, :, 0], step[:, :, 0])
    torch.testing.assert_close(smoothed[0, 2:10, 2, 0], taps.cumsum(0)[:-1])
    torch.testing.assert_close(smoothed[:, :, 1], (smoothed[:, :, 0] + smoothed[:, :, 2]) / 2)
    torch.testing.assert_close(smoothed[0, [0, -1], 2, 0], torch.tensor([0.0, 1.0]))
    constant = torch.full((1, 1, 2, 3), 5.0)
    torch.testing.assert_close(smooth(constant, torch.ones(2)), constant)


def test_masks_are_applied_one_after_another() -> None:
    masks = torch.tensor([[0.0, 1.0, 0.3, 0.5], [1.0, 1.0, 0.2, 0.0]])
    plain = MODEL.animate(AUDIO, TEMPLATE)
    expected = smooth(smooth(plain, masks[0]), masks[1])
    assert torch.equal(MODEL.animate(AUDIO, TEMPLATE, smooth_mask=masks), expected)


def test_sound_is_encoded_in_blocks_of_the_same_numbers() -> None:
    audio = 0.1 * torch.randn(1, 533 * 70, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        whole = MODEL.encoder.audio_encoder(chunks(normalise_level(audio)))
    torch.testing.assert_close(MODEL.encode_audio(audio), whole, atol=1e-5, rtol=1e-5)


def test_changed_weights_are_sampled() -> None:
    """Tables of the sampler follow an optimiser's update and a load."""
    model = small_meshtalk()
    code = torch.randn(1, 12, 128, generator=torch.Generator().manual_seed(3))
    first = model.sample(code)
    with torch.no_grad():
        for parameter in model.context_model.parameters():
            parameter.neg_()
    second = model.sample(code)
    assert not torch.equal(first, second)
    model.load_state_dict(small_meshtalk().state_dict())
    assert torch.equal(model.sample(code), first)
