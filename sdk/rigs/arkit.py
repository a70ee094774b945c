"""The 52 facial expression coefficients of ARKit.

Source: Apple's documentation of ``ARFaceAnchor.BlendShapeLocation``, in the order of its topics (left eye, right eye,
mouth and jaw, eyebrows with cheeks and nose, tongue). A coefficient is 0 at rest and 1 at the greatest movement.
Left and right are the face's own.
"""

from __future__ import annotations

from sdk.rigs.channel_set import channel_set

ARKIT_52: tuple[str, ...] = channel_set("arkit_52").channels
"""The names, in the order of every (..., 52) array of weights in the SDK."""
