"""Files of named arrays, empty ones too: a model may have no session parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdk.bundle.tensors import read_specified, read_tensors, write_tensors
from sdk.spec import TensorSpec


@pytest.mark.parametrize(("count", "metadata"), [(0, {}), (2, {}), (2, {"key": "value"})])
def test_what_is_written_is_read(tmp_path: Path, count: int, metadata: dict[str, str]) -> None:
    tensors = {f"tensor_{index}": np.full((2, 3), index, np.float32) for index in range(count)}
    write_tensors(tmp_path / "file.safetensors", tensors, metadata)
    read, text = read_tensors(tmp_path / "file.safetensors")
    assert text == metadata
    assert read.keys() == tensors.keys()
    specs = [TensorSpec(name=name, shape=(2, 3)) for name in tensors]
    for name, value in read_specified(tmp_path / "file.safetensors", specs).items():
        assert np.array_equal(value, tensors[name])
