"""pytest plugin: ``pytest --nowface-bundle=PATH`` checks a bundle as test cases, one per target, precision and mode.

No test file is needed: the bundle's ``manifest.json`` is added to the run's arguments and collected like a test file,
so that ``-k``, node ids, ``--junitxml`` and other plugins work as ever. Nothing heavy loads unless the option is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sdk.parity.cases import CaseKey
    from sdk.parity.gate import Gate

MANIFEST = "manifest.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("nowface", "parity of deployed face animation models")
    group.addoption("--nowface-bundle", action="append", default=[], metavar="PATH", help="a bundle to check")
    group.addoption("--nowface-target", action="append", default=[], metavar="T", help="only this target; repeatable")
    group.addoption("--nowface-frames", type=int, default=None, metavar="N", help="closed-loop frames to replay")
    group.addoption("--nowface-device", default=None, metavar="TRACE", help="a trace recorded on a device")


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker and add each bundle's manifest to what is collected."""
    config.addinivalue_line("markers", "nowface: parity of a bundle with its reference (from --nowface-bundle)")
    named = {Path(argument.partition("::")[0]).absolute() for argument in config.args}
    for manifest in bundle_manifests(config):
        if not manifest.is_file():
            raise pytest.UsageError(f"--nowface-bundle: {manifest.parent}: not a bundle, it has no {MANIFEST}")
        if manifest not in named:
            config.args.append(str(manifest))


def bundle_manifests(config: pytest.Config) -> list[Path]:
    """The manifests of the bundles that the command line names."""
    paths: list[str] = config.getoption("--nowface-bundle")
    return [Path(path).absolute() / MANIFEST for path in dict.fromkeys(paths)]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the manifest of a bundle that the command line names."""
    if file_path.name == MANIFEST and file_path in bundle_manifests(parent.config):
        # A file outside of pytest's root folder would have no name of its own.
        outside = not file_path.is_relative_to(parent.config.rootpath)
        name: dict[str, Any] = {"nodeid": file_path.as_posix()} if outside else {}
        return BundleFile.from_parent(parent, path=file_path, **name)
    return None


class BundleFile(pytest.File):
    """A bundle under check."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item per target, precision and mode."""
        from sdk.bundle import Bundle
        from sdk.bundle.trace import Trace
        from sdk.parity.gate import Gate

        device: str | None = self.config.getoption("--nowface-device")
        gate = Gate(
            Bundle.open(self.path.parent),
            frames=self.config.getoption("--nowface-frames"),
            device_trace=Trace.load(Path(device)) if device else None,
        )
        for key in gate.keys(self.config.getoption("--nowface-target") or None):
            yield ParityItem.from_parent(self, name=key.id, gate=gate, key=key)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """A damaged bundle is one line, not a traceback."""
        from sdk.errors import NowfaceError

        return str(excinfo.value) if isinstance(excinfo.value, NowfaceError) else super().repr_failure(excinfo)


class ParityItem(pytest.Item):
    """One target, precision and mode of a bundle."""

    def __init__(self, *, gate: Gate, key: CaseKey, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gate = gate
        self.key = key
        self.add_marker("nowface")

    def runtest(self) -> None:
        """Replay the case and fail with its numbers."""
        from sdk.parity.report.text import describe

        case = self.gate.check(self.key)
        self.add_report_section("call", "parity", describe(case))
        if case.verdict == "not run" and not case.key.requested:
            pytest.skip(f"not run here: {case.not_run}")
        if case.verdict != "pass":
            pytest.fail(describe(case), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the case is from, for the head line of a failure."""
        return self.path, None, f"parity of {self.path.parent.name}: {self.key.id}"
