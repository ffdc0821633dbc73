"""Detections of both signs, where and as bright as what was put in."""

import numpy as np
import pytest

from pipeline.detection.detect import DETECTION_COLUMNS, DetectionFlag, DetectionSettings, detect, score_image
from pipeline.errors import InputError
from pipeline.injection import inject_sources
from pipeline.psf import Moffat

SIGMA, FWHM, ZEROPOINT = 10.0, 3.0, 25.0


def difference(sources=(), seed=0, size=200):
    image = np.random.default_rng(seed).normal(0.0, SIGMA, (size, size)).astype(np.float32)
    x, y, flux = np.array(sources, dtype=float).reshape(-1, 3).T
    return inject_sources(image, psf=Moffat(fwhm_pixel=FWHM), x_pixel=x, y_pixel=y, flux=flux, gain=1.0, rng=None)


def search(image, **changes):
    noise = np.full(image.shape, SIGMA, np.float32)
    return detect(image, noise, **{"fwhm_pixel": FWHM, "zeropoint": ZEROPOINT} | changes)


def test_sources_of_both_signs_are_found_where_they_are():
    found = search(difference([(50.3, 60.7, 3000.0), (120.5, 99.9, -3000.0)]))
    assert list(found.columns) == list(DETECTION_COLUMNS)
    assert {name: str(kind) for name, kind in found.dtypes.items()} == DETECTION_COLUMNS
    assert found["flux_sign"].tolist() == [1, -1]
    np.testing.assert_allclose(found["x_pixel"], [50.3, 120.5], atol=0.15)
    np.testing.assert_allclose(found["y_pixel"], [60.7, 99.9], atol=0.15)
    np.testing.assert_allclose(found["flux"], [3000.0, -3000.0], rtol=0.1)


def grid(flux):
    return [(x + 0.137 * (x % 7), y + 0.09 * (y % 11), flux) for x in range(20, 180, 20) for y in range(20, 180, 20)]


def test_magnitudes_have_no_bias_and_their_errors_are_right():
    tables = [search(difference(grid(2000.0), seed=seed)) for seed in range(5)]
    offsets = np.concatenate([table["magnitude"] - (ZEROPOINT - 2.5 * np.log10(2000.0)) for table in tables])
    errors = np.concatenate([table["magnitude_error"] for table in tables])
    assert len(offsets) >= 300
    assert abs(np.median(offsets)) < 0.03
    assert np.std(offsets / errors) == pytest.approx(1.0, abs=0.15)


def test_width_and_elongation_are_those_of_the_source():
    found = search(difference(grid(2e4)))
    assert found["fwhm_pixel"].median() == pytest.approx(FWHM, rel=0.15)
    assert found["elongation"].median() < 1.1
    image = difference()
    image[100, 60:75] += 2000.0
    trail = search(image).iloc[0]
    assert trail["elongation"] > 2.0
    spike = difference()
    spike[100, 60] += 2000.0
    assert search(spike)["fwhm_pixel"].iloc[0] < 0.5 * FWHM


def test_pure_noise_gives_next_to_nothing():
    assert len(search(difference(size=500))) <= 2


def test_completeness_crosses_half_at_the_threshold():
    noise_flux = SIGMA / np.sqrt((Moffat(fwhm_pixel=FWHM)(0.0, 0.0) ** 2).sum())
    shares = [len(search(difference(grid(snr * noise_flux), seed=3))) / 64 for snr in (3.0, 5.0, 8.0)]
    assert shares[0] < 0.3 < shares[1] < 0.9 < shares[2]


def test_missing_pixels_and_the_mask_hold_no_candidates():
    image = difference([(50.0, 50.0, 5e4), (150.0, 150.0, 5e4)])
    image[40:61, 40:61] = np.nan
    mask = np.zeros(image.shape, dtype=bool)
    mask[140:161, 140:161] = True
    assert search(image)["x_pixel"].round().tolist() == [150.0]
    found = search(image, mask=mask)
    assert not ((found["x_pixel"] - 150).abs() < 5).any()


def test_a_bad_column_does_not_cut_a_source_in_two():
    image = difference([(50.0, 50.0, 2e4), (101.5, 120.0, 2e4)])
    image[:, [50, 100]] = np.nan
    found = search(image)
    assert len(found) == 2
    np.testing.assert_allclose(found["x_pixel"], [50.0, 101.5], atol=0.3)
    np.testing.assert_allclose(found["flux"], 2e4, rtol=0.1)


def test_correlated_noise_raises_the_threshold_and_the_errors():
    image = difference([(50.0, 50.0, 500.0), (100.0, 100.0, 5000.0)])
    plain, correlated = search(image), search(image, correlation=2.0)
    assert len(plain) == 2
    assert len(correlated) == 1
    assert correlated["snr"].iloc[0] == pytest.approx(plain["snr"].iloc[1] / 2.0, rel=1e-4)


def test_the_threshold_is_a_setting():
    image = difference([(50.0, 50.0, 500.0)])
    assert len(search(image, settings=DetectionSettings(threshold_sigma=50.0))) == 0


def test_an_image_without_a_finite_pixel_has_no_candidates():
    empty = search(np.full((50, 50), np.nan, np.float32))
    assert len(empty) == 0
    assert list(empty.columns) == list(DETECTION_COLUMNS)


def test_shapes_and_widths_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="must share one shape"):
        detect(np.zeros((5, 5), np.float32), np.ones((4, 4), np.float32), fwhm_pixel=3.0, zeropoint=25.0)
    with pytest.raises(InputError, match="FWHM 0"):
        search(difference(), fwhm_pixel=0.0)


def test_flags_say_what_stands_in_the_way_of_a_measurement():
    image = difference([(50.0, 50.0, 5e4), (100.0, 2.0, 5e4), (150.0, 150.0, 5e4)])
    image[52, 52] = np.nan
    found = search(image)
    bits = {round(row.x_pixel): DetectionFlag(row.detection_flags) for row in found.itertuples()}
    assert bits[50] & DetectionFlag.MISSING_PIXELS
    assert bits[100] & DetectionFlag.AT_EDGE
    assert bits[150] == 0


def test_the_score_image_peaks_where_the_detection_is_as_significant():
    image = difference([(50.0, 60.0, 3000.0)])
    score = score_image(image, np.full(image.shape, SIGMA, np.float32), fwhm_pixel=FWHM)
    assert score[60, 50] == pytest.approx(search(image)["snr"].iloc[0], rel=0.1)
    assert np.std(score[100:]) == pytest.approx(1.0, abs=0.05)
