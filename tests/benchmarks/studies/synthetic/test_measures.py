"""A stamp's measures do not depend on the stamps that it is searched beside."""

import numpy as np
import pytest

from benchmarks.studies.synthetic.measures import measure_stamps

Y, X = np.indices((63, 63)) - 31.0


def stamp(rng, difference):
    """Return a triplet of noise with a source in its difference."""
    images = rng.normal(size=(63, 63, 3))
    images[..., 0] += difference
    images[..., 2] += difference
    return images.astype(np.float32)


def point(x=0.0, sigma=1.1, flux=50.0):
    return flux * np.exp(-0.5 * ((X - x) ** 2 + Y**2) / sigma**2)


@pytest.fixture
def searched_stamps():
    rng = np.random.default_rng(1)
    lost = stamp(rng, point())
    lost[31, 31] = np.nan
    images = [stamp(rng, image) for image in (point(), -point(), point(1.5) - point(-1.5), 0.0 * X, point(sigma=0.4))]
    return np.stack([*images, lost])


def test_shapes_are_named_by_the_first_rule_that_applies(searched_stamps):
    shapes = ["point-like", "point-like", "both signs", "not found", "sharp", "missing pixels"]
    assert measure_stamps(searched_stamps)["shape"].tolist() == shapes


def test_signs_are_those_of_the_sources(searched_stamps):
    assert measure_stamps(searched_stamps)["flux_sign"].tolist()[:2] == [1, -1]


def test_measures_are_those_of_a_stamp_alone(searched_stamps):
    many = measure_stamps(np.concatenate([searched_stamps] * 50))
    for number in range(len(searched_stamps)):
        alone, other = (
            measure_stamps(searched_stamps[number : number + 1]).iloc[0],
            many.iloc[number + 49 * len(searched_stamps)],
        )
        assert alone["shape"] == other["shape"]
        assert alone["snr"] == pytest.approx(other["snr"], rel=1e-4, nan_ok=True)
