"""The model card: the bundle's README."""

from __future__ import annotations

from collections.abc import Sequence

from export.figures import largest_error, lip_error, outside_delegate, quantised_layers
from sdk.bundle.manifest import TargetRecord
from sdk.models.registry import StagedModel
from sdk.spec import SAMPLE_RATE


def model_card(staged: StagedModel, records: Sequence[TargetRecord]) -> str:
    """Markdown: what the model is, what it takes and gives, what was exported and measured."""
    card, pipeline = staged.card, staged.pipeline
    values = f"{len(staged.channels)} channels" if staged.channels else f"vertices in {staged.unit}"
    lines = [f"# {card.title}", "", card.description, ""]
    if not card.trained:
        lines += ["> **Untrained.** The weights are drawn from a seed; the motion has no meaning.", ""]
    lookahead_ms = 1000 * pipeline.lookahead_samples / SAMPLE_RATE
    lines += [
        "| | |",
        "|---|---|",
        f"| licence | {card.licence} |",
        f"| input | mono speech, {SAMPLE_RATE} Hz, hops of {pipeline.hop} samples |",
        f"| output | {values}, {pipeline.frame_rate} frames a second |",
        f"| lookahead | {pipeline.lookahead_samples} samples ({lookahead_ms:g} ms) |",
        f"| parameters | {', '.join(f'{p.name} {tuple(p.shape)}' for p in pipeline.parameters) or 'none'} |",
        "",
        "## Stages",
        "",
        "| stage | clock | parameters | state, numbers |",
        "|---|---|---|---|",
    ]
    for stage in staged.stages:
        count, state = sum(p.numel() for p in stage.parameters()), sum(t.size for t in stage.spec.state)
        lines.append(f"| {stage.name} | {stage.clock} | {count:,} | {state:,} |")
    lines += [
        "",
        "## Targets",
        "",
        "Errors are measured against the eager reference on the test vectors, closed loop, as a fraction of the range.",
        "",
        "| target | precision | largest error | tolerance | lips, mm | quantised | outside the delegate | needs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for record in records:
        measured = largest_error(record)
        error = "not measured" if measured is None else f"{measured:.1e}"
        allowed = "-" if record.tolerance is None else f"{record.tolerance.max_abs_of_range:.1e}"
        needs = ", ".join(f"{name} {version}" for name, version in record.minimum_os.items()) or "any system"
        outside = outside_delegate(record)
        lips = "-" if lip_error(record) is None else f"{lip_error(record):.3f}"
        cells = (record.target, record.precision, error, allowed, lips, quantised_layers(record), outside, needs)
        lines.append(f"| {' | '.join(cells)} |")
    if card.notes:
        lines += ["", "## Notes", "", *(f"- {note}" for note in card.notes)]
    return "\n".join(lines) + "\n"
