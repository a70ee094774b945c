"""``python -m sdk train distil``: an offline model labels plain audio, students learn it, and the report says what
waiting would buy.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from sdk.cli.common import progress
from sdk.cli.prepared_corpus import jobs_option

FITTED = 64
"""Pieces of audio that the basis of the motion is fitted on: about eight minutes."""


@click.command()
@click.option("--teacher", type=click.Path(path_type=Path), required=True, help="Published checkpoint: file or folder.")
@click.option("--audio", type=click.Path(path_type=Path), required=True, help="Folder of sound files; no labels.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the students and the report.")
@click.option("--template", type=click.Path(path_type=Path), help="The teacher's face at rest: .npy (V, 3) or .obj.")
@click.option("--recipe", default="distil", show_default=True, help="The student's recipe, by name or file.")
@click.option("--resume", is_flag=True, help="Go on with runs that were cut.")
@jobs_option
def distil(
    *, teacher: Path, audio: Path, out: Path, template: Path | None, recipe: str, resume: bool, jobs: int
) -> None:
    """Train students of an offline model for 0, 33, 67 and 100 ms of lookahead, and report the price of none."""
    import numpy as np

    from sdk.cli.face_options import read_vertices
    from sdk.errors import UsageError
    from sdk.spec import SAMPLE_RATE
    from sdk.training.cache import read_split
    from sdk.training.distil.basis import MotionBasis
    from sdk.training.distil.labelling import OfflineTeacher, digest, read_pieces, sound_files
    from sdk.training.distil.offline import load_offline
    from sdk.training.distil.price import LOOKAHEADS, price_of_lookahead
    from sdk.training.distil.report import price_table, write_report
    from sdk.training.prepare import make_plan, prepare
    from sdk.training.recipe import load_recipe
    from sdk.training.run import begin_run
    from sdk.training.trainer import StepResult

    wanted = load_recipe(recipe)
    face = None if template is None else read_vertices(template)
    model = load_offline(teacher, face)
    pieces = {split: list(read_pieces(audio, split)) for split in ("train", "validation")}
    if not pieces["validation"]:
        raise UsageError(audio, "has too little sound to hold any out", "give a minute or more")
    known = (out / "basis.safetensors").exists()
    if known and not resume:
        raise UsageError(out, "holds students", "add --resume to go on with them, or name another folder")
    heard = digest(sound_files(audio))
    begin_run(out, f"{heard} {digest([*_files(teacher), *([] if template is None else [template])])}")
    if known:
        basis = MotionBasis.load(out / "basis.safetensors")
    else:
        basis = MotionBasis.fit(np.concatenate([model.animate(piece.pcm) for piece in pieces["train"][:FITTED]]))
        basis.save(out / "basis.safetensors")
    plan = make_plan(wanted, heard, out / "prepared", OfflineTeacher(teacher, face, basis))
    with progress() as bar:
        for split, some in pieces.items():
            task = bar.add_task(f"label {split}", total=len(some))
            prepare(plan, split, some, jobs=jobs, advance=partial(bar.advance, task))
        total = bar.add_task("train", total=wanted.optimiser.steps * len(LOOKAHEADS))

        def watch(lookahead: int, result: StepResult) -> None:
            done = LOOKAHEADS.index(lookahead) * wanted.optimiser.steps + result.step
            bar.update(total, completed=done, description=f"train, {lookahead * 1000 / SAMPLE_RATE:.0f} ms")

        clips = {split: read_split(plan.folder, split) for split in pieces}
        prices = price_of_lookahead(wanted, clips["train"], clips["validation"], basis, out, resume=resume, watch=watch)
    write_report(prices, model.unit, out)
    click.echo(price_table(prices, model.unit))


def _files(checkpoint: Path) -> list[Path]:
    """The file, or all files of the folder, that a published checkpoint is."""
    return sorted(path for path in checkpoint.rglob("*") if path.is_file()) if checkpoint.is_dir() else [checkpoint]
