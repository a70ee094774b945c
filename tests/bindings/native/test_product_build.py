"""The build that products use, on an ExecuTorch that `find_package` found, and the presets for other platforms."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from runtime_bindings.python.native import build

PACKAGE = Path(__file__).with_name("made_up_package")
PRESETS = json.loads((build.SOURCE / "CMakePresets.json").read_text(encoding="utf-8"))["configurePresets"]
SHOWN = [preset["name"] for preset in PRESETS if not preset.get("hidden")]


def test_cmake_takes_the_presets() -> None:
    listed = subprocess.run(["cmake", "--list-presets"], cwd=build.SOURCE, capture_output=True, text=True, check=True)
    assert SHOWN
    assert all(f'"{name}"' in listed.stdout for name in SHOWN)


def test_presets_set_only_what_the_build_and_its_toolchains_read() -> None:
    declared = "".join(
        path.read_text(encoding="utf-8")
        for path in (build.SOURCE / "CMakeLists.txt", build.SOURCE / "cmake" / "executorch.cmake")
    )
    for preset in PRESETS:
        for name in preset.get("cacheVariables", {}):
            if name.endswith("_DIR"):
                assert f"find_package({name.removesuffix('_DIR')}" in declared
            elif name.startswith("NOWFACE_"):
                assert f"({name} " in declared
            else:
                assert name.startswith(("CMAKE_", "ANDROID_"))


@pytest.mark.slow
def test_a_library_on_a_found_package_gives_the_frames_of_the_wheels(
    native_build: Path, named_toy: Path, tmp_path: Path
) -> None:
    """Its archives are linked whole, though nothing names what is in them: so kernels and delegates get in."""
    wheel = build.installed_wheel().settings
    settings = {
        "NOWFACE_EXECUTORCH": "package",
        "executorch_DIR": str(PACKAGE),
        "MADE_UP_WHEEL": wheel["NOWFACE_ET_ROOT"],
        "MADE_UP_TORCH": wheel["NOWFACE_TORCH_LIBRARY"],
        "MADE_UP_PYTHON": wheel["NOWFACE_PYTHON_LIBRARY"],
        "MADE_UP_PYTHON_NAME": wheel["NOWFACE_PYTHON_NAME"],
    }
    folder = tmp_path / "build"
    given = [f"-D{name}={value}" for name, value in settings.items()]
    subprocess.run(["cmake", "-S", build.SOURCE, "-B", folder, "-G", "Ninja", *given], check=True)
    subprocess.run(["cmake", "--build", folder, "--target", "nowface", "nowface-replay"], check=True)
    symbols = subprocess.run(["nm", folder / "libnowface.so"], capture_output=True, text=True, check=True).stdout
    for archive in ("optimized_native_cpu_ops_lib", "quantized_ops_lib", "xnnpack_backend"):
        assert f"made_up_{archive}" in symbols

    traces = []
    for made in (native_build, folder):
        trace = tmp_path / f"{made.name}.safetensors"
        subprocess.run([made / "nowface-replay", named_toy, "-o", trace], check=True)
        traces.append({name: tensor for name, tensor in load_file(trace).items() if name != "seconds"})
    first, second = traces
    assert first.keys() == second.keys()
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)
