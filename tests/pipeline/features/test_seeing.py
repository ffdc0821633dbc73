import numpy as np
import pytest

from pipeline.cutouts.planes import PLANES
from pipeline.features.seeing import FEWEST, MOST_PSFS, typical_fwhm

CHANNELS = ("science", "template", "difference")


def field(fwhm, *, rows=40, side=31, stars=1.5, seed=0, galaxies=0.0, rays=0.0, saturation=np.inf):
    """Rows of stars over noise of 5, with galaxies of 1.3 to 3 times their width and cosmic rays."""
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:side, :side]
    out = np.empty((rows, side, side, 3), np.float32)
    for row in out:
        static = np.zeros((side, side))
        for wide in [1.0] * rng.poisson(stars) + list(rng.uniform(1.3, 3, rng.poisson(galaxies))):
            x, y = rng.uniform(0, side - 1, 2)
            sigma = wide * fwhm / 2.3548
            flux = 10 ** rng.uniform(2.7, 4.5) * fwhm
            static += flux * np.exp(-0.5 * ((xx - x) ** 2 + (yy - y) ** 2) / sigma**2) / (2 * np.pi * sigma**2)
        science, template = (np.minimum(static, saturation) + 150 + rng.normal(0, 5, (side, side)) for _ in range(2))
        for _ in range(rng.poisson(rays)):
            y, x = rng.integers(2, side - 3, 2)
            science[y, x : x + rng.integers(1, 3)] += rng.uniform(300, 5000)
        row[:] = np.stack([science, template, science - template], axis=-1)
    return out


@pytest.mark.parametrize("fwhm", [1.4, 2.2, 3.2, 4.4, 8.0])
@pytest.mark.parametrize("channels", [("science",), CHANNELS])
def test_the_width_of_the_stars_is_found(fwhm, channels):
    cutouts = field(fwhm, side=31 if fwhm < 4 else 63)[..., : len(channels)]
    assert typical_fwhm(cutouts, channels) == pytest.approx(fwhm, rel=0.03)


@pytest.mark.parametrize("fwhm", [1.5, 2.2, 4.4])
def test_galaxies_cosmic_rays_and_saturated_stars_do_not_count(fwhm):
    cutouts = field(fwhm, side=45, galaxies=1.5, rays=3.0, saturation=2500.0)
    assert typical_fwhm(cutouts, CHANNELS) == pytest.approx(fwhm, rel=0.08)


def test_missing_pixels_and_the_unit_of_the_flux_do_not_matter():
    cutouts = field(2.2) * np.float32(1e-3)
    cutouts[:, :4] = np.nan
    cutouts[0] = np.nan
    assert typical_fwhm(cutouts, CHANNELS) == pytest.approx(2.2, rel=0.05)


def test_without_enough_stars_it_is_not_known():
    noise = np.random.default_rng(1).normal(0, 1, (30, 31, 31, 3)).astype(np.float32)
    assert np.isnan(typical_fwhm(noise, CHANNELS))
    assert np.isnan(typical_fwhm(field(2.2, rows=FEWEST - 1), CHANNELS))
    assert np.isnan(typical_fwhm(field(2.2)[..., 2:], ("difference",)))
    assert np.isnan(typical_fwhm(noise[:0], CHANNELS))
    assert np.isnan(typical_fwhm(np.full((20, 31, 31, 3), np.nan, np.float32), CHANNELS))
    assert np.isnan(typical_fwhm(np.zeros((20, 1, 1, 3), np.float32), CHANNELS))


def test_cosmic_rays_alone_are_no_stars():
    assert np.isnan(typical_fwhm(field(2.2, stars=0, rays=4.0), CHANNELS))
    assert np.isnan(typical_fwhm(field(2.2, stars=0, rays=4.0)[..., :1], ("science",)))


def test_the_width_that_the_psfs_state_is_taken_where_there_are_any():
    """Stars of FWHM 2.2 stand in cutouts whose PSFs have 5.5 and, of every third, 4; of some nothing is known."""
    cutouts = np.concatenate([field(2.2, rows=3)] * (MOST_PSFS // 2), axis=0)
    planes = np.full((*cutouts.shape[:3], len(PLANES)), np.nan, np.float32)
    step = np.arange(31) - 15
    for row, fwhm in enumerate(np.where(np.arange(len(cutouts)) % 3, 5.5, 4.0)):
        square = (step[:, None] ** 2 + step[None] ** 2) / (fwhm / 2.3548) ** 2
        planes[row, ..., 3] = np.exp(-0.5 * square)
    planes[1, ..., 3] = np.nan
    whole = np.concatenate([cutouts, planes], axis=-1)
    assert typical_fwhm(whole, (*CHANNELS, *PLANES)) == pytest.approx(5.5, rel=0.02)
    planes[:] = np.nan
    unknown = np.concatenate([cutouts, planes], axis=-1)
    assert typical_fwhm(unknown, (*CHANNELS, *PLANES)) == typical_fwhm(cutouts, CHANNELS)
