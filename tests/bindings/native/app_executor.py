"""An app's own executor behind ``nowface_executor``, as ctypes sees it: Python's executors run the stages."""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from runtime_bindings.python.native.library import ABI_VERSION, Library, Struct
from sdk.errors import NowfaceError
from sdk.runtime.executor import Executor, ExecutorSource, open_executor
from sdk.spec import PipelineSpec, StageSpec

_POINTER = ctypes.POINTER
_FLOATS = _POINTER(_POINTER(ctypes.c_float))
_TEXT = _POINTER(ctypes.c_char)


class Tensor(ctypes.Structure):
    """``nowface_tensor``."""

    _fields_: ClassVar = [
        ("name", ctypes.c_char_p),
        ("shape", _POINTER(ctypes.c_uint32)),
        ("rank", ctypes.c_uint32),
        ("value_count", ctypes.c_uint32),
    ]

    @property
    def described(self) -> tuple[str, tuple[int, ...]]:
        assert self.value_count == np.prod(self.shape[: self.rank], dtype=int)
        return self.name.decode(), tuple(self.shape[: self.rank])


class StageTold(Struct):
    """``nowface_stage``."""

    _fields_: ClassVar = [
        ("struct_size", ctypes.c_uint32),
        ("input_count", ctypes.c_uint32),
        ("state_count", ctypes.c_uint32),
        ("output_count", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("path", ctypes.c_char_p),
        ("inputs", _POINTER(Tensor)),
        ("state", _POINTER(Tensor)),
        ("outputs", _POINTER(Tensor)),
    ]


Load = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, _POINTER(StageTold), _POINTER(ctypes.c_void_p), _TEXT, ctypes.c_size_t
)
Run = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, _FLOATS, _FLOATS, _TEXT, ctypes.c_size_t)
Unload = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class ExecutorTable(Struct):
    """``nowface_executor``."""

    _fields_: ClassVar = [
        ("struct_size", ctypes.c_uint32),
        ("abi_version", ctypes.c_uint32),
        ("target", ctypes.c_char_p),
        ("runtime", ctypes.c_char_p),
        ("context", ctypes.c_void_p),
        ("load", Load),
        ("run", Run),
        ("unload", Unload),
    ]


class BundleOptions(Struct):
    """``nowface_bundle_options``."""

    _fields_: ClassVar = [
        ("struct_size", ctypes.c_uint32),
        ("abi_version", ctypes.c_uint32),
        ("skip_hashes", ctypes.c_int32),
        ("executor", _POINTER(ExecutorTable)),
    ]


class AppExecutor:
    """Runs one target of a bundle by the Python executor of that target, loaded stage by stage as the library asks.

    Attributes:
        table: what is given to the library.
        told: what it said of each stage that it asked to load.
        loaded: what runs now, by its handle.
        fail_load: (stage, line) that cannot be loaded.
        fail_run: line that every step fails with, without a word if it is empty.
        turn: what is done to the values of every result.
    """

    CONTEXT = 4711

    def __init__(self, target: str, pipeline: PipelineSpec) -> None:
        self.target = target
        self._pipeline = pipeline
        self._specs = {spec.name: spec for spec in pipeline.stages}
        self._handles = itertools.count(1)
        self._loading = threading.Lock()  # coremltools reads one package at a time
        self.loaded: dict[int, tuple[StageSpec, Executor]] = {}
        self.told: list[dict[str, Any]] = []
        self.fail_load: tuple[str, bytes] | None = None
        self.fail_run: bytes | None = None
        self.turn: Any = None
        self.table = ExecutorTable(
            abi_version=ABI_VERSION,
            target=target.encode(),
            runtime=b"python 3",
            context=self.CONTEXT,
            load=Load(self._load),
            run=Run(self._run),
            unload=Unload(self._unload),
        )

    def _load(self, context: int, stage: Any, loaded: Any, problem: Any, capacity: int) -> int:
        told = stage.contents
        name, path = told.name.decode(), told.path.decode()
        tensors = {
            key: [getattr(told, key)[i].described for i in range(getattr(told, count))]
            for key, count in (("inputs", "input_count"), ("state", "state_count"), ("outputs", "output_count"))
        }
        self.told.append({"context": context, "name": name, "path": path, "size": told.struct_size, **tensors})
        if self.fail_load is not None and self.fail_load[0] == name:
            return write(self.fail_load[1], problem, capacity)
        spec = self._specs[name]
        alone = self._pipeline.model_copy(update={"stages": (spec,)})
        try:
            with self._loading:
                executor = open_executor(ExecutorSource(self.target, "fp32", alone, {name: Path(path)}))
        except NowfaceError as error:
            return write(str(error).encode(), problem, capacity)
        handle = next(self._handles)
        self.loaded[handle] = spec, executor
        loaded[0] = handle
        return 0

    def _run(self, loaded: int, arguments: Any, results: Any, problem: Any, capacity: int) -> int:
        if self.fail_run is not None:
            return write(self.fail_run, problem, capacity)
        spec, executor = self.loaded[loaded]
        given = [*spec.inputs, *spec.state]
        tensors = {t.name: array_at(arguments, i, t.shape).copy() for i, t in enumerate(given)}
        made = executor.run(spec.name, tensors)
        for i, tensor in enumerate([*spec.outputs, *spec.state]):
            value = made[tensor.name]
            array_at(results, i, tensor.shape)[...] = value if self.turn is None else self.turn(value)
        return 0

    def _unload(self, loaded: int) -> None:
        _, executor = self.loaded.pop(loaded)
        executor.close()


class LibraryWithExecutor(Library):
    """The library, whose bundles are opened with given options."""

    def __init__(self, path: Path, options: BundleOptions) -> None:
        super().__init__(path)
        self._options = options

    def call(self, name: str, *arguments: Any) -> int:
        if name == "bundle_open":
            arguments = (arguments[0], ctypes.byref(self._options), *arguments[2:])
        return super().call(name, *arguments)


def options_with(table: ExecutorTable | None, **fields: Mapping[str, Any]) -> BundleOptions:
    """Options that name an executor."""
    return BundleOptions(abi_version=ABI_VERSION, executor=ctypes.pointer(table) if table else None, **fields)


def array_at(pointers: Any, index: int, shape: tuple[int, ...]) -> np.ndarray:
    """The floats at one of several pointers, not a copy."""
    return np.ctypeslib.as_array(pointers[index], shape)


def write(line: bytes, problem: Any, capacity: int) -> int:
    """Say what went wrong, as an app's callback does; gives a status."""
    data = line[: capacity - 1] + b"\0"
    ctypes.memmove(problem, data, len(data))
    return 7
