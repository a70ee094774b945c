"""A tiny model that draws and listens: noise, a signal beside the sound, labels with their one-hot form and scores, and
a history of what it chose that feeds back. The toy of `tests.toy` with a chooser between its ear and its face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdk.models.registry import BuildOptions, ModelCard, SignalExample, StagedModel
from sdk.spec import FrameRate, InputSpec, PipelineSpec, SignalSpec, SignalTensor, TensorSpec
from sdk.stage import Stage
from tests.toy import HOP, VERTICES, WIDTH, ToyEncoder

HEADS, CLASSES = 2, 6
CATEGORIES = HEADS * CLASSES
HOLD = 3_200
LABELS, SCORES, CATEGORY, FACE = "chooser.labels", "chooser.logprobs", "chooser.categories", "face.vertices"
TRACKER = SignalSpec(
    name="tracker",
    tensors=(
        SignalTensor(name="expression", shape=(VERTICES, 3), unit="mm", low=-500, high=500),
        SignalTensor(name="confidence", shape=(1, 1), low=0, high=1),
    ),
    hold_samples=HOLD,
)


@dataclass(frozen=True)
class ChooserState:
    history: Tensor  # (3, CATEGORIES) newest choices, one-hot, oldest first


class ToyChooser(Stage):
    """Draws a class a head by the Gumbel-max trick: the largest of score - log(-log(uniform))."""

    name, clock = "chooser", "frame"
    inputs = (
        InputSpec(name="features", shape=(1, WIDTH), source="audio_encoder.features"),
        InputSpec(name="uniforms", shape=(1, CATEGORIES), source="noise.uniforms"),
        InputSpec(name="expression", shape=(VERTICES, 3), source="tracker.expression", unit="mm"),
        InputSpec(name="confidence", shape=(1, 1), source="tracker.confidence"),
    )
    outputs = (
        TensorSpec(name="labels", shape=(1, HEADS), unit="label"),
        TensorSpec(name="logprobs", shape=(HEADS, CLASSES), unit="nat"),
        TensorSpec(name="categories", shape=(1, CATEGORIES), unit="one-hot"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.hear = nn.Linear(WIDTH, CATEGORIES)
        self.look = nn.Linear(3 * VERTICES, CATEGORIES, bias=False)
        self.recall = nn.Linear(3 * CATEGORIES, CATEGORIES, bias=False)
        self.register_buffer("one_hot", torch.eye(CLASSES), persistent=False)

    def init_state(self) -> ChooserState:
        return ChooserState(history=torch.zeros(3, CATEGORIES))

    def step(self, inputs: Mapping[str, Tensor], state: ChooserState) -> tuple[dict[str, Tensor], ChooserState]:
        score = 3 * self.hear(inputs["features"]) + self.recall(state.history.reshape(1, -1))
        score = score + inputs["confidence"] * self.look(inputs["expression"].reshape(1, -1))
        chance = -torch.log(-torch.log(inputs["uniforms"].clamp(1e-6, 1 - 1e-6)))
        label = (score + chance).reshape(HEADS, CLASSES).argmax(1)
        categories = F.embedding(label, self.one_hot).reshape(1, CATEGORIES)
        outputs = {
            "labels": label.reshape(1, HEADS).to(torch.float32),
            "logprobs": torch.log_softmax(score.reshape(HEADS, CLASSES), 1),
            "categories": categories,
        }
        return outputs, ChooserState(history=torch.cat([state.history[1:], categories], 0))


@dataclass(frozen=True)
class FaceState:
    previous: Tensor  # (1, 3 * VERTICES) the motion of the frame before


class ToyFace(Stage):
    """Moves towards what each choice looks like."""

    name, clock = "face", "frame"
    inputs = (
        InputSpec(name="categories", shape=(1, CATEGORIES), source=CATEGORY, unit="one-hot"),
        InputSpec(name="template", shape=(VERTICES, 3), source="parameter.template", unit="mm"),
    )
    outputs = (TensorSpec(name="vertices", shape=(VERTICES, 3), unit="mm"),)

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Linear(CATEGORIES, 3 * VERTICES)

    def init_state(self) -> FaceState:
        return FaceState(previous=torch.zeros(1, 3 * VERTICES))

    def step(self, inputs: Mapping[str, Tensor], state: FaceState) -> tuple[dict[str, Tensor], FaceState]:
        motion = 0.5 * state.previous + self.read(inputs["categories"])
        return {"vertices": inputs["template"] + motion.reshape(VERTICES, 3)}, FaceState(previous=motion)


def choice_stages(seed: int = 0) -> list[Stage]:
    """Ear, chooser and face with seeded weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return [stage.eval() for stage in (ToyEncoder(), ToyChooser(), ToyFace())]


def choice_pipeline(stages: Sequence[Stage], fps: str = "30", lookahead: int = 0) -> PipelineSpec:
    return PipelineSpec(
        hop=HOP,
        frame_rate=FrameRate.parse(fps),
        lookahead_samples=lookahead,
        parameters=(TensorSpec(name="template", shape=(VERTICES, 3), unit="mm"),),
        signals=(TRACKER,),
        stages=tuple(stage.spec for stage in stages),
        values=FACE,
    )


def tracked(rows: int, seed: int = 0) -> dict[str, np.ndarray]:
    """What a tracker may see: expressions (rows, VERTICES, 3) of some millimetres, confidence (rows, 1, 1)."""
    generator = np.random.default_rng(seed)
    return {
        "expression": generator.normal(0, 3, (rows, VERTICES, 3)).astype(np.float32),
        "confidence": generator.uniform(0.5, 1, (rows, 1, 1)).astype(np.float32),
    }


class ToyChoiceEntry:
    """The model as the registry sees it."""

    name = "toy_choice"
    summary = "a toy that draws, for tests"

    def build(self, options: BuildOptions) -> StagedModel:
        stages = choice_stages()
        return StagedModel(
            name=self.name,
            config={"classes": CLASSES},
            weights={f"{s.name}.{key}": value for s in stages for key, value in s.state_dict().items()},
            stages=stages,
            pipeline=choice_pipeline(stages, str(options.frame_rate or 30), options.lookahead_samples),
            unit="mm",
            card=ModelCard(
                title="Toy of choices", licence="Apache-2.0", trained=False, description="A toy that draws."
            ),
            parameters={"template": np.arange(3 * VERTICES, dtype=np.float32).reshape(VERTICES, 3)},
            # Seen in the middle of the clip: before and after it frames go by the sound alone.
            signals={"tracker": SignalExample(4_000 + 267 * np.arange(30, dtype=np.int64), tracked(30))},
        )

    def from_reference(self, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Sequence[Stage]:
        assert config == {"classes": CLASSES}
        stages = choice_stages(seed=1)
        for stage in stages:
            start = f"{stage.name}."
            stage.load_state_dict({k[len(start) :]: v for k, v in weights.items() if k.startswith(start)})
        return stages


ENTRY = ToyChoiceEntry()


def build_choice_bundle(folder: Path, targets: Sequence[str] = ("onnx",)) -> Path:
    """Export the toy of choices in float32, eager and `targets`, with two seconds of vectors; gives `folder`."""
    from export.exporter import export_bundle
    from export.plan import plan_jobs
    from export.targets.base import LoweringOptions
    from tests.toy_bundle import speech_like

    staged = ENTRY.build(BuildOptions())
    jobs = plan_jobs(targets, ["fp32"])
    export_bundle(staged, jobs, folder, options=LoweringOptions(), speech=speech_like(32_000), parity=False)
    return folder
