"""Who may import whom: the floors of the SDK, and no model's name in generic code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
OURS = ("sdk", "export", "runtime_bindings")

GROUND = ("sdk.spec", "sdk.errors", "sdk.plugins")

MAY_IMPORT = {
    "sdk.spec": (),
    "sdk.errors": (),
    "sdk.plugins": (),
    "sdk.pretrained": (),
    "sdk.stage": ("sdk.spec",),
    "sdk.audio": ("sdk.audio", "sdk.spec", "sdk.errors"),
    "sdk.models": ("sdk.models", "sdk.audio", "sdk.rigs", "sdk.pretrained", "sdk.stage", *GROUND),
    "sdk.runtime": ("sdk.runtime", "sdk.audio", "sdk.stage", *GROUND),
    "runtime_bindings.python": ("runtime_bindings.python", "sdk.runtime", "sdk.spec", "sdk.errors"),
    "sdk": ("sdk",),
}
"""Package -> what of ours it may import; the first name that fits rules."""


def modules() -> dict[str, Path]:
    paths = [path for package in OURS for path in (ROOT / package).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] in OURS}


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_floor_looks_only_down(package):
    rule_of = {name: next((p for p in MAY_IMPORT if within(name, p)), None) for name in modules()}
    mine = [name for name, rule in rule_of.items() if rule == package]
    assert mine
    wrong = [
        f"{name} imports {other}"
        for name in mine
        for other in imported(modules()[name])
        if not any(within(other, allowed) for allowed in MAY_IMPORT[package])
    ]
    assert wrong == []


def test_the_rule_itself_can_fail(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("from sdk.models import registry\nimport torch\n")
    assert imported(bad) == {"sdk.models"}


def test_generic_code_names_no_model():
    """A model is one folder; only the command line knows which one is the default."""
    models = [path.name for path in (ROOT / "sdk" / "models").iterdir() if (path / "model.py").exists()]
    assert "faceformer" in models
    named = [
        name
        for name, path in modules().items()
        if not any(within(name, f"sdk.models.{model}") for model in models)
        for constant in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(constant, ast.Constant)
        and isinstance(constant.value, str)
        and re.fullmatch("|".join(models), constant.value)
    ]
    assert named == ["export.cli"]
