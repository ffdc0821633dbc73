"""Detections that stay on the detector."""

import numpy as np

from pipeline.context.repeats import Placed, pixel_repeats
from pipeline.crossmatch.sphere import unit_vectors

SCALE_ARCSEC = 1.0


def placed(x: list[float], pointing_arcsec: float) -> Placed:
    """Return detections in a row of the detector, whose first pixel looks at a right ascension on the equator."""
    places = np.column_stack([x, np.zeros(len(x))])
    ra_deg = (pointing_arcsec + SCALE_ARCSEC * np.array(x)) / 3600.0
    return Placed(places=places, sky=unit_vectors(ra_deg, np.zeros(len(x))))


def test_a_hot_pixel_is_found_in_the_other_exposures_and_a_star_is_not() -> None:
    first, dithered, far = (placed([100.0, 300.0 - shift], shift) for shift in (0.0, 20.0, 5000.0))

    repeats = pixel_repeats(first, [dithered, far], SCALE_ARCSEC)

    assert repeats.tolist() == [2.0, 0.0]


def test_a_source_of_an_exposure_that_was_not_moved_is_no_defect() -> None:
    assert pixel_repeats(placed([100.0], 0.0), [placed([100.4], 0.0)], SCALE_ARCSEC).tolist() == [0.0]


def test_an_exposure_counts_once_whatever_its_detections_there() -> None:
    assert pixel_repeats(placed([100.0], 0.0), [placed([99.5, 100.5], 900.0)], SCALE_ARCSEC).tolist() == [1.0]


def test_without_a_sky_position_it_is_not_known_what_repeats() -> None:
    unknown = Placed(places=np.zeros((1, 2)), sky=np.full((1, 3), np.nan))

    assert np.isnan(pixel_repeats(unknown, [placed([0.0], 900.0)], SCALE_ARCSEC)).all()
    assert np.isnan(pixel_repeats(placed([0.0], 0.0), [unknown], SCALE_ARCSEC)).all()
    assert pixel_repeats(placed([50.0], 0.0), [unknown], SCALE_ARCSEC).tolist() == [0.0]


def test_no_other_exposures_and_no_detections_are_no_repeats() -> None:
    assert pixel_repeats(placed([1.0], 0.0), [], SCALE_ARCSEC).tolist() == [0.0]
    assert pixel_repeats(placed([1.0], 0.0), [placed([], 0.0)], SCALE_ARCSEC).tolist() == [0.0]
