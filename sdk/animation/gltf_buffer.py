"""The binary part of a glTF file: arrays become accessors, each over its piece of one buffer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pygltflib import (
    ARRAY_BUFFER,
    ELEMENT_ARRAY_BUFFER,
    FLOAT,
    GLTF2,
    SCALAR,
    UNSIGNED_BYTE,
    UNSIGNED_INT,
    UNSIGNED_SHORT,
    VEC2,
    VEC3,
    Accessor,
    AccessorSparseIndices,
    AccessorSparseValues,
    Buffer,
    BufferView,
    Sparse,
)

COMPONENTS = {"float32": FLOAT, "uint8": UNSIGNED_BYTE, "uint16": UNSIGNED_SHORT, "uint32": UNSIGNED_INT}
KINDS = {(): SCALAR, (2,): VEC2, (3,): VEC3}


class BufferWriter:
    """Adds data to a document, each piece on a boundary of 4 bytes as every type of glTF allows."""

    def __init__(self, document: GLTF2) -> None:
        self._document = document
        self._data = bytearray()
        self._places, self._moves = bytearray(), bytearray()
        self._sparse: list[Sparse] = []
        self._still: dict[int, int] = {}

    def finish(self) -> bytes:
        """Ends the document's buffer; its data. The sparse rows of all accessors share two buffer views."""
        if self._sparse:
            places, moves = self.view(bytes(self._places)), self.view(bytes(self._moves))
            for sparse in self._sparse:
                sparse.indices.bufferView, sparse.values.bufferView = places, moves
        self._document.buffers.append(Buffer(byteLength=len(self._data)))
        return bytes(self._data)

    def view(self, data: bytes, target: int | None = None) -> int:
        """Adds bytes; the number of their buffer view."""
        self._data += bytes(-len(self._data) % 4)
        self._document.bufferViews.append(
            BufferView(buffer=0, byteOffset=len(self._data), byteLength=len(data), target=target)
        )
        self._data += data
        return len(self._document.bufferViews) - 1

    def dense(self, array: NDArray[Any], *, bounds: bool = False, target: int | None = ARRAY_BUFFER) -> int:
        """Adds an array, (n,), (n, 2) or (n, 3), with its least and greatest values if `bounds`; its accessor."""
        array = np.ascontiguousarray(array)
        accessor = self._accessor(array, bounds)
        accessor.bufferView, accessor.byteOffset = self.view(array.tobytes(), target), 0
        return self._add(accessor)

    def indices(self, triangles: NDArray[Any], vertices: int) -> int:
        """Adds (F, 3) triangles; their accessor."""
        return self.dense(fitting(triangles.ravel(), vertices), target=ELEMENT_ARRAY_BUFFER)

    def displacements(self, array: NDArray[Any]) -> int:
        """Adds (n, 3) of which most may be zero, as the rows that are not, if that is smaller; its accessor.

        Arrays of zeros share an accessor with one row of zeros: one without any data is valid, but some readers do not
        know it.
        """
        rows = np.flatnonzero(array.any(axis=1))
        if not len(rows):
            if len(array) not in self._still:
                self._still[len(array)] = self._sparse_rows(array, np.zeros(1, np.int64))
            return self._still[len(array)]
        if len(rows) * (array.itemsize * 3 + fitting(rows, len(array)).itemsize) >= array.nbytes:
            return self.dense(array, bounds=True)
        return self._sparse_rows(array, rows)

    def _sparse_rows(self, array: NDArray[Any], rows: NDArray[np.int64]) -> int:
        places = fitting(rows, len(array))
        self._places += bytes(-len(self._places) % 4)
        accessor = self._accessor(array, bounds=True)
        kind = COMPONENTS[places.dtype.name]
        accessor.sparse = Sparse(
            count=len(rows),
            indices=AccessorSparseIndices(byteOffset=len(self._places), componentType=kind),
            values=AccessorSparseValues(byteOffset=len(self._moves)),
        )
        self._sparse.append(accessor.sparse)
        self._places += places.tobytes()
        self._moves += np.ascontiguousarray(array[rows]).tobytes()
        return self._add(accessor)

    def _accessor(self, array: NDArray[Any], bounds: bool) -> Accessor:
        kind = COMPONENTS[array.dtype.name]
        accessor = Accessor(componentType=kind, count=len(array), type=KINDS[array.shape[1:]], byteOffset=None)
        if bounds:
            accessor.min = np.atleast_1d(array.min(axis=0)).tolist()
            accessor.max = np.atleast_1d(array.max(axis=0)).tolist()
        return accessor

    def _add(self, accessor: Accessor) -> int:
        self._document.accessors.append(accessor)
        return len(self._document.accessors) - 1


def fitting(numbers: NDArray[Any], count: int) -> NDArray[Any]:
    """Numbers below `count` as the smallest type that also has a number to spare, which glTF keeps for restarts."""
    return numbers.astype(np.uint16 if count <= np.iinfo(np.uint16).max else np.uint32)
