"""The columns of the context by name."""

import numpy as np
import pytest

from pipeline.context.columns import Image, Scene, columns_at
from pipeline.context.detections import Detections
from pipeline.context.names import CONTEXT_COLUMNS, DETECTION_COLUMNS, needs_of


def image(number: int, seed: int) -> Image:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.0, 500.0, (2, number))
    sign = rng.choice(np.array([-1, 1], np.int8), number)
    return Image(detections=Detections(x_pixel=x, y_pixel=y, flux_sign=sign), sky=np.full((number, 3), np.nan))


def test_all_columns_are_given_a_value_a_place_in_the_order_asked_for() -> None:
    here = image(60, 1)
    scene = Scene(image=here, others=[image(40, 2)], pixel_scale_arcsec=1.0)

    found = columns_at(here, scene, CONTEXT_COLUMNS[::-1])

    assert tuple(found) == CONTEXT_COLUMNS[::-1]
    assert {values.shape for values in found.values()} == {(60,)}


@pytest.mark.parametrize("name", CONTEXT_COLUMNS)
def test_a_column_alone_is_what_it_is_among_the_others(name: str) -> None:
    here = image(60, 1)
    scene = Scene(image=here, others=[], pixel_scale_arcsec=1.0)

    alone, among = columns_at(here, scene, [name]), columns_at(here, scene, CONTEXT_COLUMNS)

    np.testing.assert_array_equal(alone[name], among[name])


def test_an_exposure_is_as_dense_as_it_is_over_the_median_of_its_detector_in_the_night() -> None:
    here = image(80, 1)
    scene = Scene(image=here, others=[image(40, 2), image(20, 3)], pixel_scale_arcsec=1.0)

    density = columns_at(here, scene, ["exposure_density"])["exposure_density"]

    np.testing.assert_allclose(density, np.log10(80 / 40))


def test_every_column_is_made_from_what_is_known_of_detections() -> None:
    assert set(needs_of(CONTEXT_COLUMNS)) <= set(DETECTION_COLUMNS)
