"""``python -m sdk rig``: from vertices to a rig's weights and back, and a rig's shapes on another mesh."""

from __future__ import annotations

import click

from sdk.cli.lazy import LazyGroup

COMMANDS = {
    "solve": "sdk.cli.rig_solve:solve",
    "pose": "sdk.cli.rig_solve:pose",
    "check": "sdk.cli.rig_check:check",
    "landmarks": "sdk.cli.rig_transfer:landmarks",
    "transfer": "sdk.cli.rig_transfer:transfer",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def rig() -> None:
    """Turn vertices into a rig's weights and back; carry a rig's shapes over to another mesh."""
