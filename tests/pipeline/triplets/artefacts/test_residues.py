import numpy as np
import pytest
from scipy import ndimage

from pipeline.triplets.artefacts.residues import leave, mismatch, shifted, smooth_field, structure, to_a_star
from pipeline.triplets.editing import DIFFERENCE, SCIENCE, TEMPLATE, distance, open_cutout

SIDE, SKY, NOISE = 41, 100.0, 4.0


def star(y, x, height=1000.0, width=1.2):
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return (height * np.exp(-0.5 * ((rows - y) ** 2 + (columns - x) ** 2) / width**2)).astype(np.float32)


def cutout_of(*stars):
    """Return a cutout of sky, with constant stars in science image and template."""
    rng = np.random.default_rng(1)
    triplet = rng.normal(SKY, NOISE, (SIDE, SIDE, 3)).astype(np.float32)
    triplet[..., DIFFERENCE] -= SKY
    for one in stars:
        triplet[..., SCIENCE] += one
        triplet[..., TEMPLATE] += one
    return open_cutout(triplet, rng)


def test_a_stamp_is_centred_on_a_star_of_its_template():
    cutout = cutout_of(star(14, 26))
    to_a_star(cutout, np.random.default_rng(0))
    template = ndimage.gaussian_filter(cutout.pixels[..., TEMPLATE], 1.0)
    assert np.unravel_index(template.argmax(), template.shape) == (20, 20)


def test_a_stamp_without_a_star_is_given_one_in_both_images():
    cutout = cutout_of()
    cutout.missing[20, 20] = True
    to_a_star(cutout, np.random.default_rng(0))
    for image in (SCIENCE, TEMPLATE):
        assert cutout.pixels[18:23, 18:23, image].max() > SKY + 10 * NOISE
    assert not cutout.missing[distance(cutout) <= 4].any()


def test_what_there_was_to_subtract_has_no_sky_and_little_noise():
    found = structure(cutout_of(star(20, 20)), np.random.default_rng(0))
    assert found[20, 20] == pytest.approx(1000.0, rel=0.03)
    assert np.median(found) == pytest.approx(0.0, abs=1.0)
    assert found[:8].std() < 0.9 * NOISE


def test_a_residual_is_left_at_its_height_in_science_image_and_difference():
    cutout = cutout_of()
    before = cutout.pixels.copy()
    leave(cutout, star(20, 20, height=7.0), np.random.default_rng(0), (30.0, 30.0))
    change = cutout.pixels - before
    peak = ndimage.uniform_filter(change[..., DIFFERENCE], 3).max()
    assert peak == pytest.approx(30.0 * cutout.noise[DIFFERENCE] / 2, rel=1e-3)
    np.testing.assert_allclose(change[..., SCIENCE], change[..., DIFFERENCE], atol=1e-3)
    assert not change[..., TEMPLATE].any()


@pytest.mark.parametrize("cause", [mismatch, shifted])
def test_a_wrong_kernel_and_a_wrong_place_leave_no_light_but_a_pattern(cause):
    left = cause(star(20, 20), np.random.default_rng(0))
    assert left.sum() == pytest.approx(0.0, abs=2.0)
    assert left.max() > 20.0
    assert left.min() < -20.0


def test_a_kernel_that_is_too_wide_leaves_a_hole_with_a_rim():
    left = mismatch(star(20, 20), np.random.default_rng(0))
    assert np.unravel_index(left.argmin(), left.shape) == (20, 20)


def test_a_shift_moves_the_light_by_as_much():
    image, rng = star(20, 20), np.random.default_rng(0)
    moved = image + shifted(image, rng, (0.6, 0.6))
    assert np.hypot(*(np.array(ndimage.center_of_mass(moved)) - 20)) == pytest.approx(0.6, abs=0.01)


def test_a_smooth_field_departs_by_1_at_most():
    smooth = smooth_field((64, 64), np.random.default_rng(0), 5.0)
    assert np.abs(smooth).max() == pytest.approx(1.0)
    assert np.diff(smooth, axis=0).std() < 0.2 * smooth.std()
