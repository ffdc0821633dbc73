import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.expressions import float32
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.schema import CANDIDATE_COLUMNS
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.recipes.stamps import StampSimulation
from pipeline.stages.build_dataset import build_dataset
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.stages.simulate_stamps import simulate_stamps
from pipeline.surveys.candidate_columns import metadata_numbers

NIGHT = "2026-01-05"
ELONG = [1.1, -999.0, np.nan, np.inf, 1.5, 1.6]


def fetch(survey, path):
    job = NightJob(survey=survey, name="toy", night=NIGHT, manifest=survey.freeze(NIGHT), provenance={})
    fetch_cutouts(path, job)
    return path


def with_columns(frame):
    return frame.assign(elong=ELONG, nneg=[str(row) for row in range(5)] + [""])


def test_a_cutout_file_keeps_the_columns_that_the_survey_names(alert_survey, tmp_path):
    survey = alert_survey(change=with_columns, metadata=["nneg", "elong"])
    with open_cutouts(fetch(survey, tmp_path / "c.h5")) as file:
        rows = file.candidates()
        assert file.header.metadata == ("elong", "nneg")
    assert set(rows) == {*CANDIDATE_COLUMNS, "elong", "nneg"}
    np.testing.assert_array_equal(rows["elong"], np.float32([1.1, np.nan, np.nan, np.nan, 1.5]))
    assert rows["nneg"].tolist() == [0, 1, 2, 3, 4]


def test_a_survey_that_names_none_gives_the_file_that_it_gave(alert_survey, tmp_path):
    plain = fetch(alert_survey(folder=tmp_path / "a"), tmp_path / "a.h5")
    others = fetch(alert_survey(folder=tmp_path / "b", change=with_columns), tmp_path / "b.h5")
    kept = fetch(alert_survey(folder=tmp_path / "c", change=with_columns, metadata=["elong"]), tmp_path / "c.h5")
    assert content_sha256(plain) == content_sha256(others) != content_sha256(kept)
    with open_cutouts(plain) as file:
        assert (file.header.metadata, list(file.candidates())) == ((), sorted(CANDIDATE_COLUMNS))


def test_packets_give_them_by_their_path(packet_survey, make_packet, tmp_path):
    packets = [make_packet(row, fwhm=2.0 + row) for row in range(5)]
    survey = packet_survey(packets, metadata=["candidate.fwhm", "candidate.roundness"])
    with open_cutouts(fetch(survey, tmp_path / "c.h5")) as file:
        rows = file.candidates().sort_values("candidate_id")
    assert rows["fwhm"].tolist() == [2.0, 3.0, 4.0, 5.0, 6.0]
    assert rows["roundness"].isna().all()
    assert any("no field candidate.roundness for 'roundness'" in fault for fault in survey.check())


def test_tables_give_theirs(table_survey, tmp_path):
    places = {"ra_deg": [150.0, 150.001], "dec_deg": [2.0, 2.001], "x_pixel": [10.0, 20.0], "y_pixel": [12.0, 8.0]}
    candidates = pd.DataFrame({"candidate_id": ["c1", "c2"], "exposure_id": "e1", **places, "elong": [1.25, None]})
    survey = table_survey(candidates, metadata=["elong"])
    with open_cutouts(fetch(survey, tmp_path / "c.h5")) as file:
        found = file.candidates().set_index("candidate_id")["elong"]
    assert found["c1"] == 1.25
    assert np.isnan(found["c2"])


def test_a_query_without_the_column_is_refused_before_anything_is_frozen(database_survey):
    with pytest.raises(InputError, match="query generic/candidates: column 'elong' is missing"):
        database_survey(metadata=["elong"]).freeze(NIGHT)


def test_an_absent_column_and_one_of_texts_are_named(alert_survey):
    with pytest.raises(InputError, match=r"column 'elong' is missing; there: .*candid"):
        alert_survey(metadata=["elong"]).freeze(NIGHT)
    survey = alert_survey(change=lambda frame: frame.assign(elong=["round"] * 6), metadata=["elong"])
    with pytest.raises(InputError, match="elong is 'round'; allowed: a number"):
        list(survey.read(NIGHT, survey.freeze(NIGHT)))


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (["snr"], "metadata names 'snr', which every cutout file has"),
        (["a b"], "metadata names 'a b'; allowed: names of letters"),
        (["elong", "candidate.elong"], "metadata names 'elong' twice"),
        (["elong", "candidate.split"], "metadata names 'split', by which something else is meant; allowed: not digest"),
        (["candidate.weight"], "metadata names 'weight', by which something else is meant"),
        (["row", "flux"], "metadata names 'row', .*metadata names 'flux', "),
    ],
)
def test_columns_that_cannot_be_are_refused(alert_survey, metadata, message):
    with pytest.raises(SettingsError, match=message):
        alert_survey(metadata=metadata)


def test_a_source_without_columns_of_its_own_refuses_them(stamp_survey):
    with pytest.raises(SettingsError, match=r"metadata is \['elong'\]; survey source 'stamp_set' has no columns"):
        stamp_survey(metadata=["elong"])


@pytest.fixture
def night(make_rows, make_cutouts, tmp_path):
    """A night of 40 triplets with a column of metadata."""

    def make(name, **header):
        ids = [f"{name}{row:02d}" for row in range(40)]
        given = {"night": [NIGHT] * 40, "label": np.arange(40) % 2, "label_source": ["eye"] * 40}
        rows = make_rows(ids, **given).assign(elong=np.arange(40, dtype=np.float32))
        pixels = np.random.default_rng(3).normal(100, 1, (40, 21, 21, 3))
        return make_cutouts(tmp_path / f"{name}.h5", rows, size=21, pixels=pixels, **header)

    return make


def build(path, sources):
    how = DatasetRecipe(survey="toy", nights=(NIGHT,), split=SplitSettings(minimum_groups=1))
    common = {"linked_within_arcsec": 0.0, "fold": 0, "fingerprint": "abc", "provenance": {}}
    build_dataset(path, sources=sources, recipe=how, **common)
    return path


def test_a_data_set_keeps_each_rows_own(night, tmp_path):
    with open_dataset(build(tmp_path / "d.h5", [night("a", metadata=("elong",))])) as dataset:
        for part in ("train", "validation", "test"):
            rows = dataset.candidates(part)
            assert len(rows)
            assert rows["elong"].tolist() == [int(name[1:]) for name in rows["candidate_id"]]


def test_files_with_other_columns_make_no_data_set(night, tmp_path):
    with pytest.raises(InputError, match=r"does not fit .*metadata=\(\), .* against .*metadata=\('elong',\)"):
        build(tmp_path / "d.h5", [night("a", metadata=("elong",)), night("b")])


def test_cutouts_that_were_made_here_have_none(night, tmp_path):
    recipe = SimulationRecipe(seed=1, stamps=StampSimulation(reals_per_cutout=0.5, bogus_per_cutout=0.5))
    job = NightJob(survey=None, name="toy", night=NIGHT, manifest={})
    simulate_stamps(tmp_path / "s.h5", job, recipe=recipe, cutouts=night("a", metadata=("elong",)))
    with open_cutouts(tmp_path / "s.h5") as file:
        assert len(file)
        assert file.candidates()["elong"].isna().all()


def test_a_column_of_times_is_no_column_of_numbers():
    rows = pd.DataFrame({"seen": pd.to_datetime(["2026-01-05", "2026-01-06"])})
    with pytest.raises(InputError, match=r"column 'seen' holds dates or times \(datetime64.*\); allowed"):
        metadata_numbers(rows, "seen")


def test_whole_numbers_that_lose_digits_are_warned_about_once_a_column(caplog, monkeypatch):
    monkeypatch.setattr(float32, "_WARNED", set())
    exact = pd.DataFrame({"counter": [2.0**24, 2**24 + 2, -999.0], "share": [0.1, 16777216.7, np.nan]})
    metadata_numbers(exact, "counter")
    metadata_numbers(exact, "share")
    assert not caplog.records
    ids = pd.DataFrame({"diaid": [2**24 + 1, 7, 2**53 + 2]})
    np.testing.assert_array_equal(metadata_numbers(ids, "diaid"), np.float32([2**24, 7, 2**53]))
    metadata_numbers(ids, "diaid")
    (record,) = caplog.records
    assert record.message == (
        "metadata column 'diaid': 2 of 3 values are whole numbers above 16777216 that float32 rounds, 16777217 to "
        "16777216 first; ids have no place among metadata"
    )
