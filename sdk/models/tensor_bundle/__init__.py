"""TensorFlow's checkpoint files, read without TensorFlow.

A checkpoint PREFIX is ``PREFIX.index``, a sorted table from variable names to where their bytes are, and shards
``PREFIX.data-00000-of-00001`` that hold the bytes. Described by TensorFlow's ``tensor_bundle.h`` and, for the table, by
LevelDB's ``doc/table_format.md``.
"""

from sdk.models.tensor_bundle.bundle import TensorBundle

__all__ = ["TensorBundle"]
