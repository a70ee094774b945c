"""The eager target: a bundle's reference weights back into PyTorch stages."""

from __future__ import annotations

from safetensors import SafetensorError
from safetensors.torch import load_file

from sdk.bundle.errors import REEXPORT, TensorFileError, WrongValueError, shown
from sdk.errors import NowfaceError
from sdk.models.registry import find_model
from sdk.models.rig_stage import taken_apart
from sdk.runtime.executor import Executor, ExecutorSource

TARGET, PRECISION = "eager", "fp32"


def open_eager(source: ExecutorSource) -> Executor:
    """Rebuild the stages with the model's own code and run them in PyTorch.

    Raises:
        UsageError: the model is not installed.
        TensorFileError: the weights are unreadable or not those of the configuration.
        WrongValueError: the configuration is not one of the model, or gives other stages than the manifest's.
    """
    from sdk.runtime.eager import EagerExecutor

    (path,) = set(source.files.values())
    entry = find_model(source.model)
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise TensorFileError(path, f"not a readable safetensors file ({shown(error)})", REEXPORT) from error
    try:
        config, own_weights, rig = taken_apart(source.config, weights)
        stages = entry.from_reference(config, own_weights)
        stages = rig.put_into(stages) if rig else stages
    except NowfaceError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        problem = f"its model.config is not one of {source.model} ({shown(error)})"
        raise WrongValueError("manifest.json", problem, REEXPORT) from error
    except RuntimeError as error:  # what load_state_dict raises for missing, extra and misshaped keys
        raise TensorFileError(path, f"not the weights of {source.model} ({shown(error)})", REEXPORT) from error
    if tuple(stage.spec for stage in stages) != source.pipeline.stages:
        raise WrongValueError("manifest.json", f"its pipeline is not that of its {source.model} model", REEXPORT)
    return EagerExecutor(stages, source.target, source.precision)
