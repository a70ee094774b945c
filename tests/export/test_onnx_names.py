"""Shorter graphs that compute the same."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.targets.onnx_names import shorten


def constant(name: str, value: np.ndarray) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], name=f"/{name}", value=numpy_helper.from_array(value, name))


def graph() -> onnx.ModelProto:
    """``out = clip(x * 2 + weight, max=2) * 2``: the 2 four times, once of another shape and once of another type."""
    two = np.float32(2)
    nodes = [
        constant("/a/Constant_output_0", two),
        helper.make_node("Mul", ["x", "/a/Constant_output_0"], ["/a/Mul_output_0"], name="/a/Mul"),
        helper.make_node("Add", ["/a/Mul_output_0", "layer.weight"], ["/a/Add_output_0"], name="/a/Add"),
        constant("/b/Constant_output_0", two),
        helper.make_node("Clip", ["/a/Add_output_0", "", "/b/Constant_output_0"], ["/b/Clip_output_0"], name="/b/Clip"),
        constant("/c/Constant_output_0", np.array([two])),
        helper.make_node("Mul", ["/b/Clip_output_0", "/c/Constant_output_0"], ["/c/Mul_output_0"], name="/c/Mul"),
        constant("/d/Constant_output_0", np.array([2, 2], np.int64)),
        helper.make_node("Reshape", ["/c/Mul_output_0", "/d/Constant_output_0"], ["out"], name="/d/Reshape"),
        helper.make_node("Add", ["x", "onnx::Add_7"], ["other"], name="/e/Add"),
    ]
    made = helper.make_graph(
        nodes,
        "stage",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [
            helper.make_tensor_value_info("out", TensorProto.FLOAT, [2, 2]),
            helper.make_tensor_value_info("other", TensorProto.FLOAT, [4]),
        ],
        [
            numpy_helper.from_array(np.arange(4, dtype=np.float32), "layer.weight"),
            numpy_helper.from_array(np.ones(4, np.float32), "onnx::Add_7"),
        ],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def run(model: onnx.ModelProto) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(None, {"x": np.array([-3, 0, 1, 9], np.float32)}))


@pytest.fixture
def short() -> onnx.ModelProto:
    model = graph()
    shorten(onnx, model)
    return model


def test_a_shortened_graph_is_valid_and_computes_the_same(short: onnx.ModelProto) -> None:
    onnx.checker.check_model(short, full_check=True)
    for found, expected in zip(run(short), run(graph()), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert short.ByteSize() < graph().ByteSize() * 0.7


def test_equal_constants_are_one_and_others_are_not(short: onnx.ModelProto) -> None:
    assert "Constant" not in {node.op_type for node in short.graph.node}
    shapes = sorted(tuple(tensor.dims) for tensor in short.graph.initializer if not tensor.name.startswith("layer"))
    assert shapes == [(), (1,), (2,), (4,)]


def test_inputs_outputs_and_weights_keep_their_names(short: onnx.ModelProto) -> None:
    assert [value.name for value in (*short.graph.input, *short.graph.output)] == ["x", "out", "other"]
    assert "layer.weight" in {tensor.name for tensor in short.graph.initializer}
    assert all(not node.name for node in short.graph.node)
    assert short.graph.node[2].input[1] == "", "an input left out stays left out"


def test_no_number_is_taken_twice() -> None:
    """A stage may call its input by a number."""
    model = graph()
    model.graph.input[0].name = "1"
    for node in model.graph.node:
        node.input[:] = ["1" if name == "x" else name for name in node.input]
    shorten(onnx, model)
    onnx.checker.check_model(model, full_check=True)
