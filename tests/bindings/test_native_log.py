"""Loading a runtime writes nothing on stderr, and real errors still come through."""

from __future__ import annotations

import os

import pytest

from runtime_bindings.python.native_log import native_stderr_hidden


def test_only_the_block_is_silent(capfd):
    with native_stderr_hidden():
        os.write(2, b"chatter\n")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def test_the_descriptor_comes_back_after_an_error(capfd):
    with pytest.raises(RuntimeError, match="broken"), native_stderr_hidden():
        raise RuntimeError("broken")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"
