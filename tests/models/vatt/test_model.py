"""Both forms of the model: clips in the common spaces, training, and what they refuse."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sdk.errors import AudioError, NowfaceError, UsageError
from sdk.models.vatt import UnifiedVatt, Vatt
from sdk.models.vatt.config import HeadConfig
from sdk.models.vatt.heads import FacHead, JointHead
from sdk.models.vatt.losses import vatt_loss
from sdk.models.vatt.model import Encoders
from tests.models.vatt.small import TINY_UNIFIED, TINY_VATT, noise, shaken

WORDS = torch.tensor([[3, 7, 1, 9, 0, 0]]).repeat(8, 1)
FORMS = {"specific": shaken(Vatt(TINY_VATT)), "unified": shaken(UnifiedVatt(TINY_UNIFIED))}


@pytest.fixture(params=FORMS)
def model(request: pytest.FixtureRequest) -> Encoders:
    return FORMS[request.param]


@torch.no_grad()
def test_clips_meet_in_the_spaces(model: Encoders) -> None:
    """Four clips with two sentences each."""
    video, waveform = noise(4, 6, 16, 16, 3), noise(4, 192)
    embeddings = model(video, waveform, WORDS)
    assert embeddings.video_to_audio.shape == embeddings.audio_to_video.shape == (4, 16)
    assert embeddings.video_to_text.shape == (4, 8)
    assert embeddings.text_to_video.shape == (8, 8)
    assert isinstance(model.head, FacHead)
    audio = model.head.project_audio(model.encode_audio(waveform).pooled)
    torch.testing.assert_close(audio, embeddings.audio_to_video)
    torch.testing.assert_close(model.head.carry_on(embeddings.video_to_audio), embeddings.video_to_text)


@torch.no_grad()
def test_a_joint_head_has_one_space() -> None:
    """Oracle: ReLU, linear, batch norm, written out."""
    model = shaken(Vatt(TINY_VATT.model_copy(update={"head": HeadConfig(kind="joint", fine=16)})))
    assert isinstance(model.head, JointHead)
    embeddings = model(noise(4, 6, 16, 16, 3), noise(4, 192), WORDS)
    assert torch.equal(embeddings.video_to_audio, embeddings.video_to_text)
    assert embeddings.text_to_video.shape == (8, 16)
    pooled, part = model.encode_audio(noise(4, 192)).pooled, model.head.aud_to_vat
    x = torch.relu(pooled) @ part.dense.weight.T
    x = (x - part.bn.running_mean) / (part.bn.running_var + 1e-5).sqrt() * part.bn.weight + part.bn.bias
    torch.testing.assert_close(embeddings.audio_to_video, x, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("form", [lambda: Vatt(TINY_VATT), lambda: UnifiedVatt(TINY_UNIFIED)])
def test_it_learns_pairs(form) -> None:
    """Each clip repeats one patch, so that any half of its tokens tells which it is."""
    torch.manual_seed(0)
    model: Encoders = form().train()
    table = [p for p in model.parameters() if not p.requires_grad]
    assert len(table) == 1
    before = table[0].clone()
    video, waveform = noise(4, 1, 4, 4, 3).repeat(1, 6, 4, 4, 1), noise(4, 16, seed=1).repeat(1, 12)
    words = torch.arange(1, 25).reshape(4, 6)
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 3e-3)
    losses = []
    for _ in range(30):
        kept = torch.randperm(12)[:6]
        loss = vatt_loss(model(video, waveform, words, torch.randperm(48)[:24], kept))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) / 5 < 0.5 * losses[0]
    assert torch.equal(table[0], before)


GOOD: dict[str, Tensor] = {"video": noise(1, 6, 16, 16, 3), "audio": noise(1, 192), "text": WORDS[:1]}
BAD: list[tuple[str, object, type[NowfaceError]]] = [
    ("audio", noise(192), AudioError),
    ("audio", noise(1, 15), AudioError),
    ("audio", noise(0, 192), AudioError),
    ("audio", noise(1, 192).double(), AudioError),
    ("audio", noise(1, 192) / 0, AudioError),
    ("audio", [0.0] * 192, AudioError),
    ("video", noise(1, 6, 16, 16), UsageError),
    ("video", noise(1, 1, 16, 16, 3), UsageError),
    ("video", noise(1, 6, 3, 16, 3), UsageError),
    ("video", noise(1, 6, 16, 16, 4), UsageError),
    ("video", noise(1, 6, 16, 16, 3) * torch.nan, UsageError),
    ("text", noise(1, 6), UsageError),
    ("text", torch.zeros(1, 0, dtype=torch.int64), UsageError),
    ("text", torch.tensor([[50]]), UsageError),
    ("text", torch.tensor([[-1]]), UsageError),
]


@pytest.mark.parametrize(("name", "value", "error"), BAD)
def test_bad_input_is_refused(model: Encoders, name: str, value: object, error: type[NowfaceError]) -> None:
    encode = getattr(model, f"encode_{name}")
    encode(GOOD[name])
    with pytest.raises(error) as caught:
        encode(value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "kept",
    [
        torch.tensor([12]),
        torch.tensor([-1]),
        torch.tensor([3, 3]),
        torch.zeros(0, dtype=torch.int64),
        torch.rand(4),
        [1, 2],
    ],
)
def test_bad_places_are_refused(model: Encoders, kept) -> None:
    with pytest.raises(UsageError, match="kept"):
        model.encode_audio(GOOD["audio"], kept)
    with pytest.raises(UsageError, match="kept"):
        model.encode_video(GOOD["video"], 5 * kept if isinstance(kept, Tensor) else kept)
