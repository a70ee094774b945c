"""What the library tells of a bundle's signals and parameters is what the manifest says."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from runtime_bindings.python.native.library import Library, Struct
from sdk.bundle import Bundle
from sdk.errors import UsageError
from tests.bindings.native.app_executor import Tensor

CHANNEL, SIGNAL, PARAMETER, PRECISION, OUTPUT, STATE = range(6)


class Item(Struct):
    """``nowface_item``."""

    _fields_: ClassVar = [
        ("struct_size", ctypes.c_uint32),
        ("value_count", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("tensor_count", ctypes.c_uint32),
    ]


@pytest.fixture
def opened(native_library: Library, native_toy: Path) -> Iterator[ctypes.c_void_p]:
    handle = ctypes.c_void_p()
    native_library.call("bundle_open", str(native_toy).encode(), None, ctypes.byref(handle))
    yield handle
    native_library.free("bundle_close", handle)


def item(library: Library, opened: ctypes.c_void_p, kind: int, index: int = 0) -> Item:
    made = Item()
    library.call("bundle_item", opened, kind, ctypes.c_uint32(index), ctypes.byref(made))
    return made


def tensor(library: Library, opened: ctypes.c_void_p, signal: int, index: int) -> Tensor:
    made = Tensor()
    arguments = ctypes.c_uint32(signal), ctypes.c_uint32(index), ctypes.byref(made)
    library.call("bundle_signal_tensor", opened, *arguments)
    return made


def parameter(library: Library, opened: ctypes.c_void_p, index: int, values: Any) -> None:
    pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    library.call("bundle_parameter", opened, ctypes.c_uint32(index), pointer, ctypes.c_size_t(values.size))


def test_a_signal_tells_its_tensors(native_library: Library, opened: ctypes.c_void_p, native_toy: Path) -> None:
    with Bundle.open(native_toy) as bundle:
        (signal,) = bundle.pipeline.signals
    told = item(native_library, opened, SIGNAL)
    assert (told.name.decode(), told.tensor_count) == (signal.name, 2)
    tensors = [tensor(native_library, opened, 0, index) for index in range(told.tensor_count)]
    assert [each.described for each in tensors] == [(each.name, each.shape) for each in signal.tensors]
    assert sum(each.value_count for each in tensors) == told.value_count
    for signal_index, index, words in [(1, 0, "signal 1: there is no such signal"), (0, 2, "there are 2")]:
        with pytest.raises(UsageError, match=words):
            tensor(native_library, opened, signal_index, index)


def test_nothing_else_has_tensors(native_library: Library, opened: ctypes.c_void_p) -> None:
    for kind in (PARAMETER, PRECISION, OUTPUT, STATE):
        assert item(native_library, opened, kind).tensor_count == 0
    with pytest.raises(UsageError, match="there is no such item"):
        item(native_library, opened, CHANNEL)


def test_an_item_of_an_older_header_is_filled_as_far_as_it_goes(
    native_library: Library, opened: ctypes.c_void_p
) -> None:
    made = Item(tensor_count=99)
    made.struct_size = Item.tensor_count.offset
    native_library.call("bundle_item", opened, SIGNAL, ctypes.c_uint32(0), ctypes.byref(made))
    assert (made.name, made.tensor_count, made.struct_size) == (b"tracker", 99, Item.tensor_count.offset)


def test_a_parameter_tells_what_a_session_begins_with(
    native_library: Library, opened: ctypes.c_void_p, native_toy: Path
) -> None:
    with Bundle.open(native_toy) as bundle:
        wanted = bundle.parameters()["template"].reshape(-1)
    values = np.full(wanted.size + 1, 7, np.float32)
    parameter(native_library, opened, 0, values)
    np.testing.assert_array_equal(values, [*wanted, 7])
    with pytest.raises(UsageError, match="give a buffer of 15"):
        parameter(native_library, opened, 0, values[:14])
    with pytest.raises(UsageError, match="parameter 1: there is no such parameter"):
        parameter(native_library, opened, 1, values)
