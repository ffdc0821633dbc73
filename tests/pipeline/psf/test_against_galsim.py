"""Injected sources against an independent rendering, GalSim's: flux and place, for every kind of PSF."""

import galsim
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.injection import inject_sources
from pipeline.psf import Moffat, PolynomialPsf, PsfGrid, SampledPsf, build_psf, find_psf_stars

SIZE = 121
PLACES = st.floats(55.0, 65.0)
FEW = settings(max_examples=15, deadline=None)


def profile(fwhm, beta=3.0, ellipticity=0.0, angle=0.0):
    """GalSim's Moffat; its shear keeps the area, as ours does."""
    shear = galsim.Shear(q=1.0 - ellipticity, beta=angle * galsim.degrees)
    return galsim.Moffat(beta=beta, fwhm=fwhm).shear(shear)


def samples(light, sampling, reach):
    """A PSF as PSFEx and effective PSFs give it: the profile seen by a pixel, every ``sampling`` pixels."""
    number = 2 * int(reach / sampling) + 1
    seen = galsim.Convolve(light, galsim.Pixel(1.0))
    return seen.drawImage(nx=number, ny=number, scale=sampling, method="sb").array.astype(float)


def rendered(light, x, y, flux, size=SIZE):
    offset = (x - (size - 1) / 2, y - (size - 1) / 2)
    return light.withFlux(flux).drawImage(nx=size, ny=size, scale=1.0, offset=offset).array.astype(float)


def injected(psf, x, y, flux, size=SIZE):
    blank = np.zeros((size, size), np.float32)
    injected = inject_sources(blank, psf=psf, x_pixel=[x], y_pixel=[y], flux=[flux], gain=1.0, rng=None)
    return injected.astype(float)


def moments(image, x, y, radius):
    rows, columns = np.indices(image.shape)
    light = np.where(np.hypot(columns - x, rows - y) < radius, image, 0.0)
    return light.sum(), (light * columns).sum() / light.sum(), (light * rows).sum() / light.sum()


def assert_equal_sources(psf, light, fwhm, x, y, flux=2e4, size=SIZE):
    """Flux to 1 % and centroid to 0.05 pixel in an aperture of 10 FWHM; the fluxes are also those asked for."""
    ours = moments(injected(psf, x, y, flux, size), x, y, 5.0 * fwhm)
    theirs = moments(rendered(light, x, y, flux, size), x, y, 5.0 * fwhm)
    assert ours[0] == pytest.approx(theirs[0], rel=0.01)
    assert ours[0] == pytest.approx(flux, rel=0.01)
    assert ours[1:] == pytest.approx(theirs[1:], abs=0.05)
    assert ours[1:] == pytest.approx((x, y), abs=0.05)


@pytest.mark.replaces("gmadet", "O2")
@FEW
@given(PLACES, PLACES, st.floats(1.5, 5.0), st.floats(2.6, 5.0), st.floats(0.0, 0.4), st.floats(0.0, 180.0))
def test_a_moffat_source_is_that_of_galsim(x, y, fwhm, beta, ellipticity, angle):
    psf = Moffat(fwhm_pixel=fwhm, beta=beta, ellipticity=ellipticity, angle_deg=angle)
    light = profile(fwhm, beta, ellipticity, angle)
    assert_equal_sources(psf, light, fwhm, x, y)
    apart = np.abs(injected(psf, x, y, 1.0) - rendered(light, x, y, 1.0)).sum()
    assert apart < 0.02 + 2.0 * psf.wing_fraction


@pytest.mark.replaces("gmadet", "O2")
@FEW
@given(PLACES, PLACES, st.floats(2.0, 5.0), st.floats(0.25, 1.0), st.floats(0.0, 0.3))
@example(60.5, 59.5, 3.0, 1.3, 0.0)
@example(60.5, 60.5, 1.5, 0.3, 0.2)
def test_a_sampled_source_is_that_of_galsim_at_every_sampling_and_phase(x, y, fwhm, sampling, ellipticity):
    light = profile(fwhm, 3.0, ellipticity, 30.0)
    psf = SampledPsf(samples=3.7 * samples(light, sampling, 5.5 * fwhm), sampling=sampling)
    assert_equal_sources(psf, light, fwhm, x, y)


@pytest.mark.replaces("gmadet", "O2")
@FEW
@given(st.floats(45.0, 75.0), st.floats(45.0, 75.0), st.sampled_from([0.4, 0.7, 1.0]))
def test_a_source_of_a_psfex_model_is_that_of_galsim_at_its_place(x, y, sampling):
    narrow, wide = profile(2.5), profile(4.0, 3.0, 0.2, 60.0)
    first, second = samples(narrow, sampling, 20.0), samples(wide, sampling, 20.0)
    zero, scale = (61.0, 61.0), (100.0, 100.0)
    # half of each in the middle, more of the wide one towards larger x + 2 y
    planes = np.stack([(first + second) / 2.0, (second - first) / 2.0, second - first])
    psf = PolynomialPsf(planes=planes, sampling=sampling, degree=1, zero=zero, scale=scale)
    share = 0.5 + (x - 60.0) / 200.0 + (y - 60.0) / 100.0
    assert_equal_sources(psf, narrow * (1.0 - share) + wide * share, 4.0, x, y)


@pytest.mark.replaces("gmadet", "O2")
@FEW
@given(st.floats(45.0, 75.0), st.floats(45.0, 75.0), st.sampled_from([0.5, 1.0]))
def test_a_source_of_a_snapshot_grid_is_that_of_galsim_at_its_place(x, y, sampling):
    lights = [profile(2.5), profile(3.5)]
    left, right = (samples(light, sampling, 18.0) for light in lights)
    psf = PsfGrid(planes=np.array([[left, right]]), sampling=sampling, shape=(SIZE, SIZE))
    share = np.clip((x + 0.5) / SIZE * 2.0 - 0.5, 0.0, 1.0)
    assert_equal_sources(psf, lights[0] * (1.0 - share) + lights[1] * share, 3.5, x, y)


def starfield(light, number=49, size=420, seed=0):
    """Stars of one profile on a noisy sky, each at a phase of its own."""
    rng = np.random.default_rng(seed)
    nodes = np.linspace(35, size - 35, round(np.sqrt(number)))
    image = galsim.Image(size, size, dtype=float, xmin=0, ymin=0)
    for x0, y0 in np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2):
        x, y = x0 + rng.uniform(-0.5, 0.5), y0 + rng.uniform(-0.5, 0.5)
        star = light.withFlux(rng.uniform(2e4, 1e5)).drawImage(
            nx=61, ny=61, scale=1.0, center=galsim.PositionD(x, y), dtype=float
        )
        both = star.bounds & image.bounds
        image[both] += star[both]
    return rng.poisson(image.array + 100.0).astype(np.float32)


@pytest.fixture(scope="module", params=[(2.0, 0.0), (3.2, 0.2)], ids=["narrow", "elliptic"])
def empirical(request):
    fwhm, ellipticity = request.param
    light = profile(fwhm, 3.0, ellipticity, 40.0)
    image = starfield(light)
    return build_psf(find_psf_stars(image), image.shape), light, fwhm


@pytest.mark.replaces("gmadet", "O2")
@FEW
@given(x=PLACES, y=PLACES)
def test_a_source_with_the_psf_of_the_stars_is_that_of_galsim(empirical, x, y):
    psf, light, fwhm = empirical
    assert psf.kind == "empirical"
    assert_equal_sources(psf, light, fwhm, x, y)
    assert np.abs(injected(psf, x, y, 1.0) - rendered(light, x, y, 1.0)).sum() < 0.1


def test_a_trail_is_the_source_drawn_along_a_line():
    light = profile(3.0)
    boxed = galsim.Convolve(light, galsim.Box(20.0, 1e-3).rotate(30.0 * galsim.degrees))
    blank = np.zeros((SIZE, SIZE), np.float32)
    injected = inject_sources(
        blank, psf=Moffat(fwhm_pixel=3.0), x_pixel=[60.3], y_pixel=[59.8], flux=[1e4], gain=1.0, rng=None,
        trail_pixel=[20.0], trail_angle_deg=[30.0],
    )  # fmt: skip
    theirs = rendered(boxed, 60.3, 59.8, 1e4)
    assert injected.sum(dtype=float) == pytest.approx(1e4, rel=1e-4)
    assert np.abs(injected - theirs).sum() < 0.02 * 1e4
    assert moments(injected.astype(float), 60.3, 59.8, 30.0)[1:] == pytest.approx((60.3, 59.8), abs=0.02)
