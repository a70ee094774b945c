"""Writes `types.*` beside this file with TensorFlow's own writer, in two shards: needs TensorFlow, which no test does.

python tests/oracles/tensor_bundle/make_types.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
COUNT = 300
"""Variables whose names share prefixes, so that the table has several blocks."""


def values() -> dict[str, np.ndarray]:
    kinds = ["float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]
    some = {f"kinds/{kind}": (np.arange(6).reshape(2, 3) - 2 * (kind[0] in "fi")).astype(kind) for kind in kinds}
    shapes = {"shapes/scalar": np.float32(-0.5), "shapes/empty": np.zeros((0, 3), np.float32)}
    many = {f"a/long/path/of/names/variable_{i}/value": np.full(3, i, np.float32) for i in range(COUNT)}
    return {**some, **shapes, **many, "kinds/text": np.array([b"one", b"two"], object)}


def save(prefix: str, variables: dict[str, np.ndarray]) -> None:
    names = sorted(variables)
    tensors = [tf.constant(variables[name]) for name in names]
    if "kinds/float32" in names:
        names.append("kinds/bfloat16")
        tensors.append(tf.cast(variables["kinds/float32"], tf.bfloat16))
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)


if __name__ == "__main__":
    everything = values()
    halves = [dict(list(everything.items())[start::2]) for start in (0, 1)]
    parts = [str(HERE / f"half_{index}") for index in (0, 1)]
    for part, half in zip(parts, halves, strict=True):
        save(part, half)
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=parts, destination_prefix=str(HERE / "types"), delete_old_dirs=False
    )  # fmt: skip
