"""How two images lie to each other by their stars, and that images of unlike fields are refused, and soon."""

from unittest.mock import Mock

import astroalign
import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.injection import inject_sources
from pipeline.psf import Moffat
from pipeline.subtraction.star_pattern import star_map

SIZE = 500


def crowded(seed, shift=(0.0, 0.0), stars=900):
    """A crowded field; another seed is another field."""
    sky = np.random.default_rng(seed)
    x, y = sky.uniform(-20, SIZE + 20, (2, stars))
    light = inject_sources(
        np.full((SIZE, SIZE), 400.0, np.float32),
        psf=Moffat(fwhm_pixel=2.0),
        x_pixel=x + shift[0],
        y_pixel=y + shift[1],
        flux=10 ** sky.uniform(3.2, 4.8, stars),
        gain=1.0,
        rng=None,
    )
    pixels = np.random.default_rng(seed + 100).poisson(np.maximum(light, 0).astype(float)).astype(np.float32)
    return Frame(pixels=pixels, gain=1.0, read_noise=0.0, saturation=6e4, fwhm_pixel=2.0)


@pytest.fixture
def tried(monkeypatch):
    """How many sources `astroalign` was given each time, none of which it matched."""
    numbers = []

    def find_transform(source, target, max_control_points):
        numbers.append(max(len(source), len(target), max_control_points))
        raise astroalign.MaxIterError("nothing matches")

    monkeypatch.setattr(astroalign, "find_transform", find_transform)
    return numbers


def test_another_field_is_refused_before_triangles_take_minutes(tried):
    with pytest.raises(InputError, match=r"no pattern of stars is common .*\(nothing matches\): is it of this field"):
        star_map(crowded(1), crowded(2))
    assert len(tried) == 3
    assert max(tried) <= 75


def test_the_shift_is_voted_on_before_more_triangles_are_tried(tried):
    x, y = star_map(crowded(1), crowded(1, shift=(13.0, -8.0)))(np.array([200.0]), np.array([100.0]))
    assert (x[0], y[0]) == pytest.approx((213.0, 92.0), abs=0.05)
    assert tried == [50, 25]


def test_a_map_on_which_no_more_stars_agree_than_by_chance_is_refused(monkeypatch):
    unlike = SimilarityTransform(translation=(-17.0, -2.0)), ()
    monkeypatch.setattr(astroalign, "find_transform", Mock(return_value=unlike))
    with pytest.raises(InputError, match=r"only \d+ of \d+ stars agree .* chance alone brings \d+ together"):
        star_map(crowded(1), crowded(2))
