import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.redshifts.photometric_features import PhotometricFeatures, measurements


def catalogue(n=200):
    magnitudes = np.random.default_rng(0).uniform(16, 19, (n, 3))
    return magnitudes, np.full((n, 3), 0.02)


def test_bright_asinh_magnitudes_are_the_ordinary_ones_but_for_a_constant():
    magnitudes, errors = catalogue()
    features = PhotometricFeatures.fit(magnitudes, errors, 1).apply(magnitudes, errors)
    assert features.shape == (200, 6)
    np.testing.assert_allclose(features[:, 1:3], magnitudes[:, :-1] - magnitudes[:, 1:], atol=0.01)
    assert np.ptp(features[:, 0] - magnitudes[:, 1]) < 0.01
    np.testing.assert_allclose(features[:, 3:], np.log10(0.02))


def test_a_flux_lost_in_the_noise_gives_no_wild_colour():
    magnitudes, _ = catalogue()
    fitted = PhotometricFeatures.fit(magnitudes, np.full((200, 3), 0.5), 1)
    faint = fitted.apply([[30.0, 18.0, 18.0], [33.0, 18.0, 18.0]], np.full((2, 3), 0.1))
    assert abs(faint[0, 1] - faint[1, 1]) < 0.01


def test_marks_for_missing_magnitudes_and_errors_are_missing():
    values, sizes = measurements([[99.0, -99.0, 20.0, 20.0, np.nan]], [[0.1, 0.1, 0.0, 0.1, 0.1]])
    assert np.isnan(values).tolist() == np.isnan(sizes).tolist() == [[True, True, True, False, True]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, e: PhotometricFeatures.fit(m, e[:, :2], 0), "both of one shape"),
        (lambda m, e: PhotometricFeatures.fit(m, e, 3), "reference band 3; allowed: 0 to 2"),
        (lambda m, e: PhotometricFeatures.fit(np.where([1, 1, 0], m, 99.0), e, 0), "band 2 has not one measured"),
        (lambda m, e: PhotometricFeatures.fit(m, e, 0).apply(m[:, :2], e[:, :2]), "2 bands; allowed: the 3"),
    ],
)
def test_what_gives_no_features_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call(*catalogue())
