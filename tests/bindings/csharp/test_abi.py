"""The C# declarations against nowface.h and statuses.json, as the C compiler and the files themselves have them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import sdk
from tests.bindings.csharp.mono import PACKAGE, ROOT, Checks, compile_csharp, sources

HEADER = ROOT / "runtime_bindings" / "cpp" / "include" / "nowface.h"
STRUCTS = {
    "NativeTensor": "nowface_tensor",
    "NativeBundleOptions": "nowface_bundle_options",
    "NativeBundleInfo": "nowface_bundle_info",
    "NativeItem": "nowface_item",
    "NativeParameter": "nowface_parameter",
    "NativeSessionOptions": "nowface_session_options",
    "NativeFrame": "nowface_frame",
    "NativeReport": "nowface_report",
    "NativeEvent": "nowface_event",
}
NOT_CALLED = {"nowface_status_name", "nowface_bundle_replay"}
"""The enumeration has the names, and C# replays through its own sessions: its trace proves them too."""


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)


def numbers(text: str) -> dict[str, int]:
    return {name: int(number) for name, number in (line.split() for line in text.splitlines())}


def defines(prefix: str) -> dict[str, int]:
    found = re.findall(rf"^#define {prefix}(\w+) (-?\d+)", HEADER.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: int(number) for name, number in found}


def upper(values: dict[str, int]) -> dict[str, int]:
    return {snake(name).upper(): number for name, number in values.items()}


def test_statuses_are_those_of_the_table(checks: Checks) -> None:
    table = json.loads((ROOT / "runtime_bindings" / "statuses.json").read_text(encoding="utf-8"))["statuses"]
    have = upper(numbers(checks.run("AbiChecks.PrintStatuses")))
    assert have == {row["name"]: row["code"] for row in table}


def test_kinds_are_those_of_the_header(checks: Checks) -> None:
    assert upper(numbers(checks.run("AbiChecks.PrintEvents"))) == defines("NOWFACE_EVENT_")
    assert upper(numbers(checks.run("AbiChecks.PrintModes"))) == defines("NOWFACE_MODE_")
    bundle = (PACKAGE / "Runtime" / "Core" / "Bundle.cs").read_text(encoding="utf-8")
    kinds = {name.upper(): int(number) for name, number in re.findall(r"(\w+)Kind = (\d)", bundle)}
    assert kinds == defines("NOWFACE_ITEM_")


def test_structs_lie_as_the_compiler_lays_them(checks: Checks, tmp_path: Path) -> None:
    have = numbers(checks.run("AbiChecks.PrintLayouts"))
    assert {name.split(".")[0] for name in have} == set(STRUCTS)
    lines = []
    for name in have:
        struct, _, field = name.partition(".")
        what = f"offsetof({STRUCTS[struct]}, {snake(field).lower()})" if field else f"sizeof({STRUCTS[struct]})"
        lines.append(f'printf("{name} %d\\n", (int){what});')
    source = tmp_path / "layout.c"
    source.write_text(f"#include <stdio.h>\n#include <nowface.h>\nint main(void) {{ {' '.join(lines)} return 0; }}\n")
    subprocess.run(["cc", f"-I{HEADER.parent}", source, "-o", tmp_path / "layout"], check=True)
    wanted = subprocess.run([tmp_path / "layout"], check=True, capture_output=True, text=True).stdout
    assert have == numbers(wanted)


def declared() -> dict[str, int]:
    """Function of the header -> number of its parameters."""
    text = " ".join(HEADER.read_text(encoding="utf-8").split())
    found = re.findall(r"NOWFACE_API [^;(]*?(nowface_\w+)\(([^)]*)\);", text)
    return {name: 0 if parameters == "void" else parameters.count(",") + 1 for name, parameters in found}


def test_every_function_is_imported(checks: Checks) -> None:
    rows = [line.split() for line in checks.run("AbiChecks.PrintImports").splitlines()]
    assert {library for _, library, _ in rows} == {"nowface"}
    wanted = {name: count for name, count in declared().items() if name not in NOT_CALLED}
    assert len(wanted) > 20
    assert {name: int(count) for name, _, count in rows} == wanted


def test_systems_without_dynamic_plugins_look_in_the_app_itself(program: Path, tmp_path: Path) -> None:
    for name in ("checks.exe", "UnityEngine.dll", "Nowface.Unity.dll"):
        (tmp_path / name).write_bytes(program.with_name(name).read_bytes())
    compile_csharp(tmp_path / "Nowface.dll", sources(PACKAGE / "Runtime" / "Core"), [], "-define:UNITY_IOS")
    rows = Checks(tmp_path / "checks.exe", None).run("AbiChecks.PrintImports").splitlines()
    assert {row.split()[1] for row in rows} == {"__Internal"}


def test_the_library_tells_its_version(checks: Checks) -> None:
    version, runtime = checks.run("AbiChecks.PrintLibrary").splitlines()
    assert version == sdk.__version__
    assert runtime.startswith("executorch ")
