import pandas as pd
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.labels.injected import InjectedLabels, injected_labels

ARCSEC = 1 / 3600


def found(make_rows, sources, **settings):
    candidates = make_rows("abc", exposure_id=["e1", "e1", "e2"], ra_deg=[10.0] * 3, dec_deg=[0.0, ARCSEC, 0.0])
    table = pd.DataFrame(sources, columns=["exposure_id", "ra_deg", "dec_deg"])
    return injected_labels(candidates, {"injected": table}, InjectedLabels(**settings))


def test_a_source_takes_the_nearest_candidate_of_its_exposure(make_rows):
    verdict = found(make_rows, [("e1", 10.0, 0.7 * ARCSEC)])
    assert verdict.label.tolist() == [-1, 1, -1]
    assert verdict.kind.tolist() == ["", "injected", ""]
    assert verdict.source.tolist() == ["", "injected", ""]


def test_no_source_takes_two_candidates_and_no_two_sources_take_one(make_rows):
    verdict = found(make_rows, [("e1", 10.0, 0.7 * ARCSEC), ("e1", 10.0, 0.9 * ARCSEC)])
    assert verdict.label.tolist() == [1, 1, -1]


def test_what_lies_farther_than_the_radius_is_not_taken(make_rows):
    assert found(make_rows, [("e2", 10.0, 1.5 * ARCSEC)]).label.tolist() == [-1, -1, 1]
    assert found(make_rows, [("e2", 10.0, 1.5 * ARCSEC)], radius_arcsec=1.0).label.tolist() == [-1, -1, -1]


def test_injected_sources_link_no_rows(make_rows):
    assert found(make_rows, [("e1", 10.0, 0.0), ("e2", 10.0, 0.0)]).group is None


def test_a_table_without_places_is_named(make_rows):
    with pytest.raises(InputError, match="labels 'fakes': column 'ra_deg' is missing"):
        injected_labels(
            make_rows("a"), {"injected": pd.DataFrame({"exposure_id": ["e"]})}, InjectedLabels(table="fakes")
        )


def test_a_radius_of_nothing_is_refused():
    with pytest.raises(SettingsError, match="radius_arcsec is 0"):
        InjectedLabels(radius_arcsec=0)
