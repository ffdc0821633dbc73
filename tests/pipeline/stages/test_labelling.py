"""Labels and cleaning of a whole night: what reaches the cutout file, what is dropped, what fails."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.tables.catalogue_file import read_columns
from pipeline.labels import near, parse_chain
from pipeline.labels.cleaning import parse_cleaning
from pipeline.stages import labelling
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.labelling import Labeller
from pipeline.stages.night_job import NightJob
from pipeline.surveys.base import Batch

NIGHT = "2026-01-05"
LISTS = [{"provider": "list", "table": "eyeballs", "source": "eye"}]


def eyeballs(**labels):
    return pd.DataFrame({"candidate_id": list(labels), "label": list(labels.values()), "judged_at": ""})


def fetch(survey, path, ephemeris=None):
    manifest = survey.freeze(NIGHT)
    job = NightJob(survey=survey, name="toy", night=NIGHT, manifest=manifest)
    fetch_cutouts(path / "night.h5", job, ephemeris=ephemeris)
    with open_cutouts(path / "night.h5") as file:
        rows = file.candidates().set_index("candidate_id")[["label", "label_source"]].T.to_dict("list")
        dropped = file.table("dropped")[["candidate_id", "step", "reason"]].to_numpy().tolist()
        return rows, dropped, file.provenance["labelling"]


def labels_file(path, *rows, head="candidate_id,label"):
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.replaces("gotorb", "G4")
def test_a_file_labels_by_id_whatever_its_order(database_survey, tmp_path):
    file = labels_file(tmp_path / "m.csv", "c3,bogus", "c1,mp", head="photometry_id,verdict")
    entry = {"provider": "list", "table": "marshall", "file": file, "id_column": "photometry_id",
             "label_column": "verdict", "words": {"mp": "real", "bogus": "bogus"}}  # fmt: skip
    rows, _, counts = fetch(database_survey(labels=[entry]), tmp_path)
    assert rows == {"c1": [1, "marshall"], "c2": [-1, ""], "c3": [0, "marshall"]}
    assert counts == {"bogus by marshall": 1, "conflicts": 0, "real by marshall": 1, "unlabelled": 1}


@pytest.mark.replaces("gotorb", "G4")
def test_an_id_that_is_no_candidate_of_the_night_is_an_error_that_names_id_and_row(database_survey, tmp_path):
    file = labels_file(tmp_path / "m.csv", "c1,1", "c99,1")
    survey = database_survey(labels=[{"provider": "list", "table": "t", "file": file}])
    with pytest.raises(InputError, match=r"m.csv: row 3: candidate_id 'c99' is not a candidate of the night"):
        fetch(survey, tmp_path)


@pytest.mark.parametrize("id_column", ["id", "candidate_id"])
def test_labels_beside_the_candidates_are_found_by_the_files_name_of_the_id_and_by_ours(
    table_survey, tmp_path, id_column
):
    entry = {"provider": "list", "table": "judged", "id_column": id_column, "label_column": "human"}
    given = {"tables": {"judged": "candidates.csv"}, "columns": {"candidate_id": "id"}}
    survey = table_survey(input=given, labels=[entry])
    rows = pd.read_csv(survey.folder / "candidates.csv").rename(columns={"candidate_id": "id"})
    rows.assign(human=["real", "bogus", None]).to_csv(survey.folder / "candidates.csv", index=False)
    assert fetch(survey, tmp_path)[0] == {"c1": [1, "judged"], "c2": [0, "judged"], "c3": [-1, ""]}


@pytest.mark.parametrize("labels", [[], LISTS])
def test_a_column_of_labels_that_nothing_reads_is_a_fault(table_survey, labels):
    survey = table_survey(input={"columns": {"label": "human"}}, labels=labels)
    assert any("columns.label is 'human', which nothing reads" in said for said in survey.check()) == (not labels)


def test_a_file_of_all_nights_may_name_others(database_survey, tmp_path):
    file = labels_file(tmp_path / "m.csv", "c1,1", "c99,1")
    entry = {"provider": "list", "table": "t", "file": file, "unknown_ids": "ignore"}
    assert fetch(database_survey(labels=[entry]), tmp_path)[0]["c1"] == [1, "t"]


@pytest.mark.parametrize(("names", "warned"), [(("c98,1", "c99,1"), True), (("c1,1", "c99,1"), False)])
def test_a_file_of_all_nights_that_matches_no_row_is_warned_of(database_survey, tmp_path, caplog, names, warned):
    file = labels_file(tmp_path / "m.csv", *names)
    entry = {"provider": "list", "table": "t", "file": file, "unknown_ids": "ignore"}
    fetch(database_survey(labels=[entry]), tmp_path)
    assert ("m.csv: 2 rows, and none is of a candidate of the night" in caplog.text) == warned


MOVER = {"mover_id": ["m"], "ra_deg": [0.0], "dec_deg": [80.0], "magnitude": [18.0]}


@pytest.mark.parametrize(
    ("entry", "key", "table", "warned"),
    [
        ("list", "eyeballs", eyeballs(c9=1), True),
        ("list", "eyeballs", eyeballs(c1=1, c9=1), False),
        ("mover", "movers", pd.DataFrame(MOVER | {"exposure_id": ["e9"]}), True),
        ("mover", "movers", pd.DataFrame(MOVER | {"exposure_id": ["e1"]}), False),
        ("teacher", "drb", pd.DataFrame({"candidate_id": ["3.0"], "score": [1.0]}), True),
        ("frames", "seen", pd.DataFrame({"candidate_id": ["c9"], "frames_seen": [1], "frames": [2]}), True),
        ("frames", "seen", pd.DataFrame({"candidate_id": ["c1"], "frames_seen": [1], "frames": [2]}), False),
    ],
)
def test_a_table_that_matches_no_row_is_warned_of_with_its_file(make_rows, caplog, entry, key, table, warned):
    chain = parse_chain([] if entry == "frames" else [{"provider": entry, "table": key}], "x.yaml")
    cleaning = parse_cleaning([{"cleaner": "cosmic_rays", "table": key}] if entry == "frames" else [], "x.yaml")
    labeller = Labeller(NIGHT, chain, cleaning, {key: table}, "stronger", {key: f"{key} in t.csv"})
    labeller.label(batch_of(make_rows, "c1", exposure_id=["e1"]))
    labeller.finish()
    said = f"night {NIGHT}: {key} in t.csv: {len(table)} rows, and none is of a"
    assert (said in caplog.text) == warned
    assert ("are the ids the same?" in caplog.text) == warned


@pytest.mark.parametrize(("exposure", "warned"), [("e9", True), ("e2", False)])
def test_a_file_of_flagged_exposures_that_matches_none_is_warned_of(
    database_survey, tmp_path, caplog, exposure, warned
):
    file = labels_file(tmp_path / "flagged.csv", exposure, head="exposure_id")
    fetch(database_survey(cleaning=[{"cleaner": "flagged_exposures", "catalogue": file}]), tmp_path)
    assert ("flagged.csv: 1 rows, and none is of an exposure with candidates" in caplog.text) == warned


def test_the_file_of_a_reference_table_is_named(alert_survey, tmp_path, caplog):
    survey = alert_survey(labels=[{"provider": "list", "table": "eyeballs"}])
    survey.table_files = lambda table, _: [tmp_path / f"{table}.csv"]
    survey.reference = lambda *_: eyeballs(z=1)
    fetch(survey, tmp_path)
    assert f"eyeballs in {tmp_path}/eyeballs.csv: 1 rows, and none is of a candidate" in caplog.text


def test_a_night_without_candidates_accuses_no_table(make_rows, caplog):
    labeller = Labeller(NIGHT, parse_chain(LISTS, "x.yaml"), (), {"eyeballs": eyeballs(a=1)}, "stronger")
    labeller.label(Batch(cutouts=np.zeros((0, 3, 3, 1), np.float32), candidates=make_rows([])))
    labeller.finish()
    assert "are the ids the same?" not in caplog.text


def test_an_id_whose_cutout_was_dropped_is_known(database_survey, place_candidates, tmp_path):
    candidates = place_candidates({"c1": ("e1", 10, 12), "c2": ("e1", 900, 8)})
    file = labels_file(tmp_path / "m.csv", "c1,1", "c2,1")
    survey = database_survey(candidates, labels=[{"provider": "list", "table": "t", "file": file}])
    rows, dropped, _ = fetch(survey, tmp_path)
    assert list(rows) == ["c1"]
    assert dropped == [["c2", "cut", "outside the image"]]


def test_a_night_without_its_own_file_fails(database_survey, tmp_path):
    entry = {"provider": "list", "table": "t", "file": str(tmp_path / "{night}.csv")}
    with pytest.raises(MissingInputError, match=r"no label file .*2026-01-05.csv"):
        fetch(database_survey(labels=[entry]), tmp_path)


def test_rows_on_which_providers_disagree_are_dropped_with_both_words(database_survey, tmp_path):
    file = labels_file(tmp_path / "m.csv", "c1,0", "c2,1")
    labels = [*LISTS, {"provider": "list", "table": "marshall", "file": file}]
    survey = database_survey(tables={"eyeballs": eyeballs(c1=1, c2=1)}, labels=labels, conflicts="drop")
    rows, dropped, counts = fetch(survey, tmp_path)
    assert sorted(rows) == ["c2", "c3"]
    assert dropped == [["c1", "label", "label conflict: eye says real, marshall says bogus"]]
    assert counts["conflicts"] == 1


def test_a_disagreement_fails_the_night_where_the_survey_says_so(database_survey, tmp_path):
    file = labels_file(tmp_path / "m.csv", "c1,0")
    labels = [*LISTS, {"provider": "list", "table": "marshall", "file": file}]
    survey = database_survey(tables={"eyeballs": eyeballs(c1=1)}, labels=labels, conflicts="error")
    with pytest.raises(InputError, match=r"candidate_id 'c1': label conflict: eye says real, marshall says bogus"):
        fetch(survey, tmp_path)


@pytest.mark.replaces("gotorb", "G11")
def test_what_filters_take_is_counted_and_listed_with_the_filter(database_survey, tmp_path):
    stars = labels_file(tmp_path / "stars.csv", "0.0,0.0", head="ra,dec")
    flagged = labels_file(tmp_path / "flagged.csv", "e2", head="image")
    cleaning = [
        {"cleaner": "variables", "catalogue": stars, "ra_column": "ra", "dec_column": "dec"},
        {"cleaner": "flagged_exposures", "catalogue": flagged, "exposure_column": "image", "keep": 0},
    ]
    survey = database_survey(tables={"eyeballs": eyeballs(c1=0, c2=0)}, labels=LISTS, cleaning=cleaning)
    rows, dropped, counts = fetch(survey, tmp_path)
    assert list(rows) == ["c2"]
    assert dropped == [["c1", "clean", "variables"], ["c3", "clean", "flagged_exposures"]]
    assert (counts["clean: variables"], counts["clean: flagged_exposures"]) == (1, 1)


def test_the_ephemeris_that_was_fetched_labels_movers(database_survey, tmp_path):
    ephemeris = pd.DataFrame(
        {"mover_id": ["7"], "exposure_id": ["e1"], "ra_deg": [2.0], "dec_deg": [0.0], "magnitude": [18.0]}
    )
    survey = database_survey(labels=[{"provider": "mover", "table": "ephemeris"}])
    assert fetch(survey, tmp_path, ephemeris)[0] == {"c1": [-1, ""], "c2": [1, "mover"], "c3": [-1, ""]}


def test_a_catalogue_without_a_position_is_named_with_its_row(database_survey, tmp_path):
    stars = labels_file(tmp_path / "stars.csv", "1,2", "3,", head="ra_deg,dec_deg")
    survey = database_survey(labels=[{"provider": "variable", "catalogue": stars}])
    with pytest.raises(InputError, match=r"stars.csv: row 2: a position is missing"):
        fetch(survey, tmp_path)


@pytest.mark.replaces("gotorb", "G11")
def test_a_real_catalogue_finds_the_variables_among_real_alerts(real_data):
    """The GCVS holds every alert that the broker found in it, a fifth of those called variable, and no others."""
    columns = {"ra_deg": "ra", "dec_deg": "dec"}
    stars = read_columns(real_data / "catalogues" / "gcvs_variables.parquet", columns)
    alerts = pd.read_parquet(
        real_data / "ztf_alerts" / "alerts.parquet", columns=["ra", "dec", "label_source", "fink_gcvs"]
    ).rename(columns={theirs: ours for ours, theirs in columns.items()})
    hit = pd.Series(near(alerts, stars, 1.5) >= 0)
    in_gcvs = alerts["fink_gcvs"].notna() & (alerts["fink_gcvs"] != "Unknown")
    share = hit.groupby(alerts["label_source"].fillna("")).mean()
    assert in_gcvs.sum() > 10
    assert hit[in_gcvs].all()
    assert 0.1 < share["var"] < 0.4
    assert (share[["spec", "sso", "eye"]] == 0).all()


def test_an_exposure_that_comes_in_parts_is_warned_of(make_rows, caplog):
    labeller = Labeller(NIGHT, parse_chain([{"provider": "bogus_draw"}], "x.yaml"), (), {}, "stronger")
    for name in "ab":
        rows = make_rows(name, exposure_id=["e1"])
        labeller.label(Batch(cutouts=np.zeros((1, 3, 3, 1), np.float32), candidates=rows))
    labeller.finish()
    assert "1 exposures came in several parts; rules that count per exposure saw each part separately" in caplog.text


def batch_of(make_rows, *names, **columns):
    rows = make_rows(list(names), **columns)
    return Batch(cutouts=np.zeros((len(rows), 3, 3, 1), np.float32), candidates=rows)


def test_the_first_batch_finds_every_fault_of_a_list_and_each_looks_up_its_own_rows(make_rows, monkeypatch):
    chain = parse_chain(LISTS, "x.yaml")
    seen = []
    joined = labelling.JoinedTable.rows_of
    monkeypatch.setattr(
        labelling.JoinedTable, "rows_of", lambda self, names: (seen.append(len(names)), joined(self, names))[1]
    )
    labeller = Labeller(NIGHT, chain, (), {"eyeballs": eyeballs(a=1, b=0, c=1, d=0)}, "stronger")
    labels = [labeller.label(batch_of(make_rows, *names)).candidates["label"].tolist() for names in ("ab", "dx", "c")]
    assert labels == [[1, 0], [0, -1], [1]]
    assert seen == [2, 2, 1]
    torn = pd.concat([eyeballs(a=1, b=0, z=1), eyeballs(z=0)])
    with pytest.raises(InputError, match="candidate_id 'z' is both real and bogus"):
        Labeller(NIGHT, chain, (), {"eyeballs": torn}, "stronger").label(batch_of(make_rows, "a"))


def test_a_table_that_somebody_reads_by_place_is_given_whole(make_rows):
    entries = [{"provider": "mover", "table": "both", "scores": "both", "score_above": 0.5}]
    table = pd.DataFrame(
        {"candidate_id": ["a", "b"], "score": 1.0, "exposure_id": "e1", "ra_deg": [1.0, 2.0], "dec_deg": 0.0}
    )
    labeller = Labeller(NIGHT, parse_chain(entries, "x.yaml"), (), {"both": table}, "stronger")
    for name, ra in (("a", 1.0), ("b", 2.0), ("b", 1.0)):
        batch = batch_of(make_rows, name, exposure_id=["e1"], ra_deg=[ra], dec_deg=[0.0])
        assert labeller.label(batch).candidates["label"].tolist() == [1]
