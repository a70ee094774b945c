"""One error class for each way that a corpus, a speech source or a recording can fail its user."""

from __future__ import annotations

from sdk.errors import MissingDependencyError, NowfaceError

REMAKE = "make the corpus again or copy it afresh"


class CorpusError(NowfaceError):
    """A corpus cannot be made or read. The subclasses say why."""


class NotACorpusError(CorpusError):
    """The path is not a folder with a `corpus.json`."""


class CorpusManifestError(CorpusError):
    """`corpus.json` is not JSON of the format, has an unknown key, or contradicts itself."""


class MissingShardError(CorpusError):
    """A shard that `corpus.json` lists is absent or cannot be read."""


class DamagedShardError(CorpusError):
    """A shard has not the listed size or SHA-256, or its members are not utterances."""


class ForeignCorpusError(CorpusError):
    """The folder to write into holds something else: another recipe's corpus, or files that are no corpus."""


class SynthesiserError(CorpusError):
    """A speech synthesiser ran and failed."""


class MissingSynthesiserError(MissingDependencyError):
    """A speech synthesiser is not installed; the mend names the package."""


class RecordingError(CorpusError):
    """A package of human recordings cannot be read, or holds none that are known."""
