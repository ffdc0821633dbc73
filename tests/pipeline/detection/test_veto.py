"""What stands on a catalogued object is vetoed, and nothing else."""

import logging

import numpy as np
import pytest

from pipeline.detection.veto import veto_known
from pipeline.errors import InputError


def veto(ra, dec, catalogue, radius=2.0):
    catalogue_ra, catalogue_dec = np.array(catalogue, float).reshape(-1, 2).T
    return veto_known(ra, dec, catalogue_ra_deg=catalogue_ra, catalogue_dec_deg=catalogue_dec, radius_arcsec=radius)


def test_two_detections_on_one_object_are_both_vetoed():
    found = veto([10.0, 10.0, 11.0], [0.0, 1 / 3600, 0.0], [(10.0, 0.5 / 3600), (200.0, 5.0)])
    assert found.vetoed.tolist() == [True, True, False]
    assert found.row.tolist() == [0, 0, -1]
    np.testing.assert_allclose(found.separation_arcsec[:2], 0.5, rtol=1e-3)
    assert np.isinf(found.separation_arcsec[2])


def test_the_radius_is_inclusive_and_works_across_zero_hours():
    assert veto([359.9999], [0.0], [(0.0001, 0.0)], 0.72).vetoed.all()
    assert not veto([359.9999], [0.0], [(0.0001, 0.0)], 0.71).vetoed.any()


def test_an_empty_catalogue_vetoes_nothing_and_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        assert not veto([10.0], [0.0], []).vetoed.any()
    assert "catalogue is empty" in caplog.text


def test_a_position_that_is_no_number_is_not_vetoed():
    assert veto([np.nan, 10.0], [0.0, 0.0], [(10.0, 0.0)]).vetoed.tolist() == [False, True]


def test_a_negative_radius_is_refused():
    with pytest.raises(InputError, match="at least 0"):
        veto([1.0], [1.0], [(1.0, 1.0)], -1.0)
