"""``python -m sdk parity`` as a user calls it: table, files, exit codes, one-line errors."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from sdk.__main__ import main
from sdk.cli.common import run


def parity(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object
) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of ``python -m sdk parity``."""
    monkeypatch.setattr(sys, "argv", ["sdk", "parity", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        run(main, "python -m sdk")
    out = capsys.readouterr()
    assert isinstance(exit_.value.code, int)
    return exit_.value.code, out.out, out.err


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    return lambda *arguments: parity(capsys, monkeypatch, *arguments)


def test_a_good_bundle_exits_0_with_a_table(call, good_bundle: Path) -> None:
    code, out, err = call(good_bundle)
    assert code == 0
    assert err == ""
    assert out.splitlines()[-1] == "parity holds: 3 passed, 0 failed"


def test_a_wrong_target_exits_1_and_names_the_frame(call, fake_bundle: Path) -> None:
    code, out, _ = call(fake_bundle)
    assert code == 1
    assert "wrong fp32 closed loop: motion_decoder.vertices: max abs" in out
    assert "first beyond at frame" in out
    assert "absent fp32 closed loop: not run here" in out
    assert out.splitlines()[-1] == "parity FAILS: 3 passed, 2 failed, 4 not run here"


def test_a_named_target_that_cannot_run_exits_1(call, fake_bundle: Path) -> None:
    assert call(fake_bundle, "--target", "needs_package")[0] == 1
    assert call(fake_bundle, "--target", "close")[0] == 0


def test_json_is_all_there_is_on_stdout(call, fake_bundle: Path) -> None:
    code, out, _ = call(fake_bundle, "--json", "--frames", 45)
    data = json.loads(out)
    assert code == 1
    assert not data["passed"]
    frames = {case["frames"] for case in data["cases"] if case["target"] == "close"}
    assert frames == {30, 45}


def test_files_are_written_also_when_the_gate_fails(call, fake_bundle: Path, tmp_path: Path) -> None:
    page, junit = tmp_path / "out.html", tmp_path / "out.xml"
    code, _, _ = call(fake_bundle, "--report", page, "--junit", junit)
    assert code == 1
    assert page.read_text().startswith("<!doctype html>")
    assert ET.parse(junit).getroot().get("failures") == "2"


def test_a_device_trace_shows_what_it_says_of_itself(call, good_bundle: Path) -> None:
    code, out, _ = call(good_bundle, "--device", good_bundle / "vectors.safetensors")
    assert code == 0
    assert "device trace" in out
    assert "the trace says: model toy, precision fp32, target eager" in out


def test_bad_input_exits_2_with_one_line(call, good_bundle: Path, tmp_path: Path) -> None:
    text = tmp_path / "trace.safetensors"
    text.write_text("not a trace")
    for arguments, words in [
        ((tmp_path / "nowhere",), "nowhere"),
        ((good_bundle, "--target", "nothing"), "'nothing'"),
        ((good_bundle, "--precision", "fp64", "--target", "close"), "fp64"),
        ((good_bundle, "--frames", "0"), "--frames"),
        ((good_bundle, "--device", text), "trace.safetensors"),
        ((good_bundle, "--device", tmp_path / "gone"), "gone"),
        ((good_bundle, "--report", tmp_path / "no" / "folder.html"), "folder.html"),
    ]:
        code, _, err = call(*arguments)
        assert code == 2, arguments
        assert len(err.splitlines()) == 1
        assert words in err


def test_a_flipped_byte_exits_2(call, good_bundle: Path) -> None:
    weights = good_bundle / "reference" / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    code, _, err = call(good_bundle)
    assert code == 2
    assert "weights.safetensors" in err


def test_help_says_what_each_option_does() -> None:
    done = subprocess.run([sys.executable, "-m", "sdk", "parity", "--help"], capture_output=True, text=True, check=True)
    for option in ("--target", "--precision", "--device", "--frames", "--report", "--junit", "--json"):
        assert option in done.stdout
