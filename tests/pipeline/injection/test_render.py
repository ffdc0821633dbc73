"""Rendering keeps the negative parts of a PSF, follows a varying one, and refuses what means nothing."""

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.injection import flux_of, inject_sources, trail
from pipeline.psf import Moffat, PsfGrid, SampledPsf, moffat


def test_negative_parts_of_a_psf_are_not_cut_off_so_that_the_flux_stays():
    samples = moffat(3.0, 31) - 2e-4
    psf = SampledPsf(samples=samples)
    blank = np.zeros((61, 61), np.float32)
    sums = [
        inject_sources(
            blank, psf=psf, x_pixel=[30.0], y_pixel=[30.0], flux=[1e4], gain=2.0, rng=np.random.default_rng(seed)
        ).sum(dtype=float)
        for seed in range(100)
    ]
    assert np.mean(sums) == pytest.approx(1e4, rel=0.005)


def test_each_source_gets_the_psf_of_its_place():
    planes = np.array([[moffat(2.0, 25), moffat(5.0, 25)]])
    grid = PsfGrid(planes=planes, sampling=1.0, shape=(60, 200))
    injected = inject_sources(
        np.zeros((60, 200), np.float32),
        psf=grid, x_pixel=[30.0, 170.0], y_pixel=[30.0, 30.0], flux=[100.0, 100.0], gain=1.0, rng=None,
    )  # fmt: skip
    assert injected[30, 30] > 3.0 * injected[30, 170]


def test_a_callable_of_offsets_serves_as_psf():
    injected = inject_sources(
        np.zeros((9, 9), np.float32),
        psf=lambda *_: np.full((3, 3), 1.0 / 9.0), x_pixel=[4.2], y_pixel=[4.0], flux=[9.0], gain=1.0, rng=None,
    )  # fmt: skip
    assert injected[3:6, 3:6] == pytest.approx(1.0)
    assert injected.sum() == pytest.approx(9.0)


def test_an_absurd_brightness_is_refused():
    with pytest.raises(InputError, match="electrons; allowed: at most"):
        inject_sources(
            np.zeros((9, 9), np.float32),
            psf=Moffat(fwhm_pixel=3.0), x_pixel=[4], y_pixel=[4], flux=flux_of([-20.0], 30.0), gain=1.0, rng=None,
        )  # fmt: skip


@pytest.mark.parametrize("length", [-1.0, 2000.0, np.inf])
def test_a_trail_of_no_sensible_length_is_refused(length):
    with pytest.raises(InputError, match="allowed: 0 to 1000"):
        trail(Moffat(fwhm_pixel=3.0), 0.0, 0.0, length, 0.0)


def test_a_short_trail_is_nearly_a_point():
    psf = Moffat(fwhm_pixel=3.0)
    point, short = psf(0.2, 0.1), trail(psf, 0.2, 0.1, 0.05, 45.0)
    gap = (len(short) - len(point)) // 2
    assert np.abs(short[gap:-gap, gap:-gap] - point).sum() < 1e-3
    assert short.sum() == pytest.approx(1.0)
