"""An opened bundle: targets, shared executors, sessions and their parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sdk
from sdk.bundle import Bundle
from sdk.bundle.errors import MissingFileError, UnknownPrecisionError, UnknownTargetError
from sdk.errors import SessionError, UsageError
from tests.bundle.conftest import assert_one_line
from tests.toy_bundle import build_toy_bundle, speech_like


@pytest.fixture
def bundle(toy_bundle: Path) -> Bundle:
    return Bundle.open(str(toy_bundle))


def animate(bundle: Bundle, **options: object) -> np.ndarray:
    with bundle.session(**options) as session:  # type: ignore[arg-type]
        session.push(speech_like(8000))
        session.flush()
        return np.stack([frame.values for frame in session.poll()])


def test_the_package_shows_it() -> None:
    assert sdk.Bundle is Bundle


def test_the_readme_example(toy_bundle: Path) -> None:
    with sdk.Bundle.open(toy_bundle) as bundle, bundle.session(target="eager", precision=None) as session:
        session.push(speech_like(16_000))
        frames = list(session.poll())
    assert len(frames) == 30
    assert frames[0].values.shape == bundle.rig.shape == (5, 3)
    assert bundle.rig.kind == "vertices"
    assert bundle.rig.names == ()


def test_named_channels(toy_bundle: Path) -> None:
    bundle = Bundle.open(toy_bundle)
    named = Bundle(bundle.path, bundle.manifest.model_copy(update={"channels": ("jaw_open", "brow_up")}))
    assert (named.rig.kind, named.rig.names, named.rig.shape) == ("channels", ("jaw_open", "brow_up"), (2,))


def test_executor_is_loaded_once(bundle: Bundle) -> None:
    assert bundle.executor("eager") is bundle.executor("eager", "fp32")


def test_sessions_on_one_executor_do_not_disturb_each_other(bundle: Bundle) -> None:
    alone = animate(bundle)
    with bundle.session() as one, bundle.session() as other:
        one.push(speech_like(8000))
        other.push(speech_like(8000, seed=1))
        pairs = list(zip(one.poll(), other.poll(), strict=True))
    assert np.array_equal(np.stack([mine.values for mine, _ in pairs]), alone[: len(pairs)])


def test_closing_frees_the_executors(bundle: Bundle) -> None:
    first = bundle.executor("eager")
    bundle.close()
    assert bundle.executor("eager") is not first


def test_a_session_that_outlives_its_bundle_says_so(toy_bundle: Path) -> None:
    with Bundle.open(toy_bundle) as bundle:
        session = bundle.session()
        session.push(np.zeros(16_000, np.float32))
    with pytest.raises(SessionError, match="keep the bundle open"):
        next(session.poll())


def test_reference_weights_are_those_of_the_model(bundle: Bundle) -> None:
    """`from_reference` starts from another seed, so only the loaded weights can give the vectors."""
    vectors = bundle.vectors()
    with bundle.session() as session:
        session.push(vectors.pcm)
        session.flush()
        values = np.stack([frame.values for frame in session.poll()])
    assert np.array_equal(values, vectors.outputs["motion_decoder.vertices"])


def test_parameters_replace_the_defaults(bundle: Bundle) -> None:
    moved = bundle.parameters()["template"] + 100
    assert np.allclose(animate(bundle, parameters={"template": moved}), animate(bundle) + 100, atol=1e-4)


@pytest.mark.parametrize(
    "parameters", [{"surprise": [1.0]}, {"template": np.zeros((4, 3))}, {"style": [[np.nan, 0]]}, {"style": "loud"}]
)
def test_parameters_that_do_not_fit(bundle: Bundle, parameters: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        bundle.session(parameters=parameters)  # type: ignore[arg-type]


def test_basis_gives_the_vertices(bundle: Bundle) -> None:
    """Template + offset + coefficients times basis is the mesh: what an app does on the GPU."""
    basis, vectors = bundle.basis(), bundle.vectors()
    weights = vectors.outputs["motion_decoder.coefficients"][:, 0]
    mesh = bundle.parameters()["template"] + basis["offset"] + np.einsum("td,dvc->tvc", weights, basis["basis"])
    assert np.allclose(mesh, vectors.outputs["motion_decoder.vertices"], atol=1e-5)


def test_unknown_target(bundle: Bundle) -> None:
    with pytest.raises(UnknownTargetError, match="it has eager") as caught:
        bundle.session("tpu\x1b[2J")
    assert_one_line(caught.value)


def test_unknown_precision(bundle: Bundle) -> None:
    with pytest.raises(UnknownPrecisionError, match="it has fp32") as caught:
        bundle.executor("eager", "int3")
    assert_one_line(caught.value)


def test_no_vectors(toy_model: None, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no test vectors"):
        Bundle.open(build_toy_bundle(tmp_path / "bundle", vectors=False)).vectors()


def test_representation_names_model_and_targets(bundle: Bundle) -> None:
    assert "toy" in repr(bundle)
    assert "eager" in repr(bundle)
