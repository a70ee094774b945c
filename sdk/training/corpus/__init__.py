"""The speech that models are trained and tested on: generated with exact phone times, and recorded from people.

`open_corpus` reads one; ``python -m sdk train corpus`` makes one (`sdk.training.corpus.build`).
"""

from __future__ import annotations

from sdk.training.corpus.reader import Corpus, open_corpus
from sdk.training.corpus.utterance import SPLITS, Speech, Split, Utterance

__all__ = ["SPLITS", "Corpus", "Speech", "Split", "Utterance", "open_corpus"]
