"""Labels by position from a catalogue with classes."""

import logging

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.labels import parse_chain
from pipeline.labels.catalogues import CatalogueLabels, catalogue_labels

ARCSEC = 1 / 3600
CLASSES = {"SN Ia": "real", "artefact": "bogus"}


def verdict_of(make_rows, entries, times=(61000.0,) * 3, **settings):
    candidates = make_rows("abc", ra_deg=[10.0, 0.0, 20.0], dec_deg=[60.0, 0.0, 0.0], time_mjd=list(times))
    return catalogue_labels(candidates, {"catalogue": pd.DataFrame(entries)}, CatalogueLabels(**settings))


def test_a_class_is_the_label_that_the_settings_say_and_the_kind(make_rows):
    entries = {"ra_deg": [10.0, 0.0, 20.0], "dec_deg": [60.0, 0.0, 0.0], "class": [" sn ia ", "artefact", "CV"]}
    found = verdict_of(make_rows, entries, classes=CLASSES, source="TNS")
    assert found.label.tolist() == [1, 0, -1]
    assert found.kind.tolist() == ["sn ia", "artefact", ""]
    assert found.source.tolist() == ["TNS", "TNS", ""]
    assert verdict_of(make_rows, entries, classes=CLASSES, other="real").label.tolist() == [1, 0, 1]


def test_a_class_that_is_a_number_is_told_where_another_entry_has_none(make_rows):
    """A server's column of whole numbers with a NULL comes as floats."""
    entries = {"ra_deg": [10.0, 0.0, 20.0], "dec_deg": [60.0, 0.0, 0.0], "class": [1.0, 2.0, np.nan]}
    assert verdict_of(make_rows, entries, classes={"1": "real", "2": "bogus"}).label.tolist() == [1, 0, -1]


@pytest.mark.parametrize(("radius", "label"), [(1.1, 1), (0.9, -1)])
def test_the_radius_is_measured_on_the_sphere(make_rows, radius, label):
    entries = {"ra_deg": [10.0 + 2.0 * ARCSEC], "dec_deg": [60.0], "class": ["SN Ia"]}
    assert verdict_of(make_rows, entries, classes=CLASSES, radius_arcsec=radius).label[0] == label


def test_entries_of_different_labels_at_one_place_give_none_and_are_counted(make_rows, caplog):
    entries = {"ra_deg": [10.0, 10.0, 0.0, 0.0], "dec_deg": [60.0, 60.0, 0.0, 0.1 * ARCSEC],
               "class": ["SN Ia", "artefact", "SN Ia", "SN Ia"]}  # fmt: skip
    with caplog.at_level(logging.INFO):
        assert verdict_of(make_rows, entries, classes=CLASSES).label.tolist() == [-1, 1, -1]
    assert "1 of 3 candidates lie near entries of different labels" in caplog.text


def test_a_window_of_time_keeps_old_detections_of_the_place_out(make_rows, caplog):
    entries = {"ra_deg": [10.0, 0.0, 20.0], "dec_deg": [60.0, 0.0, 0.0], "class": ["SN Ia"] * 3}
    window = {"classes": CLASSES, "time_column": "found", "days_before": 5, "days_after": 100}
    times = {"found": ["2025-11-21 12:00:00", "61000.0", ""]}
    with caplog.at_level(logging.INFO):
        found = verdict_of(make_rows, entries | times, times=(61000.5 - 6, 61099.0, 61000.0), **window)
    assert found.label.tolist() == [-1, 1, -1]
    assert "1 of 3 entries have no time" in caplog.text
    inside = verdict_of(make_rows, entries | times, times=(61000.5 - 4, 61101.0, 61000.0), **window)
    assert inside.label.tolist() == [1, -1, -1]
    unknown = verdict_of(make_rows, entries | times, times=(np.nan, 61001.0, 61000.0), **window)
    assert unknown.label.tolist() == [-1, 1, -1]


@pytest.mark.parametrize("time", [61000.5, 2461001.0, "2025-11-21T12:00:00"])
@pytest.mark.parametrize("ending", ["csv", "parquet", "fits"])
def test_times_are_mjds_or_jds_or_dates_in_a_file_of_any_format(make_rows, tmp_path, time, ending):
    from astropy.table import Table

    from pipeline.surveys.label_tables import read_reference

    path = tmp_path / f"found.{ending}"
    entries = {"ra_deg": [10.0], "dec_deg": [60.0], "class": ["SN Ia"], "found": [time]}
    Table(entries).write(path, format="ascii.csv" if ending == "csv" else ending)
    asked = {"classes": CLASSES, "time_column": "found", "days_before": 1, "days_after": 1}
    link = parse_chain([{"provider": "catalogue", "catalogue": str(path), **asked}], "s.yaml")[0]
    (reference,) = link.reads.values()
    tables = {reference.key: read_reference(None, reference, "2026-01-05")}
    candidates = make_rows("ab", ra_deg=[10.0, 10.0], dec_deg=[60.0, 60.0], time_mjd=[61000.0, 61002.0])
    assert link.verdict(candidates, tables).label.tolist() == [1, -1]


def test_the_classes_of_a_survey_may_be_any(make_rows):
    candidates = make_rows("ab", ra_deg=[10.0, 20.0], dec_deg=[0.0, 0.0])
    link = parse_chain(
        [{"provider": "catalogue", "classes": {"E": "LRG", "HII": "ELG"}}], "s.yaml", ("x", "ELG", "LRG")
    )
    table = pd.DataFrame({"ra_deg": [10.0, 20.0], "dec_deg": [0.0, 0.0], "class": ["E", "HII"]})
    assert link[0].verdict(candidates, {"catalogue": table}).label.tolist() == [2, 1]
    with pytest.raises(SettingsError, match=r"classes.E is 'LRG'; allowed: .*real"):
        parse_chain([{"provider": "catalogue", "classes": {"E": "LRG"}}], "s.yaml")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "classes is empty and other is 'none'"),
        ({"classes": {"SN Ia": "real", "sn ia": "bogus"}}, "classes name 'SN Ia' and 'sn ia', which are one class"),
        ({"other": "real", "radius_arcsec": 0.0}, "radius_arcsec is 0.0; allowed: above 0"),
        ({"other": "real", "days_after": float("nan")}, "days_after is nan"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(SettingsError, match=words):
        CatalogueLabels(**settings)


def test_a_column_that_is_not_there_and_a_place_off_the_sky_are_named(make_rows):
    with pytest.raises(InputError, match="column 'type' is missing; there: ra_deg, dec_deg"):
        verdict_of(make_rows, {"ra_deg": [1.0], "dec_deg": [1.0]}, other="real", class_column="type")
    with pytest.raises(InputError, match=r"row 1 lies at 1.0, 91.0; allowed"):
        verdict_of(make_rows, {"ra_deg": [1.0], "dec_deg": [91.0], "class": [""]}, other="real")


def test_a_file_as_the_tns_exports_it_is_read(make_rows, tmp_path):
    from pipeline.surveys.label_tables import read_reference

    path = tmp_path / "tns.csv"
    path.write_text(
        "objid,name,ra,declination,type,discoverydate\n"
        '1,2026abc,10.0,60.0,SN Ia,"2025-11-21 10:00:00.000"\n2,2026abd,0.0,0.0,,"2025-11-21 12:00:00"\n'
    )
    asked = {"catalogue": str(path), "ra_column": "ra", "dec_column": "declination", "class_column": "type",
             "time_column": "discoverydate", "classes": CLASSES}  # fmt: skip
    link = parse_chain([{"provider": "catalogue", **asked}], "s.yaml")[0]
    (reference,) = link.reads.values()
    tables = {reference.key: read_reference(None, reference, "2026-01-05")}
    candidates = make_rows("ab", ra_deg=[10.0, 0.0], dec_deg=[60.0, 0.0], time_mjd=[61001.0, 61001.0])
    assert link.verdict(candidates, tables).label.tolist() == [1, -1]
