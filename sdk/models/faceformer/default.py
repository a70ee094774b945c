"""The card of the embedded default: a small log-mel encoder and the FaceFormer decoder on the default head's channels.

Its weights, what they were trained on and what they reach are in `sdk.pretrained`.
"""

from __future__ import annotations

from sdk.models.registry import ModelCard

CARD = ModelCard(
    title="FaceFormer, embedded default",
    licence="Apache-2.0",
    trained=True,
    description=(
        "A causal FaceFormer with a log-mel encoder of about one million parameters, that moves the 52 ARKit-named "
        "channels of the default head without lookahead. It learnt from generated English speech and a rule-based "
        "articulation teacher; no face was ever recorded for it."
    ),
    notes=(
        "Eyes do not blink: blinks cannot be heard. `sdk.rigs.blinks` adds them at run time.",
        "Data, command, scores and known failures: `sdk/pretrained/faceformer/README.md`.",
    ),
)
