import numpy as np
import pytest

from models.inputs.image_sampling import LIKE, FeatureSampling, measured_fwhm, sampling_of
from pipeline.features.sampling import resampled_fwhm, sampling_factor


@pytest.mark.parametrize("fwhm", [2.0, 2.0 * LIKE * 0.99, 2.0 / LIKE * 1.01, np.nan])
def test_within_the_seeing_of_the_training_its_own_fwhm_holds(fwhm):
    assert sampling_of({"fwhm_pixel": 2.0}, fwhm) == FeatureSampling(fwhm_pixel=2.0)


@pytest.mark.parametrize(
    ("trained", "scored", "extent"), [(2.0, 4.4, 1.25**4), (4.4, 2.0, 1.25**-3.5), (4.4, 8.8, 1.25**3)]
)
def test_far_from_it_the_cutouts_are_resampled_and_as_much_sky_is_seen(trained, scored, extent):
    sampling = sampling_of({"fwhm_pixel": trained}, scored)
    assert sampling.extent == pytest.approx(extent)
    assert scored / trained == pytest.approx(extent, rel=0.15)
    factor = sampling_factor(sampling.fwhm_pixel)
    width = np.hypot(factor * scored, 0.68 * np.hypot(1, factor) if factor < 1 else 0)
    assert width == pytest.approx(resampled_fwhm(trained), rel=0.08)  # as the PSF of the training had it


@pytest.mark.parametrize("features", [None, {}, {"fwhm_pixel": None}])
def test_without_a_fwhm_of_the_training_nothing_is_resampled(features):
    sampling = sampling_of(features, 5.0)
    assert np.isnan(sampling.fwhm_pixel)
    assert sampling.extent == 1


def test_no_more_blocks_are_read_than_are_needed():
    def blocks():
        yield np.zeros((5, 9, 9, 1), np.float32)
        yield np.zeros((5, 9, 9, 1), np.float32)
        raise AssertionError("a block too many")

    assert np.isnan(measured_fwhm(blocks(), ("science",), most=8))
    assert np.isnan(measured_fwhm([], ("science",)))
