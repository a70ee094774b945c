"""What every command shares: one-line errors with the documented exit codes, progress on a terminal only."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sdk.errors import NowfaceError

stdout = Console()
stderr = Console(stderr=True)


class FiniteRange(click.FloatRange):
    """A finite number, of a range if one is given: NaN is neither below nor above what `click.FloatRange` compares."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number.

        Raises:
            click.BadParameter: no number, NaN, infinite, or outside the range.
        """
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def run(command: click.Command, name: str, args: Sequence[str] | None = None) -> NoReturn:
    """Run a click command as a program.

    Exit codes: 0 good, 1 a gate failed, 2 bad usage or input, 130 interrupted, 141 the reader of a pipe has gone.
    """
    try:
        result = command.main(args=args, prog_name=name, standalone_mode=False)
    except NowfaceError as error:
        click.echo(f"{name}: {error}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:  # its message is the help, whose lines are wanted
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        click.echo(f"{name}: {' '.join(error.format_message().split())}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"{name}: interrupted", err=True)
        sys.exit(130)
    except SystemExit:  # how click and rich leave when a pipe is closed: with 1, which here means a failed gate
        sys.exit(141)
    except OSError as error:
        click.echo(f"{name}: {error.filename or 'output'}: {error.strerror}; mend the file system", err=True)
        sys.exit(2)
    sys.exit(result if isinstance(result, int) else 0)


def progress() -> Progress:
    """A progress bar on stderr that shows on a terminal and is silent in a pipe."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=stderr,
        disable=not stderr.is_terminal,
        transient=True,
    )
