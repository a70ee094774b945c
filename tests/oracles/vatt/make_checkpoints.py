"""Writes the small checkpoints beside this file with TensorFlow's own writer: needs TensorFlow, which no test does.

    python tests/oracles/vatt/make_checkpoints.py

The names are those that a checkpoint of the published classes holds; see README.md for the values.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
MODEL = "model/layer_with_weights-0"
D, FFN, OUT = 16, 24, 10
Shapes = dict[str, tuple[int, ...]]


def norm(path: str, width: int) -> Shapes:
    return {f"{path}/gamma": (width,), f"{path}/beta": (width,)}


def dense(path: str, width_in: int, width: int) -> Shapes:
    return {f"{path}/kernel": (width_in, width), f"{path}/bias": (width,)}


def batch_norm(path: str, width: int) -> Shapes:
    return norm(path, width) | {f"{path}/moving_mean": (width,), f"{path}/moving_variance": (width,)}


def transformer() -> Shapes:
    shapes = norm("tx/final_layer_norm", D)
    for index in range(2):
        layer = f"tx/layers/{index}"
        shapes |= norm(f"{layer}/layer_norm", D) | norm(f"{layer}/feed_forward/layer_norm", D)
        for name in "qkvo":
            shapes |= dense(f"{layer}/mha/{name}", D, D)
        shapes |= dense(f"{layer}/feed_forward/mlp/wi", D, FFN) | dense(f"{layer}/feed_forward/mlp/wo", FFN, D)
    return shapes


def places(path: str, **rows: int) -> Shapes:
    tables = {f"{path}/{name}_position_embeddings/embeddings": (count, D) for name, count in rows.items()}
    return tables | norm(f"{path}/layernorm", D)


def audio() -> Shapes:
    own = {"wave_to_patch/kernel": (6, 1, D), "wave_to_patch/bias": (D,), "agg_embedding": (D,)}
    return own | places("pos_embedding_lookup", temporal=7) | transformer()


def video() -> Shapes:
    own = {"voxel_to_patch/kernel": (2, 4, 5, 3, D), "voxel_to_patch/bias": (D,), "agg_embedding": (D,)}
    return own | places("pos_embedding_lookup", temporal=3, vertical=4, horizontal=5) | transformer()


def text() -> Shapes:
    shapes: Shapes = {"embedding/embeddings": (20, 6), "agg_embedding": (6,), "pre_proj/kernel": (6, D)}
    shapes["base_lm/final_layer_norm/weight"] = (D,)
    shapes["base_lm/layers/0/self_attention/attention/relative_attention_bias/embeddings"] = (8, 2)
    for index in range(2):
        layer = f"base_lm/layers/{index}"
        shapes |= {f"{layer}/self_attention/attention/{name}/kernel": (D, D) for name in "qkvo"}
        shapes |= {f"{layer}/self_attention/layer_norm/weight": (D,)} | norm(f"{layer}/feed_forward/layer_norm", D)
        shapes |= {f"{layer}/feed_forward/mlp/wi/kernel": (D, FFN), f"{layer}/feed_forward/mlp/wo/kernel": (FFN, D)}
    return shapes


def fac_head(width: int) -> Shapes:
    return {
        "vid_to_hid/kernel": (width, 9),
        **batch_norm("hid_to_va/pre_bn", 9),
        "hid_to_va/dense/kernel": (9, 9),
        **batch_norm("hid_to_va/bn", 9),
        "va_to_vat/dense/kernel": (9, 4),
        **batch_norm("va_to_vat/bn", 4),
        **dense("aud_to_va", width, 9),
        **dense("txt_to_vat", width, 4),
    }


def joint_head(width: int) -> Shapes:
    shapes: Shapes = {}
    for name in ("vid_to_vat", "aud_to_vat", "txt_to_vat"):
        shapes |= {f"{name}/dense/kernel": (width, 9)} | batch_norm(f"{name}/bn", 9)
    return shapes


def unified() -> Shapes:
    shapes = {
        "raw_to_embeddings/video/kernel": (2, 4, 5, 3, D),
        "raw_to_embeddings/video/bias": (D,),
        "raw_to_embeddings/audio/kernel": (6, 1, D),
        "raw_to_embeddings/audio/bias": (D,),
        "raw_to_embeddings/text/embeddings": (20, 6),
    }
    for name, short, width in (("video", "vid", D), ("audio", "aud", D), ("text", "txt", 6)):
        shapes |= dense(f"pre_proj/{name}", width, D) | dense(f"post_proj/{name}", D, OUT)
        shapes[f"{short}_agg_embedding"] = (D,)
    shapes |= places("pos_embedding_lookup/video", temporal=3, vertical=4, horizontal=5)
    shapes |= places("pos_embedding_lookup/audio", temporal=7) | places("pos_embedding_lookup/text", temporal=5)
    return shapes | transformer()


def below(path: str, shapes: Shapes) -> Shapes:
    return {f"{path}/{name}": shape for name, shape in shapes.items()}


def save(name: str, shapes: Shapes) -> None:
    """All variables, what an optimiser and a checkpoint keep beside them."""
    variables = {f"{path}{VALUE}": draw(f"{path}{VALUE}", shape) for path, shape in shapes.items()}
    slotted = [path for path in shapes if path.endswith("bias")][:3]
    variables |= {f"{path}/.OPTIMIZER_SLOT/optimizer/m{VALUE}": np.ones(shapes[path], np.float32) for path in slotted}
    variables |= {f"save_counter{VALUE}": np.int64(1), f"optimizer/iter{VALUE}": np.int64(500_000)}
    variables["_CHECKPOINTABLE_OBJECT_GRAPH"] = np.array(b"a graph of objects", object)
    names = sorted(variables)
    tensors = [tf.constant(variables[name]) for name in names]
    tf.raw_ops.SaveV2(
        prefix=str(HERE / name), tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors
    )  # fmt: skip


def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    return np.abs(generator.standard_normal(shape)).astype(np.float32)


def specific(head: Shapes) -> Shapes:
    parts = {"aud_backbone/_base": audio(), "vid_backbone/_base": video(), "txt_backbone": text()}
    shapes = below(f"{MODEL}/_head_layer/_bridge_heads/0", head)
    for part, own in parts.items():
        shapes |= below(f"{MODEL}/_base_layer/{part}", own)
    return shapes


if __name__ == "__main__":
    save("specific", specific(fac_head(D)))
    save("specific_joint", specific(joint_head(D)))
    shared = below(f"{MODEL}/_base_layer/unified_backbone/unified_transformer", unified())
    save("unified", shared | below(f"{MODEL}/_head_layer/_bridge_heads/0", fac_head(OUT)))
    save("finetuned_audio", below(f"{MODEL}/_base", audio()) | dense(f"{MODEL}/_ops/cls", D, 11))
    save("finetuned_video", below(f"{MODEL}/_base", video()) | dense(f"{MODEL}/_ops/cls", D, 11))
