"""The chance that sampled models draw by: uniforms that depend on the seed and the frame's index, and on nothing else.

They come from the counter-based generator Philox4x64-10 (Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2,
3"), so a runtime in any language makes the same numbers without a state to keep: a stream may skip frames, be restored
or run elsewhere, and frame t still draws what frame t draws.

    key      (seed, number of the noise among the pipeline's)
    counter  (block, frame, 0, 0), blocks of four words, counted from 1
    uniform  the upper 24 bits of a word times 2^-24, in [0, 1), exact in float32
"""

from __future__ import annotations

import math

import numpy as np

from sdk.errors import UsageError
from sdk.runtime.executor import Array

MOST_LIKELY = 0.5
"""Every uniform of a session without a seed: equal noise moves no choice, so the likeliest one is taken."""

SEEDS = 2**64


def check_seed(seed: int | None) -> int | None:
    """`seed` as it is.

    Raises:
        UsageError: it is neither None nor a whole number of 64 bits.
    """
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < SEEDS):
        raise UsageError("seed", f"{seed!r} is no seed", "give a whole number from 0 to 2^64 - 1, or None")
    return seed


def uniforms(seed: int | None, number: int, frame: int, shape: tuple[int, ...]) -> Array:
    """The noise of one frame.

    Args:
        seed: of the session; None for `MOST_LIKELY` throughout.
        number: of the noise among those of the pipeline, in the order of `sdk.spec.PipelineSpec.noise`.
        frame: index of the frame.
        shape: of the noise.

    Returns:
        float32 of that shape in [0, 1).
    """
    if seed is None:
        return np.full(shape, MOST_LIKELY, np.float32)
    # numpy adds one to the counter before each block, so that this counter's first block is number 1.
    key, counter = (np.array(words, np.uint64) for words in ((seed, number), (0, frame, 0, 0)))
    words = np.random.Philox(key=key, counter=counter).random_raw(math.prod(shape))
    return ((words >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)).reshape(shape)
