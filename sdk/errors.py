"""Typed errors: every mistake a user can make has one class here.

Each message names the file or argument, what was wrong and how to mend it, in one line. The command line prints
that line on stderr and exits with `exit_code`. Broken invariants inside the SDK are assertions, never these.
"""

from __future__ import annotations


class NowfaceError(Exception):
    """Base of all errors a user can cause or meet.

    Args:
        subject: the file, argument or tensor at fault, e.g. ``speech.wav`` or ``--fps``.
        problem: what is wrong with it.
        mend: what the user can do about it.
    """

    exit_code = 2

    def __init__(self, subject: object, problem: str, mend: str) -> None:
        self.subject = str(subject)
        self.problem = problem
        self.mend = mend
        super().__init__(" ".join(f"{self.subject}: {problem}; {mend}".split()))

    def __reduce__(self) -> tuple[type[NowfaceError], tuple[str, str, str]]:
        """How another process hands the error over: by default only the joined line would be."""
        return type(self), (self.subject, self.problem, self.mend)


class UsageError(NowfaceError):
    """An argument or option has a value that cannot be used."""


class AudioError(NowfaceError):
    """Audio cannot be read or pushed: missing, truncated, not audio, empty, or of an impossible rate."""


class CheckpointError(NowfaceError):
    """A checkpoint is not one of the published format: unreadable, unsafe, or with other keys or shapes."""


class BundleError(NowfaceError):
    """A bundle folder is damaged or is not a bundle. Subclasses in `sdk.bundle.errors`, one a defect."""


class TargetError(NowfaceError):
    """A target or precision is unknown, unavailable on this machine, or cannot hold a stage."""


class MissingDependencyError(TargetError):
    """An optional package is needed and not installed; the mend names the extra."""


class SessionError(NowfaceError):
    """A session was used in a way its state does not allow (closed, flushed, foreign snapshot)."""


class NumericalError(NowfaceError):
    """A stage gave a non-finite value even from its initial state: the artefact or its weights are broken."""


class ParityError(NowfaceError):
    """An artefact does not compute what its model does."""

    exit_code = 1
