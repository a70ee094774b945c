"""A bundle whose frames are named weights, as an app's are, for bindings that show faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

CHANNELS = tuple("abcdefgh")


def build_named_toy(folder: Path) -> Path:
    """Export the toy for ExecuTorch with its coefficients as the weights of channels a to h; gives `folder`."""
    from export.exporter import export_bundle
    from export.plan import plan_jobs
    from export.targets.base import LoweringOptions
    from sdk.models.registry import BuildOptions
    from tests.toy import ENTRY
    from tests.toy_bundle import speech_like

    staged = ENTRY.build(BuildOptions())
    pipeline = staged.pipeline.model_copy(update={"values": "motion_decoder.coefficients"})
    named = replace(staged, pipeline=pipeline, channels=CHANNELS, unit="1", basis={})
    jobs = plan_jobs(["executorch"], ["fp32"])
    export_bundle(named, jobs, folder, options=LoweringOptions(), speech=speech_like(16_000), parity=False)
    return folder
