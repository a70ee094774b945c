"""The published audio front end: one gain for the whole clip, a second of sound centred on each frame, log-mel power.

The window reaches 8,267 samples (517 ms) past the frame's first sample, although the paper speaks of 100 ms. A frame is
533 samples, not a thirtieth of a second: shown at 30 frames a second, the face drifts 37.5 ms a minute.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from sdk.spec import SAMPLE_RATE

FRAME = 533
"""Samples from one frame to the next: 16000 // 30."""
CHUNK = 16_000
"""Samples that a frame hears."""
PAD = (CHUNK - FRAME) // 2
"""Zeros before and after the clip, so that each chunk is centred on its frame."""
SHORTEST = FRAME + 2
"""Samples of the shortest clip: the published code fails below."""
LEVEL = 0.01
"""Mean magnitude of a clip after the gain."""

N_FFT = 2048
WINDOW = 800
"""Samples under the window (50 ms), which stands in the middle of the transform."""
STRIDE = 160
"""Samples between columns (10 ms)."""
BANDS = 80
COLUMNS = CHUNK // STRIDE + 1
"""Columns of a chunk: the first and last are centred on its ends, and reflection fills what lies outside."""
FLOOR = 1e-10
"""Lowest power; its logarithm, -23.03, is what silence gives."""


def normalise_level(audio: Tensor) -> Tensor:
    """Scale each whole clip of (B, N) to a mean magnitude of `LEVEL`; a clip of only zeros stays as it is."""
    magnitude = audio.abs().mean(-1, keepdim=True)
    return LEVEL * audio / torch.where(magnitude > 0, magnitude, 1.0)


def frame_count(samples: int) -> int:
    """Frames of a clip of `samples`, by the published rule: 30 for a second, none below `SHORTEST`."""
    return max(0, -(-(samples - FRAME - 1) // FRAME))


def chunks(audio: Tensor) -> Tensor:
    """The sound of each frame: (B, N) to a view (B, T, 16000).

    Frame i hears the samples from ``533 i - 7733`` up to and without ``533 i + 8267``, zeros outside the clip.
    """
    padded = F.pad(audio, (PAD, PAD))
    return padded.unfold(-1, CHUNK, FRAME)[:, : frame_count(audio.shape[1])]


def log_mel(sound: Tensor) -> Tensor:
    """Natural logarithm of mel power, (..., 16000) to (..., 80, 101): no pre-emphasis, powers of a plain transform."""
    flat = sound.reshape(-1, CHUNK)
    window = hann_window().to(flat.device)
    spectrum = torch.stft(flat, N_FFT, STRIDE, WINDOW, window, center=True, pad_mode="reflect", return_complex=True)
    power = spectrum.real.square() + spectrum.imag.square()
    mel = mel_filters().to(flat.device).mT @ power
    return mel.clamp(min=FLOOR).log().reshape(*sound.shape[:-1], BANDS, COLUMNS)


@cache
def hann_window() -> Tensor:
    """Periodic Hann window (800,), ``0.5 - 0.5 cos(2 pi n / 800)``."""
    return torch.hann_window(WINDOW)


@cache
def mel_filters() -> Tensor:
    """Triangles (1025, 80) with peak 1 on the HTK scale ``2595 log10(1 + f / 700)`` from 0 to 8000 Hz.

    The scale is that of Young et al., The HTK Book, section 5.4 (filterbank analysis), with f in Hz. In float32, as the
    published tables were made.
    """
    nyquist = SAMPLE_RATE / 2
    top = 2595 * math.log10(1 + nyquist / 700)
    corners = 700 * (10 ** (torch.linspace(0, top, BANDS + 2) / 2595) - 1)
    bins = torch.linspace(0, nyquist, N_FFT // 2 + 1)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)
