"""A head's shapes for the channels of another rig, through the map from that rig to the head's own channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sdk.rigs.channel_set import set_of
from sdk.rigs.head import Floats, Head
from sdk.rigs.rig_map import rig_map


def shapes_for(head: Head, channels: Sequence[str]) -> Floats | None:
    """What each of some channels moves on a head at weight 1.

    Channels with the names of the head's own have its shapes. Those of another channel set of the SDK have what the map
    back to ARKit makes of them; one that ARKit has nothing for moves nothing.

    Args:
        head: whose channels are ARKit's.
        channels: C names: any of the head's own, or all of a channel set in its order.

    Returns:
        (C, V, 3) millimetres; None where the names are neither.
    """
    if set(channels) <= set(head.channels):
        return head.shapes[[head.channels.index(name) for name in channels]]
    found, own = set_of(channels), set_of(head.channels)
    if found is None or own is None:
        return None
    back = rig_map(found.name, own.name)
    assert not back.bias.any(), f"{found.name} at rest is the face at rest"
    shapes: Floats = np.tensordot(back.weights.T, head.shapes, 1).astype(np.float32)
    return shapes
