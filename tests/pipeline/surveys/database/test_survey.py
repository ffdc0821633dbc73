from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.cutouts.missing import Flag
from pipeline.errors import ChangedInputError, InputError, NightsiftError, SettingsError, TooMuchLostError
from pipeline.io.results.commit import commit
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.database import candidates as candidate_rows

NIGHT = "2026-01-05"
QUERY = (Path(__file__).resolve().parents[4] / "config/queries/generic/candidates.sql").read_text()


def fetch(survey, path, manifest=None):
    manifest = survey.freeze(NIGHT) if manifest is None else manifest
    options = {"name": "toy", "night": NIGHT, "manifest": manifest, "provenance": {}, "progress": lambda *_: None}
    commit(path, lambda scratch: fetch_cutouts(scratch, NightJob(survey=survey, **options)))
    return open_cutouts(path)


def reasons(file):
    dropped = file.table("dropped")
    return dict(zip(dropped["candidate_id"], dropped["reason"], strict=True))


def test_a_cutout_shows_the_place_of_its_candidate(database_survey, place_candidates, tmp_path):
    survey = database_survey(place_candidates({"a": ("e1", 10.2, 12.4), "b": ("e2", 20, 8)}))
    with fetch(survey, tmp_path / "c.h5") as file:
        assert file.candidates()["candidate_id"].tolist() == ["a", "b"]
        middle = file.pixels()[:, 2, 2, :]
    np.testing.assert_allclose(middle, [[1130] * 3, [2100] * 3], atol=3)


def with_signs(place_candidates, values):
    places = place_candidates({f"c{row}": ("e1", 10 + row, 12) for row in range(len(values))})
    return places.assign(flux_sign=pd.Series(list(values), dtype=object))


def test_every_spelling_of_a_sign_is_read_and_another_is_an_error(
    database_survey, place_candidates, sign_texts, tmp_path
):
    with fetch(database_survey(with_signs(place_candidates, sign_texts)), tmp_path / "c.h5") as file:
        assert file.candidates()["flux_sign"].tolist() == list(sign_texts.values())
    message = "query generic/candidates: column 'flux_sign' is 77; allowed: - -1 0 f false n"
    with pytest.raises(InputError, match=message):
        database_survey(with_signs(place_candidates, [1, 77]), folder=tmp_path / "other").freeze(NIGHT)


def test_a_servers_false_is_negative_and_its_null_not_known(database_survey, place_candidates, tmp_path):
    with fetch(database_survey(with_signs(place_candidates, [True, False, None])), tmp_path / "c.h5") as file:
        assert file.candidates()["flux_sign"].tolist() == [1, -1, 0]


def test_pixels_counted_from_one_are_moved(database_survey, place_candidates, tmp_path):
    survey = database_survey(place_candidates({"a": ("e1", 11, 13)}), pixel_origin=1)
    with fetch(survey, tmp_path / "c.h5") as file:
        rows = file.candidates()
        assert (rows["x_pixel"][0], rows["y_pixel"][0]) == (10, 12)
        np.testing.assert_allclose(file.pixels()[0, 2, 2, 0], 1130, atol=3)


def test_who_is_outside_or_nowhere_is_dropped_and_listed_and_the_border_is_flagged(
    database_survey, place_candidates, tmp_path
):
    where = {
        "inside": ("e1", 20, 20),
        "border": ("e1", 1, 20),
        "corner": ("e1", 0, 0),
        "outside": ("e1", -30, 20),
        "far": ("e1", 1e9, 20),
        "nowhere": ("e1", None, 20),
    }
    survey = database_survey(place_candidates(where), exposures=("e1",))
    with fetch(survey, tmp_path / "c.h5") as file:
        rows = file.candidates().set_index("candidate_id")
        assert sorted(rows.index) == ["border", "inside"]
        assert rows["edge_fraction"]["border"] == np.float32(0.2)
        assert rows["flags"]["border"] & Flag.EDGE
        assert not rows["flags"]["inside"] & Flag.EDGE
        assert reasons(file) == {
            "corner": "outside the image",
            "outside": "outside the image",
            "far": "outside the image",
            "nowhere": "position is not finite",
        }
        assert file.provenance["counts"] == {
            "in": 6, "kept": 2, "dropped": {"outside the image": 3, "position is not finite": 1},
        }  # fmt: skip


def test_the_share_outside_that_is_allowed_is_a_setting(database_survey, place_candidates, tmp_path):
    survey = database_survey(place_candidates({"corner": ("e1", 0, 0)}), exposures=("e1",), max_edge_fraction=0.7)
    with fetch(survey, tmp_path / "c.h5") as file:
        assert len(file) == 1


def test_a_truncated_image_loses_its_exposure_alone(database_survey, place_candidates, tmp_path):
    where = {"a": ("e1", 10, 10), "b": ("e2", 10, 10), "c": ("e2", 12, 10)}
    survey = database_survey(place_candidates(where), max_lost_fraction=0.5)
    file = survey.folder / "e2.fits"
    file.write_bytes(file.read_bytes()[:4000])
    with fetch(survey, tmp_path / "c.h5") as found:
        assert found.candidates()["candidate_id"].tolist() == ["a"]
        assert sorted(reasons(found)) == ["b", "c"]
        assert all(reason.startswith("exposure unusable: ") for reason in reasons(found).values())
        assert str(survey.folder) not in reasons(found)["b"]
        assert (found.provenance["exposures"], found.provenance["exposures_lost"]) == (2, 1)


def test_more_lost_than_allowed_fails_and_leaves_nothing(database_survey, tmp_path):
    survey = database_survey(max_lost_fraction=0.4)
    (survey.folder / "e2.fits").unlink()
    with pytest.raises(
        TooMuchLostError, match=r"1 of 2 exposures are unusable; max_lost_fraction allows 0.4. .*e2.fits"
    ):
        fetch(survey, tmp_path / "c.h5")
    assert not list(tmp_path.glob("*.h5"))


def test_a_lost_exposure_without_candidates_is_listed_by_its_name(database_survey, place_candidates, tmp_path):
    survey = database_survey(place_candidates({"a": ("e1", 10, 10)}), max_lost_fraction=1.0)
    (survey.folder / "e2.fits").write_bytes(b"nonsense")
    with fetch(survey, tmp_path / "c.h5") as found:
        assert list(reasons(found)) == ["e2"]


def test_an_image_that_changed_or_vanished_after_freezing_is_refused(database_survey, tmp_path):
    survey = database_survey()
    manifest = survey.freeze(NIGHT)
    image = survey.folder / "e1.fits"
    image.write_bytes(image.read_bytes() + b"\0" * 2880)
    with pytest.raises(
        NightsiftError,
        match=r"night 2026-01-05: e1.fits changed since the night was frozen .*; use `nightsift refetch`",
    ):
        fetch(survey, tmp_path / "c.h5", manifest)
    image.unlink()
    with pytest.raises(NightsiftError, match=r"e1.fits changed"):
        list(survey.images(NIGHT, manifest))


def test_a_candidate_that_came_after_freezing_is_noticed(database_survey, place_candidates, tmp_path):
    manifest = database_survey(place_candidates({"a": ("e1", 10, 10)})).freeze(NIGHT)
    later = database_survey(place_candidates({"a": ("e1", 10, 10), "b": ("e1", 12, 10)}))
    with pytest.raises(
        ChangedInputError,
        match=r"query generic/candidates changed .* \(1 rows then, 2 rows now\); use `nightsift refetch`",
    ):
        fetch(later, tmp_path / "c.h5", manifest)


def test_a_row_without_template_has_that_channel_missing_and_a_flag(database_survey, tmp_path):
    import sqlite3
    from contextlib import closing

    survey = database_survey()
    with closing(sqlite3.connect(survey.folder / "survey.sqlite")) as connection, connection:
        connection.execute("UPDATE exposures SET template_path = NULL WHERE exposure_id = 'e1'")
    with fetch(survey, tmp_path / "c.h5") as file:
        rows, pixels = file.candidates(), file.pixels()
    without = (rows["flags"].to_numpy() & int(Flag.NO_TEMPLATE)) > 0
    assert rows["exposure_id"][without].unique().tolist() == ["e1"]
    assert np.isnan(pixels[without, :, :, 1]).all()
    assert np.isfinite(pixels[without][..., [0, 2]]).all()


def test_an_exposure_without_science_image_is_lost(database_survey, tmp_path):
    import sqlite3
    from contextlib import closing

    survey = database_survey(max_lost_fraction=1.0)
    with closing(sqlite3.connect(survey.folder / "survey.sqlite")) as connection, connection:
        connection.execute("UPDATE exposures SET science_path = NULL, saturation = NULL WHERE exposure_id = 'e1'")
    with fetch(survey, tmp_path / "c.h5") as file:
        assert set(file.candidates()["exposure_id"]) == {"e2"}
        assert "names no image of channel 'science'" in reasons(file)["c1"]


def test_saturated_pixels_are_flagged_and_an_unknown_level_flags_nobody(database_survey, tmp_path):
    import sqlite3
    from contextlib import closing

    survey = database_survey()
    with closing(sqlite3.connect(survey.folder / "survey.sqlite")) as connection, connection:
        connection.execute("UPDATE exposures SET saturation = CASE exposure_id WHEN 'e1' THEN 1150 ELSE NULL END")
    with fetch(survey, tmp_path / "c.h5") as file:
        rows = file.candidates().set_index("candidate_id")
    assert [bool(rows["flags"][name] & Flag.SATURATED) for name in ("c1", "c2", "c3")] == [True, False, False]


@pytest.fixture
def survey_with(database_survey, own_queries):
    """Return a function that opens a survey whose query gives other rows than its table holds."""

    def make(query):
        own_queries(candidates=query)
        return database_survey()

    return make


def test_the_same_candidate_twice_is_an_error(survey_with, tmp_path):
    survey = survey_with(f"{QUERY} UNION ALL {QUERY} AND c.candidate_id = 'c1'")
    with pytest.raises(InputError, match=r"query generic/candidates: candidate_id 'c1' appears twice$"):
        fetch(survey, tmp_path / "c.h5")


def test_a_candidate_in_two_exposures_is_an_error(survey_with, tmp_path):
    again = QUERY.replace("c.exposure_id, c.ra_deg", "'e9', c.ra_deg")
    survey = survey_with(f"{QUERY} UNION ALL {again} AND c.candidate_id = 'c1'")
    message = "query generic/candidates: candidate_id 'c1' appears twice, in exposures 'e1' and 'e9'"
    with pytest.raises(InputError, match=message):
        fetch(survey, tmp_path / "c.h5")


def test_ids_whose_hashes_agree_are_no_error(database_survey, tmp_path, monkeypatch):
    monkeypatch.setattr(candidate_rows, "id_hashes", lambda names: np.zeros(len(names), np.uint64))
    with fetch(database_survey(), tmp_path / "c.h5") as file:
        assert len(file) == 3


def test_a_candidate_without_an_id_is_an_error(survey_with, tmp_path):
    survey = survey_with(QUERY.replace("SELECT c.candidate_id", "SELECT NULLIF(c.candidate_id, 'c1') AS candidate_id"))
    with pytest.raises(InputError, match="query generic/candidates: 1 rows have no candidate_id"):
        fetch(survey, tmp_path / "c.h5")


def test_a_number_that_is_none_is_named(survey_with, tmp_path):
    survey = survey_with(QUERY.replace("c.ra_deg", "CASE c.candidate_id WHEN 'c2' THEN 'east' END AS ra_deg"))
    message = "query generic/candidates: column 'ra_deg' of candidate_id 'c2' is 'east'; allowed: a number"
    with pytest.raises(InputError, match=message):
        fetch(survey, tmp_path / "c.h5")


@pytest.mark.parametrize("condition", ["", " AND 1 = 0"])
@pytest.mark.parametrize("column", ["x_pixel", "exposure_id", "candidate_id"])
def test_a_missing_column_is_named(survey_with, tmp_path, column, condition):
    survey = survey_with(QUERY.replace(f"c.{column}, ", "") + condition)
    with pytest.raises(InputError, match=f"query generic/candidates: column '{column}' is missing; there: "):
        fetch(survey, tmp_path / "c.h5")


def test_candidates_of_no_exposure_are_listed(survey_with, tmp_path):
    exposure = "CASE c.candidate_id WHEN 'c1' THEN 'e0' WHEN 'c3' THEN NULL ELSE c.exposure_id END AS exposure_id"
    survey = survey_with(QUERY.replace("c.exposure_id, c.ra_deg", f"{exposure}, c.ra_deg"))
    with fetch(survey, tmp_path / "c.h5") as file:
        assert reasons(file) == {"c1": "exposure unknown", "c3": "exposure unknown"}
        assert file.candidates()["candidate_id"].tolist() == ["c2"]
        assert file.provenance["exposures"] == 2


def test_labels_of_the_chain_stand_in_the_file(database_survey, tmp_path):
    tables = {
        "eyeballs": pd.DataFrame({"candidate_id": ["c1"], "label": [0], "judged_at": ""}),
        "movers": pd.DataFrame({"mover_id": ["m1"], "exposure_id": ["e1"], "ra_deg": [2.0], "dec_deg": [0.0]}).assign(
            time_mjd=0.0, magnitude=20.0
        ),
    }
    chain = [{"provider": "list", "table": "eyeballs"}, {"provider": "mover"}]
    with fetch(database_survey(tables=tables, labels=chain), tmp_path / "c.h5") as file:
        rows = file.candidates().set_index("candidate_id")
    assert rows["label"].to_dict() == {"c1": 0, "c2": 1, "c3": -1}
    assert rows["label_source"].to_dict() == {"c1": "eyeballs", "c2": "mover", "c3": ""}
    assert rows["group_id"]["c2"] == "mover m1"


def test_a_channel_without_a_place_is_refused_at_once(database_survey):
    with pytest.raises(SettingsError, match="hdus does not say where the image of channel 'template' is"):
        database_survey(
            input={"images": {"hdus": {"science": "science_path:SCIENCE", "difference": "difference_path:DIFFERENCE"}}}
        )


@pytest.mark.parametrize("place", ["science_path", "a:b:c"])
def test_a_place_that_is_none_is_refused(database_survey, place):
    with pytest.raises(SettingsError, match=r"hdus.science is .*allowed: a path column and an HDU"):
        database_survey(input={"images": {"hdus": {"science": place}}}, channels=["science"])


def test_check_names_every_fault(database_survey):
    survey = database_survey(
        input={"images": {"hdus": {"science": "science_path:SCI"}}, "tables": ["eyeballs", "colours"]},
        channels=["science"],
    )
    assert any("unknown query of 'generic' 'colours'" in fault for fault in survey.check())
    survey = database_survey(input={"images": {"hdus": {"science": "science_path:SCI"}}}, channels=["science"])
    assert any("has no HDU 'SCI'" in fault for fault in survey.check())
    survey = database_survey(input={"images": {"hdus": {"science": "picture:SCIENCE"}}}, channels=["science"])
    (fault,) = survey.check()
    assert fault.startswith("hdus: the exposures have no column 'picture'; columns of exposures are those of the query")
