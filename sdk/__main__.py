"""``python -m sdk``: use a bundle from the command line."""

from __future__ import annotations

import click

from sdk import __version__
from sdk.cli.common import run
from sdk.cli.lazy import LazyGroup

COMMANDS = {
    "animate": "sdk.cli.animate:animate",
    "render": "sdk.cli.render:render",
    "parity": "sdk.cli.parity:parity",
    "rest": "sdk.cli.rest:rest",
    "view": "sdk.cli.view:view",
    "live": "sdk.cli.live:live",
    "agree": "sdk.cli.agree:agree",
    "bench": "sdk.cli.bench:bench",
    "rig": "sdk.cli.rig:rig",
    "train": "sdk.cli.train:train",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@click.version_option(__version__, prog_name="nowface")
def main() -> None:
    """Run a nowface bundle, or train a model. Exit codes: 0 good, 1 a gate failed, 2 bad usage or input."""


if __name__ == "__main__":
    run(main, "python -m sdk")
