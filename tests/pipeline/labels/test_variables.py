import pandas as pd
import pytest

from pipeline.errors import SettingsError
from pipeline.labels.references import Reference
from pipeline.labels.variables import VariableLabels, variable_labels

ARCSEC = 1 / 3600


def matched(make_rows, stars, **settings):
    candidates = make_rows("abc", ra_deg=[10.0, 0.0, 359.9999], dec_deg=[60.0, 0.0, 0.0])
    table = pd.DataFrame(stars, columns=["ra_deg", "dec_deg"], dtype=float)
    return variable_labels(candidates, {"variables": table}, VariableLabels(**settings))


def test_a_candidate_on_a_catalogued_star_is_real(make_rows):
    verdict = matched(make_rows, [(10.0, 60.0 + 0.9 * ARCSEC)])
    assert verdict.label.tolist() == [1, -1, -1]
    assert verdict.kind.tolist() == ["variable", "", ""]


@pytest.mark.parametrize(("radius", "label"), [(1.1, 1), (0.9, -1)])
def test_the_radius_is_measured_on_the_sphere(make_rows, radius, label):
    star = (10.0 + 2.0 * ARCSEC, 60.0)  # 2 arcsec of right ascension are 1 arcsec at 60 degrees
    assert matched(make_rows, [star], radius_arcsec=radius).label[0] == label


def test_right_ascension_goes_round(make_rows):
    assert matched(make_rows, [(360.0, 0.0)]).label.tolist() == [-1, 1, 1]


def test_an_empty_catalogue_says_nothing(make_rows):
    assert matched(make_rows, []).label.tolist() == [-1, -1, -1]


def test_a_catalogue_file_is_read_by_its_own_column_names():
    settings = VariableLabels(catalogue="vsx.csv", ra_column="RAJ2000", dec_column="DEJ2000")
    columns = (("ra_deg", "RAJ2000"), ("dec_deg", "DEJ2000"))
    assert settings.reads() == {"variables": Reference(name="vsx.csv", kind="catalogue", columns=columns)}
    assert VariableLabels().reads() == {"variables": Reference(name="variables")}


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan")])
def test_a_radius_that_is_none_is_refused(radius):
    with pytest.raises(SettingsError, match="allowed: above 0"):
        VariableLabels(radius_arcsec=radius)
