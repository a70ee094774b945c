"""Scores: how well a face speaks, in millimetres and milliseconds, and what trivial faces reach."""

from sdk.training.scores.baselines import LoudnessFace, MeanFace
from sdk.training.scores.clip import ScoredClip, gap_mm
from sdk.training.scores.score import Scores, score
from sdk.training.scores.table import table

__all__ = ["LoudnessFace", "MeanFace", "ScoredClip", "Scores", "gap_mm", "score", "table"]
