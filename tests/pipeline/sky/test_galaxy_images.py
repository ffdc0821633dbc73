"""Drawn galaxies: each class looks as its name says, measured from its pixels."""

import numpy as np
import pytest

from pipeline.sky.galaxy_images import KINDS, draw_galaxy_image

SIDE = 48


@pytest.fixture(scope="module")
def images():
    """Some images of each class, (n, y, x, colour)."""
    return {
        kind: np.stack([draw_galaxy_image(kind, SIDE, np.random.default_rng([place, 5])) for place in range(20)])
        for kind in KINDS
    }


def central(images):
    """Return the pixels within a quarter of the side, without most stars."""
    y, x = np.indices((SIDE, SIDE)) - SIDE // 2
    return np.where((np.hypot(y, x) < SIDE / 4)[..., None], images.astype(float), 0.0), y, x


def axis_ratios(images):
    """Return minor over major axis of the second moments."""
    light, y, x = central(images)
    weights = np.clip(light.sum(axis=-1) - 60.0, 0.0, None)
    total = weights.sum(axis=(1, 2))
    yy, xx, xy = ((weights * part).sum(axis=(1, 2)) / total for part in (y * y, x * x, x * y))
    spread = np.sqrt((yy - xx) ** 2 + 4 * xy**2)
    return np.sqrt((yy + xx - spread) / (yy + xx + spread))


def test_images_are_bytes_of_the_wanted_side_and_the_same_for_the_same_seed():
    image = draw_galaxy_image("barred", 33, np.random.default_rng(1))
    assert image.shape == (33, 33, 3)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, draw_galaxy_image("barred", 33, np.random.default_rng(1)))
    assert (image != draw_galaxy_image("barred", 33, np.random.default_rng(2))).any()


def test_the_galaxy_stands_in_the_middle(images):
    for kind, stack in images.items():
        light, y, x = central(stack)
        weights = light.sum(axis=(0, -1))
        assert abs((weights * y).sum() / weights.sum()) < 1.0, kind
        assert abs((weights * x).sum() / weights.sum()) < 1.0, kind


def test_galaxies_seen_from_their_side_are_the_flattest(images):
    ratios = {kind: np.median(axis_ratios(stack)) for kind, stack in images.items()}
    assert ratios["edge_on"] < 0.6
    assert ratios["edge_on"] < min(ratio for kind, ratio in ratios.items() if kind != "edge_on") - 0.1


def test_ellipticals_are_redder_than_spirals(images):
    colour = {kind: np.log(central(s)[0].sum(axis=(1, 2))[:, 0] / central(s)[0].sum(axis=(1, 2))[:, 2]).mean()
              for kind, s in images.items()}  # fmt: skip
    assert colour["elliptical"] > colour["spiral"] + 0.02
    assert colour["elliptical"] > colour["barred"]
