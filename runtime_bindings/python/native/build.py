"""Builds libnowface for this machine with CMake, on the ExecuTorch runtime of a Python wheel.

    python -m runtime_bindings.python.native.build [--runtime wheel|torchfree] [--arm64] [--output-dir DIR] [--tests]

``wheel`` uses the `executorch` that is installed here, the version the exporter writes for. ``torchfree`` fetches
`executorch-numpy-runtime`, a small build of ExecuTorch without torch, and the headers of its version. Products link
ExecuTorch itself: see docs/native.md.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import click

from sdk.errors import MissingDependencyError, NowfaceError, TargetError

SOURCE = Path(__file__).resolve().parents[2] / "cpp"
DEFAULT_FOLDER = Path("build/native")
TORCHFREE = ("executorch-numpy-runtime==1.4.0", "executorch==1.3.1")
"""The runtime, and the wheel whose headers it was built from."""
TORCHFREE_VERSION = "1.3.1"
_TORCHFREE_PYTHON = "312"
ARM64 = {
    "CMAKE_SYSTEM_NAME": "Linux",
    "CMAKE_SYSTEM_PROCESSOR": "aarch64",
    "CMAKE_C_COMPILER": "aarch64-linux-gnu-gcc",
    "CMAKE_CXX_COMPILER": "aarch64-linux-gnu-g++",
}
"""Settings that build for 64-bit Arm on another machine; the result runs in qemu-aarch64 too."""


@dataclass(frozen=True)
class Runtime:
    """Settings of CMakeLists.txt that say where ExecuTorch is."""

    name: str
    settings: dict[str, str]


def installed_wheel() -> Runtime:
    """The `executorch` of this Python.

    Raises:
        MissingDependencyError: it or torch is not installed.
    """
    roots = {}
    for package in ("executorch", "torch"):
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise MissingDependencyError(package, "is not installed", "pip install 'nowface[executorch]'")
        roots[package] = Path(next(iter(spec.submodule_search_locations)))
    library = str(sysconfig.get_config_var("INSTSONAME"))
    settings = {
        "NOWFACE_ET_ROOT": str(roots["executorch"]),
        "NOWFACE_EXECUTORCH_VERSION": version("executorch"),
        "NOWFACE_TORCH_LIBRARY": str(roots["torch"] / "lib"),
        "NOWFACE_PYTHON_LIBRARY": str(_python_library(library)),
        "NOWFACE_PYTHON_NAME": f"-l:{library}",
    }
    return Runtime("wheel", settings)


def fetched_wheels(folder: Path, machine: str = "x86_64") -> Runtime:
    """The small runtime for a machine, ``x86_64`` or ``aarch64``, fetched into `folder` with pip unless it is there.

    Raises:
        TargetError: pip cannot fetch it.
    """
    platform = f"manylinux_2_28_{machine}"
    unpacked = folder / f"torchfree-{machine}"
    if not unpacked.exists():
        wheels = folder / "wheels"
        for requirement, options in zip(TORCHFREE, (_for_platform(platform), _for_platform("any")), strict=True):
            _pip_download(requirement, options, wheels / platform)
        partial = unpacked.with_suffix(".partial")
        for wheel in sorted((wheels / platform).glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                wanted = [n for n in archive.namelist() if n.endswith(".so") or n.startswith("executorch/include/")]
                archive.extractall(partial, [n for n in wanted if "numpy_runtime" in n or "/include/" in n])
        shutil.rmtree(wheels)
        partial.rename(unpacked)
    settings = {
        "NOWFACE_ET_ROOT": str(unpacked / "executorch"),
        "NOWFACE_EXECUTORCH_VERSION": TORCHFREE_VERSION,
        "NOWFACE_ET_LIBRARY": str(unpacked / "executorch_numpy_runtime"),
    }
    return Runtime("torchfree", settings)


def build(runtime: Runtime, folder: Path, *, tests: bool = False, settings: dict[str, str] | None = None) -> Path:
    """Configure and build in `folder`, a step each that says nothing unless it fails; the library's path.

    Raises:
        MissingDependencyError: there is no CMake, or the sources are not here: a wheel does not hold them.
        TargetError: CMake or the compiler failed.
    """
    if not SOURCE.is_dir():
        raise MissingDependencyError(SOURCE, "is not there", "build from a clone of the project")
    if shutil.which("cmake") is None:
        raise MissingDependencyError("cmake", "is not installed", "install cmake, ninja-build and g++")
    given = {
        "CMAKE_BUILD_TYPE": "Release",
        "NOWFACE_EXECUTORCH": runtime.name,
        "NOWFACE_VERSION": version("nowface"),
        "NOWFACE_TESTS": "ON" if tests else "OFF",
        **{key: str(value) for key, value in runtime.settings.items()},
        **(settings or {}),
    }
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    _run(["cmake", "-S", str(SOURCE), "-B", str(folder), *generator, *(f"-D{k}={v}" for k, v in given.items())])
    _run(["cmake", "--build", str(folder), "--parallel", "2"])
    return folder / "libnowface.so"


def _python_library(name: str) -> Path:
    folder = Path(sysconfig.get_config_var("LIBDIR"))
    for place in (folder, folder / str(sysconfig.get_config_var("MULTIARCH"))):
        if name.endswith((".so", ".so.1.0")) and (place / name).exists():
            return place
    problem = "is not there as a shared library"
    raise MissingDependencyError(name, problem, "install it (Debian: libpython3-dev), or use --runtime torchfree")


def _for_platform(platform: str) -> list[str]:
    if platform == "any":
        # Headers are the same in every wheel: the one of this machine's Python will do.
        return ["--python-version", "311", "--platform", "manylinux_2_28_x86_64"]
    return ["--python-version", _TORCHFREE_PYTHON, "--platform", platform]


def _pip_download(requirement: str, options: list[str], folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    _run([*pip, *options, "--dest", str(folder), requirement])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = (done.stderr + done.stdout).strip().splitlines()
        at_fault = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no output")
        raise TargetError(" ".join(command[:3]), f"failed: {at_fault.strip()}", "run it by hand for all it says")


@click.command()
@click.option("--runtime", type=click.Choice(["wheel", "torchfree"]), default="wheel", show_default=True)
@click.option("--output-dir", type=click.Path(path_type=Path), default=DEFAULT_FOLDER, show_default=True)
@click.option("--arm64", is_flag=True, help="Cross-compile for 64-bit Arm; implies --runtime torchfree.")
@click.option("--tests", is_flag=True, help="Build the C and C++ tests too.")
def main(runtime: str, output_dir: Path, arm64: bool, tests: bool) -> None:
    """Build the native library and its tools for this machine."""
    try:
        if arm64:
            found, settings = fetched_wheels(output_dir, "aarch64"), ARM64
        else:
            found, settings = installed_wheel() if runtime == "wheel" else fetched_wheels(output_dir), {}
        click.echo(str(build(found, output_dir, tests=tests, settings=settings)))
    except NowfaceError as error:
        click.echo(f"python -m {__spec__.name}: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
