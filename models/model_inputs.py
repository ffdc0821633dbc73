"""What goes into the graph of a model for selected pixels, as the model's own description says.

Tested by tests/models/test_runtime.py.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.contract import InputContract
from models.sessions import Interface
from pipeline.cutouts.normalise import NORMALISATIONS, apply
from pipeline.errors import IncompatiblePackageError

Description = Mapping[str, Any]
"""Content of ``package.json`` or ``training.json``."""


def contract_of(description: Description) -> InputContract:
    """Return which cutouts a model takes."""
    written = description["input"]
    lists = {name: tuple(value) for name, value in written.items() if isinstance(value, list)}
    scale = float("nan") if written["pixel_scale_arcsec"] is None else written["pixel_scale_arcsec"]
    return InputContract(**{**written, **lists, "pixel_scale_arcsec": scale})


def interface_of(description: Description, masks: Mapping[str, tuple[int, ...]], columns: int) -> Interface:
    """Return what a graph of a model takes and gives.

    Parameters
    ----------
    description : mapping
        Of the model.
    masks : mapping of str to tuple of int
        Dropout masks that are inputs of the graph, with the shape of a row.
    columns : int
        Numbers that it gives for each row.
    """
    side, features = description["input"]["size_pixel"], description["external_features"]
    n_channels = len(description["input"]["channels"])
    row = (side, side, n_channels) if features is None else (len(features["columns"]),)
    return Interface(row=row, masks=masks, classes=columns)


def model_inputs(description: Description, contract: InputContract, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the graph takes for selected pixels ``(n, y, x, channel)``: features, normalised pixels or these."""
    if description["external_features"] is not None:
        from pipeline.features import physical_features

        return physical_features(pixels, contract.channels)
    outside = description.get("external_normalisation")
    return pixels if outside is None else apply(outside["name"], pixels, missing=outside["missing"])


def check_revisions(description: Description) -> None:
    """Refuse a model whose features or normalisation this version measures in another way.

    Raises
    ------
    IncompatiblePackageError
        With both revisions.
    """
    _check_features(description["external_features"])
    _check_normalisation(description.get("external_normalisation"))


def _check_features(wanted: Mapping[str, object] | None) -> None:
    if wanted is None:
        return
    from pipeline.features import FEATURES_REVISION

    if wanted["revision"] != FEATURES_REVISION:
        raise IncompatiblePackageError(
            f"the package was trained on revision {wanted['revision']} of the {wanted['name']} features; "
            f"this version measures revision {FEATURES_REVISION}; train again"
        )


def _check_normalisation(outside: Mapping[str, object] | None) -> None:
    if outside is None:
        return
    ours = NORMALISATIONS.metadata(str(outside["name"]))["revision"]
    if outside["revision"] != ours:
        raise IncompatiblePackageError(
            f"the package was trained on revision {outside['revision']} of the normalisation {outside['name']}; "
            f"this version has revision {ours}; train again"
        )
