"""`python -m export [MODEL] ...`, `python -m export list`, `python -m export inspect BUNDLE`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.table import Table

from export.exporter import Export, export_bundle, steps
from export.figures import largest_error, lip_error, outside_delegate, quantised_layers
from export.loose import export_components
from export.plan import MIXED, Job, calibration_speech, check_components, plan_jobs
from export.planner import Planner
from export.precision import PRECISIONS
from export.proving import LeftOut, lines
from export.sensitivity.budget import Budget
from export.targets.base import LoweringOptions, find_target, target_names
from sdk.audio.files import load_speech
from sdk.bundle import Bundle
from sdk.bundle.eager import TARGET as EAGER
from sdk.bundle.phones import Phones
from sdk.cli.common import progress, run, stdout
from sdk.cli.face_options import read_vertices
from sdk.errors import UsageError
from sdk.models.registry import BuildOptions, StagedModel, find_model, model_names
from sdk.models.rig_stage import with_rig
from sdk.pretrained import SPEECH, SPEECH_PHONES
from sdk.rigs.channel_set import set_of
from sdk.rigs.rig_file import find_rig
from sdk.rigs.rig_map import HUB
from sdk.spec import FrameRate

DEFAULT_MODEL = "faceformer"


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _budget(text: str | None, jobs: list[Job]) -> Budget:
    if text is None:
        return Budget()
    if not any(job.precision == MIXED for job in jobs):
        raise UsageError("--budget", "only --precision mixed keeps a budget", "add --precision mixed")
    return Budget.parse(text)


def _frame_rate(text: str | None) -> FrameRate | None:
    try:
        return None if text is None else FrameRate.parse(text)
    except ValueError as error:
        raise UsageError("--fps", str(error), "give a rate such as 30, 29.97 or 30000/1001") from error


@click.command(
    epilog="`python -m export list` shows models and targets; `python -m export inspect BUNDLE` shows a bundle."
)
@click.argument("model", default=DEFAULT_MODEL)
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Published weights; without it the default's.")
@click.option("--target", help="Comma list of targets.  [default: executorch,coreml,onnx]")
@click.option("--precision", help="Comma list of precisions, or all.  [default: each target's own]")
@click.option("--budget", help="What `--precision mixed` may cost, e.g. lip-error=0.1mm.  [default: lip-error=0.05mm]")
@click.option("--components", help="Comma list of stages: lower only these, as loose files without a bundle.")
@click.option("--fps", help="Frames a second, e.g. 30, 29.97, 30000/1001.  [default: the model's]")
@click.option("--lookahead", default=0, show_default=True, help="Samples of the future a frame may use, at 16 kHz.")
@click.option("--calibration", type=click.Path(path_type=Path), help="Folder of speech that statistics are fixed on.")
@click.option("--template", type=click.Path(path_type=Path), help="Face at rest: .npy (V, 3) or .obj.")
@click.option("--rig", help="Rig whose channels the frames shall be: a name, or a JSON file.  [default: the model's]")
@click.option("--min-deployment-target", default="iOS18", show_default=True, help="Oldest Apple system, for Core ML.")
@click.option("--output-dir", type=click.Path(path_type=Path), default="build", show_default=True)
@click.option("--skip-parity", is_flag=True, help="Do not compare the artefacts with the model.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def export_command(  # noqa: PLR0917 - one argument an option
    model: str,
    checkpoint: Path | None,
    target: str | None,
    precision: str | None,
    budget: str | None,
    components: str | None,
    fps: str | None,
    lookahead: int,
    calibration: Path | None,
    template: Path | None,
    rig: str | None,
    min_deployment_target: str,
    output_dir: Path,
    skip_parity: bool,
    as_json: bool,
) -> int:
    """Export MODEL (the embedded default without one) as a verified bundle in OUTPUT_DIR/MODEL."""
    started = time.monotonic()
    if not 0 <= lookahead <= 160_000:
        raise UsageError(f"--lookahead {lookahead}", "out of range", "give 0 to 160000 samples (10 s)")
    entry, jobs = find_model(model), plan_jobs(_names(target), _names(precision))
    speech = calibration_speech(calibration)
    staged = entry.build(
        BuildOptions(
            checkpoint=checkpoint,
            frame_rate=_frame_rate(fps),
            lookahead_samples=lookahead,
            calibration=speech,
            template=None if template is None else read_vertices(template),
        )
    )
    if rig is not None:
        own = set_of(staged.channels)
        staged = with_rig(staged, find_rig(rig, own.name if own else HUB))
    options = LoweringOptions(min_deployment_target=min_deployment_target)
    folder = output_dir / model
    planner = Planner(staged, speech, _budget(budget, jobs), options)
    chosen = check_components(_names(components), staged)
    with progress() as bar:
        task = bar.add_task("export", total=steps(jobs, staged, planner))

        def advance(words: str) -> None:
            bar.update(task, description=words, advance=1)

        if chosen:
            files, left_out = export_components(
                jobs, chosen, folder, options=options, planner=planner, parity=not skip_parity, advance=advance
            )
            _print_files(files, left_out, as_json)
            return 0
        result = export_bundle(
            staged,
            jobs,
            folder,
            options=options,
            speech=load_speech(SPEECH),
            phones=Phones.read_labels(SPEECH_PHONES),
            planner=planner,
            parity=not skip_parity,
            advance=advance,
        )
    _print_export(result, staged, jobs, time.monotonic() - started, as_json)
    return 0


def _print_files(files: Sequence[Path], left_out: Sequence[LeftOut], as_json: bool) -> None:
    if as_json:
        without = [asdict(each) for each in left_out]
        click.echo(json.dumps({"files": [str(path) for path in files], "left_out": without}, indent=2))
        return
    for line in (*files, *lines(left_out)):
        click.echo(line)


def _print_export(result: Export, staged: StagedModel, jobs: list[Job], seconds: float, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_as_json(result, seconds), indent=2))
        return
    table = Table(title=staged.card.title, title_justify="left", box=None, pad_edge=False)
    table.add_column("target", overflow="fold")
    for heading in ("MB", "error of range", "allowed", "lips mm"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("layers", overflow="fold")
    asked = {job.target.name for job in jobs}
    records = [record for record in result.manifest.targets if record.target in asked]
    for record in records:
        size = result.manifest.artefact_bytes(record) / 1e6
        error = largest_error(record)
        allowed = "-" if record.tolerance is None else f"{record.tolerance.max_abs_of_range:.0e}"
        shown = "not measured" if error is None else f"{error:.1e}"
        lips = lip_error(record)
        table.add_row(
            f"{record.target} {record.precision}",
            f"{size:.2f}",
            shown,
            allowed,
            "-" if lips is None else f"{lips:.3f}",
            quantised_layers(record),
        )
    stdout.print(table)
    for record in records:
        if record.undelegated:
            click.echo(f"outside the delegate: {record.target} {record.precision}: {outside_delegate(record)}")
    for line in lines(result.left_out):
        click.echo(line)
    if not staged.card.trained:
        click.echo("This model is UNTRAINED: its weights are drawn from a seed and its motion has no meaning.")
    gate = "parity passed" if result.parity else "parity skipped"
    click.echo(f"{result.path}: {gate}, {seconds:.0f} s")


def _as_json(result: Export, seconds: float) -> dict[str, Any]:
    targets = [record.model_dump(mode="json") for record in result.manifest.targets]
    return {
        "bundle": str(result.path),
        "model": result.manifest.model.name,
        "trained": result.manifest.model.trained,
        "parity": None if result.parity is None else result.parity.passed,
        "targets": targets,
        "left_out": [asdict(each) for each in result.left_out],
        "seconds": round(seconds, 1),
    }


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """Models, targets and precisions that this installation knows."""
    models = {name: find_model(name).summary for name in model_names()}
    targets = {name: find_target(name) for name in target_names()}
    if as_json:
        rows = {name: {"summary": t.summary, "precisions": t.precisions} for name, t in targets.items()}
        summaries = {row.name: row.summary for row in PRECISIONS.values()}
        click.echo(json.dumps({"models": models, "targets": rows, "precisions": summaries}, indent=2))
        return
    for name, summary in models.items():
        click.echo(f"model   {name:<20} {summary}")
    for name, row in targets.items():
        click.echo(f"target  {name:<20} {row.summary} ({', '.join(row.precisions)})")
    for precision in PRECISIONS.values():
        click.echo(f"precision {precision.name:<18} {precision.summary}")


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole manifest as JSON.")
def inspect_command(bundle: Path, as_json: bool) -> None:
    """Check BUNDLE and show what it holds."""
    with Bundle.open(bundle) as opened:
        manifest = opened.manifest
    if as_json:
        click.echo(manifest.model_dump_json(indent=2))
        return
    pipeline = manifest.pipeline
    click.echo(f"{manifest.model.title} ({manifest.model.name}), licence {manifest.model.licence}")
    click.echo(f"{pipeline.frame_rate} frames a second, lookahead {pipeline.lookahead_samples} samples")
    every = {"prepare": "once a session", "hop": f"every {pipeline.hop} samples", "frame": "every frame"}
    for stage in pipeline.stages:
        numbers = sum(tensor.size for tensor in stage.state)
        click.echo(
            f"{stage.name}: {every[stage.clock]}, {len(stage.state)} state tensors of {numbers:,} numbers in all"
        )
        for tensor in stage.inputs:
            click.echo(f"  in   {tensor.name} {tensor.shape} [{tensor.unit}] from {tensor.source}")
        for output in stage.outputs:
            click.echo(f"  out  {output.name} {output.shape} [{output.unit}]")
    for record in manifest.targets:
        if record.target == EAGER:
            click.echo(f"{record.target} {record.precision}: the reference")
            continue
        error = largest_error(record)
        proof = "not measured" if error is None else f"largest error {error:.1e} of range"
        outside = outside_delegate(record)
        click.echo(f"{record.target} {record.precision}: {proof}; outside the delegate: {outside}")
    size = sum(file.bytes for file in manifest.files) / 1e6
    click.echo(f"{len(manifest.files)} files, {size:.1f} MB, all hashes good")


COMMANDS = {"list": list_command, "inspect": inspect_command}


def main() -> NoReturn:
    """Run the command line: the first word chooses `list` or `inspect`, anything else is an export."""
    first, *rest = sys.argv[1:] or [""]
    if first in COMMANDS:
        run(COMMANDS[first], f"python -m export {first}", rest)
    run(export_command, "python -m export", sys.argv[1:])
