import numpy as np
import pytest
from scipy.stats import norm

from pipeline.errors import InputError
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.zero_points import fit_zero_points

EDGES = np.linspace(0.0, 1.5, 151)
DUST = np.array([0.08, 0.05, -0.02])


def predict(magnitudes, errors):
    """Redshifts from two colours and, a little, the last magnitude; a third band that is missing widens."""
    colour = np.nan_to_num(magnitudes[:, 0] - magnitudes[:, 1], nan=0.5)
    other = np.nan_to_num(magnitudes[:, 1] - magnitudes[:, 2], nan=0.5)
    centre, width = np.where(magnitudes[:, 2] > 20, colour, other) + 0.05 * (magnitudes[:, 2] - 20), 0.03
    return BinnedPdfs.of_cumulative(EDGES, norm.cdf(EDGES[None, :], centre[:, None], width))


def catalogue(n=600):
    rng = np.random.default_rng(1)
    last = rng.uniform(19, 21, n)
    colours = rng.uniform(0.4, 0.9, (n, 2))
    magnitudes = np.column_stack([last + colours.sum(axis=1), last + colours[:, 1], last])
    redshift = np.where(last > 20, colours[:, 0], colours[:, 1]) + 0.05 * (last - 20) + rng.normal(0, 0.03, n)
    return magnitudes, np.full((n, 3), 0.02), redshift


@pytest.mark.replaces("4most", "M12")
def test_the_dust_of_other_sky_is_found_by_known_redshifts():
    magnitudes, errors, redshift = catalogue()
    found = fit_zero_points(predict, magnitudes - DUST, errors, redshift)
    seen = found.offset - DUST
    np.testing.assert_allclose([seen[0] - seen[1], seen[1] - seen[2]], 0.0, atol=0.01)  # of colours, far better known
    assert np.all(np.abs(seen) < 4 * found.deviation)
    assert found.gain > 1.0
    np.testing.assert_allclose(found.apply(magnitudes, errors), magnitudes + found.offset)


def test_what_was_not_measured_and_what_has_no_redshift_does_not_count():
    magnitudes, errors, redshift = catalogue()
    unused = np.column_stack([magnitudes - [*DUST], np.full(len(redshift), 22.0)])
    unused[3, 0], sizes, redshift[7] = 99.0, np.column_stack([errors, errors[:, 0]]), np.nan
    found = fit_zero_points(predict, unused, sizes, redshift)
    assert found.offset[3] == 0
    assert np.isnan(found.deviation[3])
    assert np.isnan(found.apply(unused, sizes)[3, 0])


def test_too_few_redshifts_and_other_bands_are_refused():
    magnitudes, errors, redshift = catalogue(149)
    with pytest.raises(InputError, match="149 known redshifts for 3 bands; allowed: at least 50 for each band"):
        fit_zero_points(predict, magnitudes, errors, redshift)
    with pytest.raises(InputError, match=r"\(2,\) redshifts for 149 galaxies"):
        fit_zero_points(predict, magnitudes, errors, [0.5, 0.6])
    fitted = fit_zero_points(predict, *catalogue(200))
    with pytest.raises(InputError, match="2 bands; allowed: the 3 that were fitted"):
        fitted.apply(magnitudes[:, :2], errors[:, :2])
