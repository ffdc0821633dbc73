"""Detections around a place."""

import numpy as np

from pipeline.context.detections import Detections
from pipeline.context.surroundings import AROUND, negative_share, sign_coherence, surroundings


def on_a_grid(step: float, side: int, sign: int = 1) -> Detections:
    places = [step * index for index in range(side)]
    y, x = (np.repeat(places, side), np.tile(places, side))
    return Detections(x_pixel=x, y_pixel=y, flux_sign=np.full(side * side, sign, np.int8))


def test_density_is_that_around_the_place_over_the_typical_one() -> None:
    sparse = on_a_grid(40.0, 20)
    dense = on_a_grid(20.0, 9)  # four times as dense, in a corner of its own
    field = Detections(
        x_pixel=np.append(sparse.x_pixel, dense.x_pixel + 5000.0),
        y_pixel=np.append(sparse.y_pixel, dense.y_pixel),
        flux_sign=np.append(sparse.flux_sign, dense.flux_sign),
    )

    density = surroundings(field, field)["density"]

    middle_of_sparse, middle_of_dense = 10 * 20 + 10, 400 + 4 * 9 + 4
    np.testing.assert_allclose(density[middle_of_sparse], 0.0, atol=1e-9)
    np.testing.assert_allclose(density[middle_of_dense], np.log10(4.0), atol=1e-9)


def test_the_share_of_neighbours_that_faded_is_that_of_the_nearest_ones() -> None:
    rows = np.arange(1, 41)
    sign = np.where(rows <= AROUND // 4, -1, 1).astype(np.int8)
    field = Detections(x_pixel=np.linspace(100.0, 4000.0, 40), y_pixel=np.zeros(40), flux_sign=sign)
    place = Detections(x_pixel=np.zeros(1), y_pixel=np.zeros(1), flux_sign=np.array([-1], np.int8))

    found = surroundings(place, field)

    assert found["negative_share"].tolist() == [0.25]
    assert found["agreeing_share"].tolist() == [0.25]


def test_signs_that_are_not_known_count_neither_way() -> None:
    field = on_a_grid(50.0, 4, sign=0)

    assert np.isnan(surroundings(field, field)["negative_share"]).all()
    assert np.isnan(negative_share(field))
    assert np.isnan(sign_coherence(field))


def test_stars_behind_patches_of_cloud_have_the_signs_of_their_neighbours() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0.0, 1600.0, (2, 900))
    patches = rng.choice([-1, 1], (8, 8))
    cloudy = patches[(y // 200).astype(int), (x // 200).astype(int)].astype(np.int8)
    clear = rng.permutation(cloudy)

    through_cloud, without = (sign_coherence(Detections(x_pixel=x, y_pixel=y, flux_sign=s)) for s in (cloudy, clear))

    assert through_cloud > 0.5
    assert abs(without) < 0.1


def test_an_exposure_of_one_sign_is_not_coherent() -> None:
    assert abs(sign_coherence(on_a_grid(50.0, 6, sign=-1))) < 1e-12
    assert negative_share(on_a_grid(50.0, 6, sign=-1)) == 1.0


def test_a_lonely_detection_has_no_surroundings() -> None:
    found = surroundings(on_a_grid(1.0, 1), on_a_grid(1.0, 1))

    assert all(np.isnan(values).all() for values in found.values())
