"""Magnitudes of what is new or gone are those put in, whatever the PSF and wherever the zeropoint is from."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from image_pair_surveys import TIMES_MJD, ZEROPOINT, header_of, projection, read_night, render
from scipy.special import erf

from pipeline.errors import InputError
from pipeline.injection import inject_sources
from pipeline.psf import Moffat, build_psf, find_psf_stars
from pipeline.surveys.base import ExposureImages
from pipeline.surveys.difference_settings import DifferenceSettings, FrameProperties
from pipeline.surveys.exposures.aligned_exposure import aligned_exposure

SIDE, NUMBER, RIGHT = 300, 10, 0.02


def gaussian(fwhm_pixel):
    """Return a Gaussian PSF, each pixel its exact integral."""
    edges = np.arange(-int(4 * fwhm_pixel), int(4 * fwhm_pixel) + 2) - 0.5
    width = fwhm_pixel / np.sqrt(4.0 * np.log(2.0))

    def psf(x_offset, y_offset):
        x, y = (np.diff(erf((edges - offset) / width)) / 2.0 for offset in (x_offset, y_offset))
        return np.outer(y, x)

    return psf


def moffat(beta, fwhm_pixel):
    return Moffat(fwhm_pixel=fwhm_pixel, beta=beta, size_pixel=2 * int(12 * fwhm_pixel) + 1)


def empirical(fwhm_pixel):
    """Return the effective PSF that stars show which are elongated and lopsided, with wings of their own."""
    size = 2 * int(12 * fwhm_pixel) + 1
    core = Moffat(fwhm_pixel=fwhm_pixel, ellipticity=0.15, angle_deg=30.0, size_pixel=size)
    wings = Moffat(fwhm_pixel=1.6 * fwhm_pixel, ellipticity=0.2, angle_deg=100.0, size_pixel=size)
    rng = np.random.default_rng(7)
    x, y = (np.mgrid[25:380:40, 25:380:40] + rng.uniform(-3, 3, (2, 9, 9))).reshape(2, -1)
    sky = rng.normal(100.0, 1.0, (400, 400)).astype(np.float32)
    image = inject_sources(
        sky,
        psf=lambda x, y: 0.75 * core(x, y) + 0.25 * wings(x + 0.25, y - 0.1),
        x_pixel=x,
        y_pixel=y,
        flux=np.full(len(x), 1e5),
        gain=10.0,
        rng=rng,
    )
    return build_psf(find_psf_stars(image), image.shape)


PSFS = {
    "gaussian": gaussian,
    "moffat 2.5": partial(moffat, 2.5),
    "moffat 3": partial(moffat, 3.0),
    "moffat 3.5": partial(moffat, 3.5),
    "moffat 4.5": partial(moffat, 4.5),
    "empirical": empirical,
}


def sources(seed=5):
    """Return the places and magnitudes of stars, of what is new and of what is gone."""
    rng = np.random.default_rng(seed)
    x, y = (np.mgrid[20 : SIDE - 15 : 32, 20 : SIDE - 15 : 32] + rng.uniform(-4, 4, (2, 9, 9))).reshape(2, -1)
    ra, dec = projection().all_pix2world(x, y, 0)
    rows = pd.DataFrame({"ra_deg": ra, "dec_deg": dec, "x_pixel": x, "y_pixel": y})
    rows = rows.sample(frac=1.0, random_state=seed, ignore_index=True)
    new, gone, stars = rows.iloc[:NUMBER], rows.iloc[NUMBER : 2 * NUMBER], rows.iloc[2 * NUMBER :]
    bright, all_of_them = ((12.5, 14.2), (12.0, 16.2))
    return [
        part.assign(magnitude=rng.uniform(*limits, len(part)))
        for part, limits in ((stars, all_of_them), (new, bright), (gone, bright))
    ]


def write(folder, psf, fwhm_pixel=2.6, template_fwhm_pixel=2.2, **cards):
    """Write one exposure and its template, all stars of which have a PSF; ``cards`` are of both."""
    stars, new, gone = sources()
    for path, more, width, seed in (
        ("science/e1.fits", new, fwhm_pixel, 1),
        ("templates/r.fits", gone, template_fwhm_pixel, 99),
    ):
        (folder / path).parent.mkdir(parents=True)
        pixels = render(projection(), pd.concat([stars, more]), psf=psf(width), seed=seed, side=SIDE)
        header = header_of(projection(), FWHM=width, **{"MJD-OBS": TIMES_MJD["e1"], **cards})
        fits.writeto(folder / path, pixels, header)
    stars.assign(magnitude=stars["magnitude"] + 1.5).to_csv(folder / "stars.csv", index=False)


def expect_right(rows, offset=0.0):
    """Magnitudes of bright sources of either sign have no median error of 0.02 or more."""
    _, *both = sources()
    for sign, put_in in zip((1, -1), both, strict=True):
        mine = rows[rows["flux_sign"] == sign]
        distance = np.hypot(
            *(np.subtract.outer(put_in[name].array, mine[name].array) for name in ("x_pixel", "y_pixel"))
        )
        nearest = distance.argmin(axis=1)
        assert (distance.min(axis=1) < 1.0).all()
        error = mine["magnitude"].to_numpy()[nearest] - put_in["magnitude"].to_numpy() - offset
        assert abs(np.median(error)) < RIGHT, (sign, np.median(error))


@pytest.mark.parametrize("name", PSFS)
def test_magnitudes_are_right_by_the_zeropoint_of_the_header_and_by_that_of_a_catalogue(
    image_pair_survey, tmp_path, name
):
    survey = image_pair_survey(write=partial(write, psf=PSFS[name]))
    rows, _, dropped, _ = read_night(survey)
    assert dropped.empty
    assert (rows["zeropoint"] == ZEROPOINT).all()
    expect_right(rows)
    known = {"catalogue": str(tmp_path / "pairs" / "stars.csv")}
    rows, *_ = read_night(image_pair_survey(input={"zeropoint": known}))
    np.testing.assert_allclose(rows["zeropoint"], ZEROPOINT + 1.5, atol=RIGHT)
    expect_right(rows, 1.5)


@pytest.mark.parametrize("name", PSFS)
def test_magnitudes_are_right_where_the_science_image_is_convolved(image_pair_survey, name):
    rows, *_ = read_night(
        image_pair_survey(write=partial(write, psf=PSFS[name], fwhm_pixel=2.4, template_fwhm_pixel=2.9))
    )
    expect_right(rows)


def share_within(psf, radius):
    """Return the share of a PSF's light within a radius, by counting parts of pixels."""
    stamp = psf(0.0, 0.0)
    y, x = np.indices(stamp.shape) - len(stamp) // 2
    fine = (np.arange(20) + 0.5) / 20 - 0.5
    inside = np.hypot(x[..., None, None] + fine, y[..., None, None] + fine[:, None]) < radius
    return (stamp * inside.mean(axis=(2, 3))).sum()


@pytest.mark.parametrize("name", ["gaussian", "moffat 2.5"])
def test_a_zeropoint_of_an_aperture_is_brought_to_the_whole_light(image_pair_survey, name):
    radius = 3.0
    # a source of 1 ADU within the aperture has more in all: it is brighter by the zeropoint of the whole light
    of_aperture = ZEROPOINT + 2.5 * np.log10(share_within(PSFS[name](2.6), radius))
    survey = image_pair_survey(
        write=partial(write, psf=PSFS[name], MAGZERO=of_aperture),
        difference={"science": {"zeropoint_radius_pixel": radius}},
    )
    rows, *_ = read_night(survey)
    np.testing.assert_allclose(rows["zeropoint"], ZEROPOINT, atol=RIGHT)
    expect_right(rows)


def test_so_is_that_of_a_template_and_one_that_is_given_is_left_as_it_is():
    rows, *_ = sources()
    pixels = render(projection(), rows, psf=gaussian(2.6), seed=3, side=SIDE)
    side = FrameProperties(zeropoint_radius_pixel=3.0)
    images = ExposureImages(
        exposure={"exposure_id": "e1"},
        science=pixels,
        template=pixels,
        science_header=header_of(None, FWHM=2.6),
        template_header=header_of(None, FWHM=2.6),
        difference=DifferenceSettings(alignment="none", science=side, template=side),
    )
    expected = ZEROPOINT - 2.5 * np.log10(share_within(gaussian(2.6), 3.0))
    frames = aligned_exposure(images).frames
    assert (frames.zeropoint, frames.template_zeropoint) == pytest.approx((expected, expected), abs=RIGHT)
    assert aligned_exposure(images, zeropoint=24.0).frames.zeropoint == 24.0


def test_an_image_whose_stars_show_no_psf_is_measured_with_a_moffat_profile_and_says_so(image_pair_survey, monkeypatch):
    def none(*_, **__):
        raise InputError("2 of 9 sources are usable stars, a profile takes 3")

    monkeypatch.setattr("pipeline.subtraction.flux_profile.fit_profile", none)
    rows, _, dropped, _ = read_night(image_pair_survey(write=partial(write, psf=PSFS["moffat 3"])))
    expect_right(rows)
    assert dropped["step"].tolist() == ["psf"]
    assert (
        "2 of 9 sources are usable stars, a profile takes 3): a Moffat profile of beta 3" in dropped["reason"].iloc[0]
    )
