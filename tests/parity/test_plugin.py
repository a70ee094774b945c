"""The pytest plugin, run on projects that have no test file of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.parity.conftest import add_target

pytest_plugins = ["pytester"]


def run(pytester: pytest.Pytester, *arguments: object) -> pytest.RunResult:
    """pytest in this process, so that the toy and the fake executors are known to it, with no other plugin."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_inprocess("-p", "sdk.parity.plugin", "--assert=plain", *arguments)


def test_a_bundle_is_collected_without_a_test_file(pytester: pytest.Pytester, good_bundle: Path) -> None:
    result = run(pytester, f"--nowface-bundle={good_bundle}", "-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*collected 3 items",
            "*manifest.json::eager-fp32-closed_loop PASSED*",
            "*manifest.json::close-fp32-teacher_forced PASSED*",
            "*manifest.json::close-fp32-closed_loop PASSED*",
        ]
    )
    assert result.ret == 0


def test_a_failure_is_numbers_not_a_traceback(pytester: pytest.Pytester, fake_bundle: Path) -> None:
    result = run(pytester, f"--nowface-bundle={fake_bundle}", "-rs")
    result.assert_outcomes(passed=3, failed=2, skipped=4)
    result.stdout.fnmatch_lines(
        [
            "wrong fp32, closed loop: FAIL",
            "  wrong: motion_decoder.vertices: max abs * mm is * of range at frame *; allowed 1e-04; first beyond at *",
            "  motion_decoder.vertices: max abs *, SNR * dB, worst at frame *",
        ]
    )
    result.stdout.fnmatch_lines(["SKIPPED*not run here: needs_package: its package is not installed*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert result.ret == 1


def test_a_target_asked_for_by_name_must_run(pytester: pytest.Pytester, fake_bundle: Path) -> None:
    result = run(pytester, f"--nowface-bundle={fake_bundle}", "--nowface-target=absent", "--nowface-target=close")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["absent fp32, closed loop: NOT RUN HERE: absent: no executor runs this target*"])


def test_cases_can_be_chosen_by_keyword_and_node_id(pytester: pytest.Pytester, good_bundle: Path) -> None:
    run(pytester, f"--nowface-bundle={good_bundle}", "-k", "closed_loop and not eager").assert_outcomes(
        passed=1, deselected=2
    )
    run(pytester, f"--nowface-bundle={good_bundle}", "-m", "nowface").assert_outcomes(passed=3)
    run(pytester, f"--nowface-bundle={good_bundle}", "-m", "not nowface").assert_outcomes(deselected=3)


def test_a_project_s_own_tests_run_beside_it(pytester: pytest.Pytester, good_bundle: Path) -> None:
    pytester.makepyfile("def test_mine(): pass")
    run(pytester, f"--nowface-bundle={good_bundle}").assert_outcomes(passed=4)


def test_a_bundle_inside_the_project_is_collected_once(pytester: pytest.Pytester, good_bundle: Path) -> None:
    shutil.copytree(good_bundle, pytester.path / "models" / "face")
    pytester.makepyfile("def test_mine(): pass")
    run(pytester, "--nowface-bundle=models/face").assert_outcomes(passed=4)
    run(pytester, "--nowface-bundle=models/face", "--nowface-bundle", "models/face").assert_outcomes(passed=4)
    run(pytester).assert_outcomes(passed=1)


def test_frames_and_strict_markers(pytester: pytest.Pytester, good_bundle: Path) -> None:
    result = run(pytester, f"--nowface-bundle={good_bundle}", "--nowface-frames=60", "--strict-markers", "-rA")
    result.assert_outcomes(passed=3)


def test_a_device_trace_is_a_case(pytester: pytest.Pytester, good_bundle: Path) -> None:
    trace = good_bundle / "vectors.safetensors"
    result = run(pytester, f"--nowface-bundle={good_bundle}", f"--nowface-device={trace}", "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*manifest.json::eager-fp32-device PASSED*"])


def test_junit_of_pytest_holds_the_cases(pytester: pytest.Pytester, fake_bundle: Path) -> None:
    run(pytester, f"--nowface-bundle={fake_bundle}", "--junitxml=out.xml")
    cases = {case.get("name"): case for case in ET.parse(pytester.path / "out.xml").iter("testcase")}
    assert len(cases) == 9
    failure = cases["wrong-fp32-closed_loop"].find("failure")
    assert failure is not None
    assert "of range" in (failure.text or "")


@pytest.mark.parametrize("spoil", ["no folder", "not json", "flipped byte", "no target"])
def test_a_bad_bundle_is_one_line(pytester: pytest.Pytester, good_bundle: Path, spoil: str) -> None:
    arguments = [f"--nowface-bundle={good_bundle}"]
    if spoil == "no folder":
        shutil.rmtree(good_bundle)
    elif spoil == "not json":
        (good_bundle / "manifest.json").write_text("{")
    elif spoil == "flipped byte":
        data = bytearray((good_bundle / "vectors.safetensors").read_bytes())
        data[-1] ^= 1
        (good_bundle / "vectors.safetensors").write_bytes(data)
    else:
        arguments.append("--nowface-target=nothing")
    result = run(pytester, *arguments)
    assert result.ret != 0
    text = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in text
    expected = {"no folder": "not a bundle", "not json": "JSON", "flipped byte": "vectors", "no target": "'nothing'"}
    assert expected[spoil] in text


def test_loading_the_plugin_loads_nothing_heavy() -> None:
    """pytest loads the plugin in every project of an environment that has nowface installed."""
    code = (
        "import sys, sdk.parity.plugin\n"
        "heavy = {'torch', 'pydantic', 'numpy', 'safetensors', 'rich', 'sdk.bundle', 'sdk.runtime', 'sdk.spec'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_the_option_the_plugin_does_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_light():\n"
        "    assert 'sdk.parity.plugin' in sys.modules\n"
        "    assert 'torch' not in sys.modules\n"
    )
    (pytester.path / "manifest.json").write_text("{}")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_crashes_are_failures_with_their_message(pytester: pytest.Pytester, good_bundle: Path) -> None:
    add_target(good_bundle, "crashes")
    result = run(pytester, f"--nowface-bundle={good_bundle}", "-k", "crashes-fp32-closed_loop")
    result.assert_outcomes(failed=1, deselected=4)
    result.stdout.fnmatch_lines(["  wrong: crashes: RuntimeError: the foreign runtime gave up"])


def test_a_case_can_be_named_by_its_node_id(pytester: pytest.Pytester, good_bundle: Path) -> None:
    node = f"{good_bundle}/manifest.json::close-fp32-closed_loop"
    result = run(pytester, f"--nowface-bundle={good_bundle}", node)
    result.assert_outcomes(passed=1)
