"""The page's scripts in one import map, each module a ``data:`` address: nothing is fetched, nothing is built.

Our modules import each other and three.js by names that the map resolves, here and in ``samples/web``. three.js itself
is as published (see ``three/README.md``), but for the relative import between its two files, which has no meaning
inside a ``data:`` address and becomes a name.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

HERE = Path(__file__).parent
WEB, THREE = HERE / "web", HERE / "three"

LIBRARY = {
    "three": THREE / "three.module.min.js",
    "three/core": THREE / "three.core.min.js",
    "three/addons/controls/OrbitControls.js": THREE / "OrbitControls.js",
    "three/addons/environments/RoomEnvironment.js": THREE / "RoomEnvironment.js",
}
RELATIVE = re.compile(r'(from|import)\s*"\./three\.core\.min\.js"')


def import_map() -> str:
    """The import map as JSON."""
    modules = LIBRARY | {f"viewer/{path.name}": path for path in sorted(WEB.glob("*.js"))}
    return json.dumps({"imports": {name: _address(path) for name, path in modules.items()}}, indent=0)


def _address(path: Path) -> str:
    text = RELATIVE.sub(r'\1"three/core"', path.read_text(encoding="utf-8"))
    assert not re.search(r'(from|import)\s*\(?"\.', text), f"{path.name} imports by a relative path"
    return "data:text/javascript;base64," + base64.b64encode(text.encode()).decode()
