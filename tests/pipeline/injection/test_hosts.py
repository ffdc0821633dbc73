import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.injection.hosts import catalogued_hosts, detected_hosts, find_hosts
from pipeline.psf import Moffat

FWHM, SIDE = 3.0, 220


@pytest.fixture
def mixed_field():
    """Return an image of stars in its left half and galaxies of three times their width in its right."""
    rng = np.random.default_rng(1)
    image = rng.normal(100.0, 2.0, (SIDE, SIDE))
    for row in range(4):
        for column, fwhm in enumerate((FWHM, FWHM, 3 * FWHM, 3 * FWHM)):
            y, x = 30 + 50 * row, 30 + 50 * column
            image[y - 20 : y + 21, x - 20 : x + 21] += 2e4 * Moffat(fwhm_pixel=fwhm, size_pixel=41)(0.0, 0.0)
    return image.astype(np.float32)


def test_galaxies_are_hosts_and_stars_are_not(mixed_field):
    found = find_hosts(mixed_field, FWHM)
    assert len(found) == 8
    assert (found[:, 0] > 120).all()
    radius = 3 * FWHM / 2  # half the light of a Moffat profile of beta 3 is within 0.63 FWHM
    assert found[:, 2] == pytest.approx(np.full(8, 0.63 * 2 * radius), rel=0.15)


def test_hosts_that_were_detected_have_no_names(mixed_field):
    hosts = detected_hosts(mixed_field, FWHM)
    assert hosts.host_id.tolist() == [""] * 8


def test_a_catalogue_gives_the_hosts_on_the_image():
    x = [-0.5, -0.6, 9.4, 9.5, np.nan, 4.0]
    hosts = catalogued_hosts((20, 10), x, [0.0] * 6, [1.0, 1.0, np.nan, 1.0, 1.0, 2.0], list("abcdef"))
    assert hosts.host_id.tolist() == ["a", "c", "f"]
    assert hosts.radius_pixel.tolist() == pytest.approx([1.0, np.nan, 2.0], nan_ok=True)
    assert len(catalogued_hosts((20, 10), [1.0], [19.5], [1.0], ["a"])) == 0


def test_a_catalogue_of_unequal_columns_is_refused():
    with pytest.raises(InputError, match="2 x, 1 y, 1 radii, 1 ids"):
        catalogued_hosts((9, 9), [1.0, 2.0], [1.0], [1.0], ["a"])
