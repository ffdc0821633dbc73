"""A cutout's measures do not depend on the cutouts that it is searched beside."""

import numpy as np
import pytest

from benchmarks.studies.synthetic.measures import measure_cutouts

Y, X = np.indices((63, 63)) - 31.0


def cutout(rng, difference):
    """Return a triplet of noise with a source in its difference."""
    images = rng.normal(size=(63, 63, 3))
    images[..., 0] += difference
    images[..., 2] += difference
    return images.astype(np.float32)


def point(x=0.0, sigma=1.1, flux=50.0):
    return flux * np.exp(-0.5 * ((X - x) ** 2 + Y**2) / sigma**2)


@pytest.fixture
def searched_cutouts():
    rng = np.random.default_rng(1)
    lost = cutout(rng, point())
    lost[31, 31] = np.nan
    images = [cutout(rng, image) for image in (point(), -point(), point(1.5) - point(-1.5), 0.0 * X, point(sigma=0.4))]
    return np.stack([*images, lost])


def test_shapes_are_named_by_the_first_rule_that_applies(searched_cutouts):
    shapes = ["point-like", "point-like", "both signs", "not found", "sharp", "missing pixels"]
    assert measure_cutouts(searched_cutouts)["shape"].tolist() == shapes


def test_signs_are_those_of_the_sources(searched_cutouts):
    assert measure_cutouts(searched_cutouts)["flux_sign"].tolist()[:2] == [1, -1]


def test_measures_are_those_of_a_stamp_alone(searched_cutouts):
    many = measure_cutouts(np.concatenate([searched_cutouts] * 50))
    for number in range(len(searched_cutouts)):
        alone, other = (
            measure_cutouts(searched_cutouts[number : number + 1]).iloc[0],
            many.iloc[number + 49 * len(searched_cutouts)],
        )
        assert alone["shape"] == other["shape"]
        assert alone["snr"] == pytest.approx(other["snr"], rel=1e-4, nan_ok=True)
