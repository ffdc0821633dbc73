import numpy as np
import pytest

from pipeline.triplets.artefacts.light import anywhere, either, line, offsets, peak, write
from pipeline.triplets.editing import DIFFERENCE, SCIENCE, TEMPLATE, open_cutout

SIDE, NOISE = 41, 4.0


@pytest.fixture
def sky_stamp():
    """Return a cutout of nothing but sky with a noise of 4 in each image."""
    rng = np.random.default_rng(1)
    return open_cutout(rng.normal(100.0, NOISE, (SIDE, SIDE, 3)).astype(np.float32), rng)


def test_offsets_are_0_in_the_middle(sky_stamp):
    dy, dx = offsets(sky_stamp)
    assert (dy[20, 0], dx[0, 20]) == (0, 0)
    assert (dy[0, 0], dx[0, -1]) == (-20, 20)


def test_a_peak_is_in_units_of_the_noise_of_the_difference(sky_stamp):
    rng = np.random.default_rng(2)
    heights = np.array([peak(sky_stamp, rng, (5.0, 50.0)) for _ in range(2000)]) / sky_stamp.noise[DIFFERENCE]
    assert heights.min() == pytest.approx(5.0, rel=0.01)
    assert heights.max() == pytest.approx(50.0, rel=0.01)
    assert np.median(heights) == pytest.approx(np.sqrt(5.0 * 50.0), rel=0.1)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_as_many_are_positive_as_are_asked_for(share):
    rng = np.random.default_rng(3)
    signs = np.array([either(rng, share) for _ in range(4000)])
    assert set(signs) <= {1.0, -1.0}
    assert (signs > 0).mean() == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(("template_share", "image", "sign"), [(0.0, SCIENCE, 1.0), (1.0, TEMPLATE, -1.0)])
def test_light_of_the_template_is_negative_in_the_difference(sky_stamp, template_share, image, sign):
    light = np.zeros((SIDE, SIDE), np.float32)
    light[20, 20] = 1000.0
    before = sky_stamp.pixels.copy()
    write(sky_stamp, light, np.random.default_rng(4), template_share)
    added = sky_stamp.pixels - before
    np.testing.assert_allclose(added[..., image], light, atol=1e-3)
    assert added[..., DIFFERENCE].sum() == pytest.approx(sign * 1000.0, rel=1e-3)
    assert not added[..., SCIENCE + TEMPLATE - image].any()


def test_half_the_stamps_stay_where_they_are(sky_stamp):
    moved = 0
    for seed in range(60):
        before = sky_stamp.pixels
        anywhere(sky_stamp, np.random.default_rng(seed))
        moved += sky_stamp.pixels is not before
    assert 18 <= moved <= 42


@pytest.mark.parametrize("angle", [0.0, 0.7, np.pi / 2])
def test_a_line_runs_along_its_angle_through_the_middle(sky_stamp, angle):
    for seed in range(20):
        drawn = line(sky_stamp, np.random.default_rng(seed), angle, 0.8, whole_share=1.0)
        dy, dx = offsets(sky_stamp)
        across = np.broadcast_to(-np.sin(angle) * dx + np.cos(angle) * dy, drawn.shape)
        assert abs(np.average(across, weights=np.abs(drawn))) < 1.5
        assert np.abs(drawn[np.abs(across) > 6]).max() < 1e-6


def test_a_line_that_ends_ends_within_its_length(sky_stamp):
    drawn = line(sky_stamp, np.random.default_rng(5), 0.0, 0.8, length=(4, 5), whole_share=0.0)
    _, dx = offsets(sky_stamp)
    far = np.broadcast_to(np.abs(dx) > 14, drawn.shape)
    assert drawn[far].max() < 0.01
    assert drawn.max() > 0.3
