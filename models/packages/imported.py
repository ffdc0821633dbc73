"""A network whose weights come from an older system's file, as a package: uncalibrated, and of unknown training.

Tested by tests/models/packages/test_imported.py.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from models.framework import deterministic, keras
from models.inputs.contract import InputContract
from models.networks.fitted_network import FittedNetwork
from models.networks.network import build, design_of, layers_with_weights
from models.packages import trained_files
from models.packages.calibrating import FIXED, uncalibrated
from models.packages.package import write_package
from models.recipes.classifier import ClassifierRecipe
from models.registry import NETWORK
from models.training.train import HELD_ROWS, TrainedModel
from pipeline.classes import CLASS_NAMES, LEARNED_PARTS
from pipeline.errors import InputError, SettingsError
from pipeline.extras import demand
from pipeline.io.legacy.keras_weights import LayerWeights, read_keras_weights
from pipeline.io.results.commit import commit
from pipeline.rng import stream

log = logging.getLogger(__name__)


def imported(weights: Path, recipe: ClassifierRecipe, contract: InputContract) -> TrainedModel:
    """Return a network with the weights of a file of Keras 2.

    Parameters
    ----------
    weights : Path
        The HDF5 file, of a whole model or of weights alone.
    recipe : ClassifierRecipe
        Network, normalisation and threshold (that of the rule ``fixed``, else 0.5); what says how to train is not
        looked at.
    contract : InputContract
        What cutouts the network takes.

    Returns
    -------
    trained : TrainedModel
        Without history and counts; its recipe says that it is not calibrated.

    Raises
    ------
    SettingsError
        If the recipe is not of a network, or is of one that takes metadata.
    InputError
        If the file does not hold the weights of this network; layer and shapes are named.
    MissingExtraError
        If what building a network needs is not installed.
    """
    demand("train", "importing a network")
    if recipe.family != NETWORK:
        raise SettingsError(f"{recipe.classifier} is not a network: allowed: a recipe of one, such as braai or vgg6")
    if recipe.metadata is not None:
        raise SettingsError("'metadata' is set; an imported network takes pixels alone: none")
    threshold = recipe.threshold_parameter.get("value", 0.5) if recipe.threshold_rule == FIXED else 0.5
    recipe = replace(recipe, calibration="none", threshold_rule=FIXED, threshold_parameter={"value": threshold})
    keras().utils.clear_session()
    threads = deterministic(0, recipe.threads)
    design = design_of(recipe, contract, n_classes=len(CLASS_NAMES))
    model = build(design, 0)
    _put(model, read_keras_weights(weights), weights, recipe.classifier)
    fitted = FittedNetwork(model=model, design=design, threads=threads)
    log.info("took %d weights of %s from %s", model.count_params(), recipe.classifier, weights)
    return TrainedModel(
        recipe=recipe,
        seed=0,
        contract=contract,
        class_names=CLASS_NAMES,
        fitted=fitted,
        history=pd.DataFrame(columns=["epoch"]),
        counts={part: {"class": {}, "label_source": {}, "kind": {}} for part in LEARNED_PARTS},
        held=_noise(contract),
    )


def write_imported(directory: Path, trained: TrainedModel, *, provenance: Mapping[str, object]) -> None:
    """Write the package of an imported network into an empty directory.

    Parameters
    ----------
    directory : Path
        Exists.
    trained : TrainedModel
        As `imported` returns it.
    provenance : mapping
        Kept beside the package.

    Raises
    ------
    IncompatiblePackageError
        As `models.packages.package.write_package`.
    """
    with TemporaryDirectory() as scratch:
        files = Path(scratch) / "trained"
        commit(files, lambda path: trained_files.write(path, trained, dataset=None), directory=True)
        calibrated = uncalibrated(trained.recipe, trained.held)
        write_package(directory, trained_files.read(files), calibrated, provenance=provenance)


def _put(model: Any, layers: Sequence[LayerWeights], path: Path, name: str) -> None:
    """Put the arrays of the file into the layers of a model, in order."""
    own = layers_with_weights(model)
    if len(own) != len(layers):
        raise InputError(
            f"{path} holds {len(layers)} layers with weights ({', '.join(layer.name for layer in layers)}); "
            f"{name} has {len(own)} ({', '.join(layer.name for layer in own)})"
        )
    for layer, found in zip(own, layers, strict=True):
        needed = [tuple(variable.shape) for variable in layer.weights]
        shapes = [array.shape for array in found.arrays]
        if needed != shapes:
            raise InputError(
                f"{path}: layer {found.name!r} has arrays of shape {_words(shapes)}; {name} needs {_words(needed)} in "
                f"{layer.name!r}; is it of another architecture, size_pixel or number of channels?"
            )
        layer.set_weights(list(found.arrays))


def _words(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join("(" + ", ".join(map(str, shape)) + ")" for shape in shapes)


def _noise(contract: InputContract) -> Any:
    """Return cutouts of noise and sources on which ONNX is compared with Keras, for there are no validation rows."""
    rng = stream(0, "imported network", contract.survey)
    shape = (HELD_ROWS, contract.size_pixel, contract.size_pixel, len(contract.channels))
    pixels = rng.normal(size=shape)
    middle = contract.size_pixel // 2
    pixels[::2, middle - 1 : middle + 2, middle - 1 : middle + 2] += rng.uniform(0, 50, (len(pixels[::2]), 1, 1, 1))
    return pixels.astype(np.float32)
