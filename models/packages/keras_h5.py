"""The network of a package as a weight file of Keras 2, for the programs that it came from.

Tested by tests/models/packages/test_keras_h5.py.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np

from models.framework import foreign_deprecations, keras
from models.networks.network import layers_with_weights
from models.scoring.stacked import MEMBERS
from pipeline.classes import STACK
from pipeline.errors import MissingInputError
from pipeline.extras import demand
from pipeline.io.legacy.keras_weights import LayerWeights, write_keras_weights
from pipeline.io.packages.package_content import read_package

_MODEL: Final = "model.keras"


def export_keras_h5(package: Path, path: Path) -> int:
    """Write the weights of a package's network; return how many numbers they are.

    The file holds the layers of the network itself: what Nightsift puts before and behind it, normalisation and
    calibration, has no weights, so a program that loads the file has to normalise, and gets scores that are not
    calibrated.

    Parameters
    ----------
    package : Path
        The folder of a model package.
    path : Path
        The HDF5 file to write.

    Raises
    ------
    MissingInputError, InputError, IncompatiblePackageError
        If there is no package, it is not as it was written, or it holds no network.
    MissingExtraError
        If what reading a network needs is not installed.
    """
    values = read_package(package).values
    if values.get("family") == STACK:
        raise MissingInputError(
            f"{package} is a stack of {len(values['members'])} packages, which no one weight file holds; export a "
            f"network among its members: {package / MEMBERS}/..."
        )
    if not (package / _MODEL).is_file():
        raise MissingInputError(
            f"{package} is a package of {values['classifier']}, which is not a network: no {_MODEL}"
        )
    demand("train", "exporting a network")
    with foreign_deprecations():
        model = keras().saving.load_model(package / _MODEL, safe_mode=True, compile=False)
    layers = [_weights(layer) for layer in layers_with_weights(model)]
    write_keras_weights(path, layers)
    return sum(array.size for layer in layers for array in layer.arrays)


def _weights(layer: Any) -> LayerWeights:
    arrays = tuple(np.asarray(array, dtype=np.float32) for array in layer.get_weights())
    return LayerWeights(name=layer.name, arrays=arrays)
