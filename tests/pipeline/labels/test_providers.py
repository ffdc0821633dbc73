import numpy as np
import pandas as pd
import pytest

from pipeline.classes import BOGUS, REAL, UNLABELLED
from pipeline.errors import InputError
from pipeline.labels.providers import alike, near, near_movers, table_of, verdict

LABEL = np.array([REAL, UNLABELLED, BOGUS], np.int8)
ARCSEC = 1 / 3600


def test_who_says_nothing_has_neither_kind_nor_source():
    said = verdict(LABEL, np.array(["a", "b", "c"], object), np.array(["x", "y", "z"], object))
    assert said.kind.tolist() == ["a", "", "c"]
    assert said.source.tolist() == ["x", "", "z"]
    assert alike(LABEL, "mover", "skybot").kind.tolist() == ["mover", "", "mover"]


def test_a_table_that_lacks_a_column_says_which_and_what_is_there():
    tables = {"movers": pd.DataFrame({"ra_deg": [1.0]})}
    assert table_of(tables, "movers", ("ra_deg",), "t") is tables["movers"]
    with pytest.raises(InputError, match="labels 't': column 'dec_deg' is missing; there: ra_deg"):
        table_of(tables, "movers", ("ra_deg", "dec_deg"), "t")
    with pytest.raises(InputError, match="there: none"):
        table_of({}, "movers", ("ra_deg",), "t")


def places(*dec_arcsec, exposures=None):
    rows = pd.DataFrame({"ra_deg": 10.0, "dec_deg": [value * ARCSEC for value in dec_arcsec]})
    return rows if exposures is None else rows.assign(exposure_id=list(exposures))


def test_the_nearest_row_is_found_within_the_radius_alone():
    assert near(places(0.0, 10.0, 21.5), places(0.5, -0.2, 20.0), 1.0).tolist() == [1, -1, -1]
    assert near(places(0.0), places(), 1.0).tolist() == [-1]


def test_a_mover_counts_in_its_own_exposure_alone():
    movers = places(0.0, 0.0, exposures="ab")
    assert near_movers(places(0.1, 0.1, 0.1, exposures="bca"), movers, 1.0).tolist() == [True, False, True]
