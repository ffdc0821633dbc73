"""Cutouts of whole images in memory, in the channels of a survey.

Tested by tests/pipeline/surveys/image_pairs/test_difference_none.py.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.extract import extract_cutouts
from pipeline.errors import SettingsError
from pipeline.imaging.frame import Image
from pipeline.surveys.difference_settings import MADE, DifferenceSettings
from pipeline.surveys.settings import SurveySettings

SEARCHED = ("science", "template", *MADE)
"""Channels that an exposure has when it is subtracted and searched."""


def require_searched(channels: tuple[str, ...], settings: DifferenceSettings) -> None:
    """Refuse channels that a search of science image and template, or of the science image alone, does not give."""
    there = SEARCHED if settings.has_template else ("science",)
    absent = [channel for channel in channels if channel not in there]
    if absent:
        why = "" if settings.has_template else " where images.difference is none"
        raise SettingsError(f"channel {absent[0]!r} cannot be made{why}; allowed: {', '.join(there)}")


def channel_cutouts(
    images: Mapping[str, Image], x_pixel: NDArray[np.float64], y_pixel: NDArray[np.float64], survey: SurveySettings
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return cutouts (n, y, x, channel) around positions, and the share of each that lies outside, (n,).

    Parameters
    ----------
    images : mapping
        Image of each channel, of one shape (y, x).
    x_pixel, y_pixel : ndarray, (n,)
        0-based.
    survey : SurveySettings
        Its channels and the side of its cutouts.
    """
    cuts = [extract_cutouts(images[channel], x_pixel, y_pixel, survey.cutout_size_pixel) for channel in survey.channels]
    return np.stack([cut.pixels for cut in cuts], axis=-1), cuts[0].edge_fraction
