"""What goes into the graph of a model for selected pixels and metadata, as the model's own description says.

Tested by tests/models/scoring/test_runtime.py.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.graphs.sessions import Interface
from models.inputs.contract import InputContract
from models.inputs.image_sampling import sampling_of
from models.inputs.metadata import METADATA, MetadataScaling, features_of, require_given
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
    scaling = scaling_of(description)
    width = 0 if scaling is None else len(scaling.columns)
    if features is not None:
        return Interface(row=(len(features["columns"]) + 2 * width,), masks=masks, classes=columns)
    row = (side, side, len(description["input"]["channels"]))
    return Interface(row=row, masks={METADATA: (width,), **masks} if width else masks, classes=columns)


class SelectedRows(NamedTuple):
    """Pixels that a model sees, and the raw metadata that it takes beside them, if any."""

    pixels: NDArray[np.float32]
    metadata: NDArray[np.float32] | None

    def of(self, which: NDArray[np.bool_]) -> "SelectedRows":
        """Return some of the rows."""
        return SelectedRows(self.pixels[which], None if self.metadata is None else self.metadata[which])


class GraphInputs(NamedTuple):
    """What a graph takes: its first input, and further ones by name."""

    first: NDArray[np.float32]
    more: dict[str, NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Rows as they go into a graph.

    Attributes
    ----------
    scorable : ndarray of bool, shape (n,)
        Which rows can be scored.
    given : GraphInputs or None
        What the graph takes for these; None if there are none.
    """

    scorable: NDArray[np.bool_]
    given: GraphInputs | None


def scaling_of(description: Description) -> MetadataScaling | None:
    """Return the scaling of the metadata that a model takes beside the pixels; None of pixels alone."""
    written = description.get(METADATA)
    return None if written is None else MetadataScaling(**{name: tuple(value) for name, value in written.items()})


def require_columns(needed: Sequence[str], there: Collection[str]) -> None:
    """Refuse candidates that lack a column which a model takes beside the pixels.

    Raises
    ------
    IncompatiblePackageError
        With the columns that it needs and those that are missing.
    """
    absent = [name for name in needed if name not in there]
    if absent:
        raise IncompatiblePackageError(
            f"the model needs the columns {', '.join(needed)}; the cutouts lack {', '.join(absent)}; name them in the "
            "survey's 'metadata' or 'context' and fetch again"
        )


def model_inputs(
    description: Description,
    contract: InputContract,
    pixels: NDArray[np.float32],
    metadata: NDArray[np.float32] | None = None,
    fwhm_pixel: float = math.nan,
) -> GraphInputs:
    """Return what the graph takes: features, normalised pixels or raw ones, and metadata if the model takes any.

    Parameters
    ----------
    description : mapping
        Of the model.
    contract : InputContract
        Which cutouts it takes.
    pixels : ndarray of float32, shape (n, y, x, channel)
        Selected raw pixels.
    metadata : ndarray of float32, shape (n, k), optional
        Raw columns in the order of the model, NaN = missing.
    fwhm_pixel : float
        Typical FWHM of the cutouts' PSF, in pixels; NaN for that of the training.

    Raises
    ------
    IncompatiblePackageError
        When the model takes metadata and none is given.
    """
    scaling = scaling_of(description)
    require_given(scaling, metadata)
    if description["external_features"] is not None:
        sampling = sampling_of(description["external_features"], fwhm_pixel)
        return GraphInputs(features_of(pixels, contract.channels, metadata, scaling, sampling.fwhm_pixel), {})
    outside = description.get("external_normalisation")
    prepared = pixels if outside is None else apply(outside["name"], pixels, missing=outside["missing"])
    return GraphInputs(prepared, {} if scaling is None or metadata is None else {METADATA: metadata})


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
