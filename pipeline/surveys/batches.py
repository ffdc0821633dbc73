"""Makes batches of rows and pixels: completes the rows, describes the pixels, decides at the edges, in this order."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.context.names import DETECTION_COLUMNS
from pipeline.cutouts.planes import image_pixels
from pipeline.surveys.base import Batch, ExposureRow
from pipeline.surveys.candidate_columns import candidates_frame, describe_pixels
from pipeline.surveys.edge_policy import Outside, apply_edge_policy, outside_of_cutouts
from pipeline.surveys.settings import SurveySettings

Places = tuple[NDArray[np.float64], NDArray[np.float64]]
"""x and y, each ``(n,)``, in 0-based pixels; NaN = not known."""


def batch_of(
    rows: pd.DataFrame,
    pixels: NDArray[np.float32],
    settings: SurveySettings,
    *,
    exposure: ExposureRow = MappingProxyType({}),
    places: Places | None = None,
    outside: Outside | None = None,
    stated: Mapping[str, object] = MappingProxyType({}),
    unplaced: pd.DataFrame | None = None,
) -> Batch:
    """Return candidates that were read together with their cutouts, and list those that are left out.

    Parameters
    ----------
    rows : DataFrame
        What the source says of each candidate; what it does not say is taken from the exposure, else "not known".
    pixels : ndarray of float32, (n, y, x, channel)
        Their cutouts, NaN = missing.
    settings : SurveySettings
        The survey's.
    exposure : mapping
        The row of the exposure that they lie on, also for its ``saturation``.
    places : pair of ndarray, (n,), optional
        Where they lie; else as `places_of` says.
    outside : Outside, optional
        What of the cutouts lies outside their image; else their missing border.
    stated : mapping
        Columns that a survey leaves blank, and this source knows: ``label kind group_id ...``.
    unplaced : DataFrame, optional
        Candidates of the exposure without a finite place, which have no cutout.

    Raises
    ------
    InputError
        If a ``flux_sign`` is not a sign.
    """
    x, y = places_of(rows, settings) if places is None else places
    candidates = candidates_frame(rows, exposure, settings, x, y)
    for name, values in stated.items():
        candidates[name] = values
    outside = outside_of_cutouts(image_pixels(pixels, settings.channels)) if outside is None else outside
    saturation = float(exposure.get("saturation", np.inf))
    describe_pixels(candidates, pixels, outside.edge_fraction, settings.channels, saturation, outside.missing)
    return apply_edge_policy(pixels, candidates, outside, settings, unplaced)


def detections_of(
    rows: pd.DataFrame, settings: SurveySettings, exposure: ExposureRow = MappingProxyType({})
) -> pd.DataFrame:
    """Return `DETECTION_COLUMNS` of candidates as they will be in their cutout file, pixels counted from 0.

    Parameters
    ----------
    rows : DataFrame
        What the source says of each candidate.
    settings : SurveySettings
        The survey's.
    exposure : mapping
        The row of the exposure that they lie on.
    """
    return candidates_frame(rows, exposure, settings, *places_of(rows, settings))[list(DETECTION_COLUMNS)]


def places_of(rows: pd.DataFrame, settings: SurveySettings) -> Places:
    """Return where rows lie by their ``x_pixel y_pixel``, which the survey counts from its ``pixel_origin``."""
    x, y = (
        rows[name].to_numpy(float) - settings.pixel_origin if name in rows else np.full(len(rows), np.nan)
        for name in ("x_pixel", "y_pixel")
    )
    return x, y
