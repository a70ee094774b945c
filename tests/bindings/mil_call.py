"""One operation of an ML Program with its arguments: built with coremltools, run by every engine of this machine.

The engine is the interpreter; on a Mac Core ML itself runs the same program too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from runtime_bindings.python.coreml_tools import coremltools
from runtime_bindings.python.mil.kernels import KERNELS
from runtime_bindings.python.mil.loader import translate

Array = NDArray[Any]


@dataclass(frozen=True)
class Call:
    """Arguments of one operation.

    Attributes:
        tensors: given at run time; a list of arrays where the operation takes several as one parameter.
        settings: fixed in the program: numbers, lists and text, and the tensors that the format wants as constants.
    """

    tensors: Mapping[str, Array | Sequence[Array]]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def rounded(self) -> Call:
        """The same call with every float rounded to fp16."""
        return Call(
            {k: _rounded(v) for k, v in self.tensors.items()}, {k: _rounded(v) for k, v in self.settings.items()}
        )


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return float(np.float16(value))
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return value.astype(np.float16).astype(np.float32)
    return value


def _typed(value: Any, half: bool) -> Any:
    """A setting in the type of the format."""
    kind = np.float16 if half else np.float32
    if isinstance(value, np.ndarray):
        return value.astype(kind) if value.dtype == np.float32 else value
    if isinstance(value, float):
        return kind(value)
    if isinstance(value, list) and value and type(value[0]) is int:
        return np.array(value, np.int32)
    return value


def build(operation: str, call: Call, half: bool) -> tuple[Any, dict[str, Array]]:
    """A function of coremltools with that one operation, and its inputs.

    Inputs are float or int32 and so are outputs, because Core ML has no others: casts stand between.
    """
    with coremltools() as ct:
        from coremltools.converters.mil import Builder
        from coremltools.converters.mil.mil import Function, types

        inputs: dict[str, Array] = {}
        for name, value in call.tensors.items():
            items = value if isinstance(value, list) else [value]
            inputs |= {f"{name}_{index}": item for index, item in enumerate(items)}
        placeholders = {
            name: Builder.placeholder(
                array.shape, types.int32 if array.dtype.kind != "f" else types.fp16 if half else types.fp32
            )
            for name, array in inputs.items()
        }
        with Function(placeholders, opset_version=ct.target.iOS18) as function:
            given = {
                name: function.inputs[name]
                if array.dtype in (np.float32, np.int32)
                else Builder.cast(x=function.inputs[name], dtype=array.dtype.name)
                for name, array in inputs.items()
            }
            arguments = {
                name: [given[f"{name}_{index}"] for index in range(len(value))]
                if isinstance(value, list)
                else given[f"{name}_0"]
                for name, value in call.tensors.items()
            }
            settings = {name: _typed(value, half) for name, value in call.settings.items()}
            made = _dense(getattr(Builder, operation)(**arguments, **settings))
            outputs = []
            for number, var in enumerate(made if isinstance(made, tuple | list) else [made]):
                plain = var.dtype in (types.fp16, types.fp32, types.int32)
                outputs.append(
                    Builder.identity(x=var, name=f"out_{number}") if plain else Builder.cast(x=var, dtype="int32")
                )
            function.set_outputs(outputs)
    return function, inputs


def _dense(made: Any) -> Any:
    """The dense tensor where the operation gives a mask of bits, which Core ML has no output for, and its values."""
    if isinstance(made, tuple | list) and made[0].op.op_type.startswith("constexpr_"):
        from coremltools.converters.mil import Builder

        return Builder.constexpr_sparse_to_dense(mask=made[0], nonzero_data=made[1])
    return made


def own_value(operation: str, call: Call) -> list[Array]:
    """What coremltools itself gives for constants in fp32: what it folds, or restores of what is compressed."""
    with coremltools() as ct:
        from coremltools.converters.mil import Builder
        from coremltools.converters.mil.mil import Function

        with Function({}, opset_version=ct.target.iOS18):
            arguments = {**call.tensors, **call.settings}
            made = _dense(
                getattr(Builder, operation)(**{name: _typed(value, False) for name, value in arguments.items()})
            )
            made = list(made) if isinstance(made, tuple | list) else [made]
            values = [var.val for var in made]
            if any(value is None for value in values):
                restored = made[0].op.materialized_val_inference()
                values = list(restored) if isinstance(restored, tuple) else [restored]
    return [np.asarray(value) for value in values]


def run(operation: str, call: Call, half: bool) -> dict[str, list[Array]]:
    """Engine -> results in order, as float32 or int32."""
    function, inputs = build(operation, call, half)
    results = {"interpreter": interpret(function, inputs)}
    if sys.platform == "darwin":
        results["coremltools"] = predict(function, inputs)
    return results


def interpret(function: Any, inputs: Mapping[str, Array]) -> list[Array]:
    """Results of the interpreter."""
    program = translate(function, "test")
    given = {
        name: torch.from_numpy(array if array.dtype == np.float32 else array.astype(np.int32))
        for name, array in inputs.items()
    }
    results = program.run(given)
    return [results[value.name].numpy() for value in program.outputs]


def predict(function: Any, inputs: Mapping[str, Array]) -> list[Array]:
    """Results of Core ML on the processor, which like the interpreter rounds values to their declared type."""
    with coremltools() as ct, TemporaryDirectory() as folder:
        from coremltools.converters.mil.mil import Program

        program = Program()
        program.add_function("main", function)
        names = [var.name for var in function.outputs]
        package = Path(folder) / "call.mlpackage"
        ct.convert(
            program,
            convert_to="mlprogram",
            minimum_deployment_target=ct.target.iOS18,
            compute_precision=ct.precision.FLOAT32,
            pass_pipeline=ct.PassPipeline.EMPTY,
            skip_model_load=True,
        ).save(str(package))
        model = core_ml(package)
        results = model.predict(
            {name: array if array.dtype == np.float32 else array.astype(np.int32) for name, array in inputs.items()}
        )
    return [np.asarray(results[name]) for name in names]


def core_ml(package: Path) -> Any:
    """The package in Core ML; on a Mac only."""
    with coremltools() as ct:
        return ct.models.MLModel(str(package), compute_units=ct.ComputeUnit.CPU_ONLY)


def computes(operation: str) -> bool:
    """Whether the operation computes, rather than moves, values."""
    return KERNELS[operation].computes
