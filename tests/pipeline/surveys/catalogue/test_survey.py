"""A survey of a table: every format, ids as text, features, cuts, classes, weights, and bad input by rule."""

import re

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from pipeline.errors import ChangedInputError, InputError, MissingInputError, SettingsError
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.settings import parse
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

BIG = 2**53
ROWS = 12
INPUT = {
    "files": ["sources.csv"],
    "columns": {"candidate_id": "ID", "ra_deg": "RA", "dec_deg": "DEC"},
    "features": {"g": "g", "g_r": "g - r"},
    "missing": {"?": [99.0]},
    "class_column": "spec",
}


def sources(**changes):
    """Return a table of sources whose ids no float holds."""
    row = np.arange(ROWS)
    columns = {
        "ID": BIG + 1 + row,
        "RA": 10.0 + row / 100,
        "DEC": -1.0 + row / 100,
        "g": 20.0 + row / 4,
        "r": np.where(row == 3, 99.0, 19.5 + row / 4),
        "conf": row / ROWS,
        "spec": np.where(row % 3 == 0, "GALAXY", np.where(row % 3 == 1, "QSO", "")),
    }
    return pd.DataFrame(columns | changes)


@pytest.fixture
def survey(tmp_path):
    """Return a function that opens the survey of a table that it writes."""

    def opened(table=None, name="sources.csv", *, metadata=(), classes=("GALAXY", "QSO"), labels=(), **changes):
        if table is not None:
            write(table, tmp_path / name)
        whole = INPUT | {"folder": str(tmp_path), "files": [name]} | changes
        content = {
            "kind": "table",
            "source": "catalogue",
            "defaults": {"dataset": "toy", "classifier": "boosting"},
            "input": {key: value for key, value in whole.items() if value is not None},
            "metadata": list(metadata),
            "classes": list(classes),
            "labels": list(labels),
        }
        return open_survey(parse(SurveySettings, content, "surveys/toy.yaml"), "toy")

    return opened


def write(table, path):
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        kind = {".ecsv": "ascii.ecsv", ".vot": "votable"}.get(path.suffix, "fits")
        Table.from_pandas(table).write(path, format=kind, overwrite=True)


def rows_of(survey):
    batches = list(survey.read("all", survey.freeze("all")))
    candidates = pd.concat([batch.candidates for batch in batches], ignore_index=True)
    dropped = pd.concat([batch.dropped for batch in batches], ignore_index=True)
    return np.concatenate([batch.cutouts for batch in batches]), candidates, dropped


@pytest.mark.parametrize("ending", ["csv", "parquet", "fits", "fits.gz", "ecsv", "vot"])
def test_every_format_gives_the_same_rows(ending, survey):
    made = survey(sources(), f"sources.{ending}")
    pixels, rows, dropped = rows_of(made)
    assert made.nights() == ["all"]
    assert pixels.shape == (ROWS, 1, 1, 2)
    assert pixels.dtype == np.float32
    table = sources()
    wanted = np.where(table["r"] == 99, np.nan, table["g"] - table["r"])
    np.testing.assert_allclose(pixels[:, 0, 0, :], np.stack([table["g"], wanted], axis=1), rtol=1e-6)
    assert rows["candidate_id"].tolist() == [str(BIG + 1 + row) for row in range(ROWS)], "no id went through a float"
    assert rows["object_id"].tolist() == rows["candidate_id"].tolist()
    np.testing.assert_allclose(rows["ra_deg"], table["RA"])
    assert rows["label"].tolist() == [0, 1, -1] * 4
    assert set(rows["label_source"]) == {"class column", ""}
    assert set(rows["night"]) == {"all"}
    assert rows["flags"].astype(bool).tolist() == [row == 3 for row in range(ROWS)]
    assert not len(dropped)


def test_a_whole_table_becomes_a_file_of_features_and_weights(survey, tmp_path):
    made = survey(sources(), weight={"value": "conf"}, metadata=["conf"])
    job = NightJob(survey=made, name="toy", night="all", manifest=made.freeze("all"), provenance={},
                   progress=lambda *_: None)  # fmt: skip
    fetch_cutouts(tmp_path / "c.h5", job)
    with open_cutouts(tmp_path / "c.h5") as file:
        assert (file.header.kind, file.header.channels, file.header.weighted) == ("table", ("g", "g_r"), True)
        assert file.header.class_names == ("GALAXY", "QSO")
        rows = file.candidates()
        assert file.provenance["counts"] == {"in": ROWS, "kept": ROWS, "dropped": {}}
        assert file.provenance["labelling"]["QSO by class column"] == 4
    np.testing.assert_allclose(rows["weight"], sources()["conf"], rtol=1e-6)
    np.testing.assert_allclose(rows["conf"], sources()["conf"], rtol=1e-6)
    assert rows["label"].tolist() == [0, 1, -1] * 4


def test_rules_label_rows_and_cuts_drop_them_with_their_name(survey):
    made = survey(
        sources(), class_column=None, class_rules={"rules": {"QSO": "g > 22"}}, named_cuts={"bright": "g < 22.5"},
        cuts=["bright"],
    )  # fmt: skip
    _, rows, dropped = rows_of(made)
    assert rows["label"].tolist() == [int(g > 22) for g in sources()["g"] if g < 22.5]
    assert dropped["reason"].tolist() == ["bright"] * int((sources()["g"] >= 22.5).sum())
    assert len(rows) + len(dropped) == ROWS


def test_a_label_provider_stands_before_what_the_table_states(survey, tmp_path):
    path = tmp_path / "seen.csv"
    path.write_text(f"candidate_id,label\n{BIG + 1},QSO\n")
    made = survey(sources(), labels=[{"provider": "list", "table": "seen", "file": str(path)}])
    job = NightJob(survey=made, name="toy", night="all", manifest=made.freeze("all"), provenance={},
                   progress=lambda *_: None)  # fmt: skip
    fetch_cutouts(tmp_path / "c.h5", job)
    with open_cutouts(tmp_path / "c.h5") as file:
        rows = file.candidates()
    assert rows["label"].tolist() == [1, 1, -1] + [0, 1, -1] * 3
    assert rows["label_source"].iloc[0] == "seen"


def test_metadata_may_take_the_first_known_of_several_columns(survey):
    table = sources(zspec=np.where(np.arange(ROWS) < 4, 0.5, -99.0), zphot=0.7)
    made = survey(table, first_known={"redshift": ["zspec", "zphot"]}, missing={"z*": [-99]}, metadata=["redshift"])
    np.testing.assert_allclose(rows_of(made)[1]["redshift"], np.where(np.arange(ROWS) < 4, 0.5, 0.7), rtol=1e-6)


def test_features_of_the_sets_in_use_are_the_only_ones(survey):
    made = survey(sources(), feature_sets={"colour": ["g_r"]}, use=["colour"])
    assert made.settings.channels == ("g_r",)
    assert rows_of(made)[0].shape == (ROWS - 1, 1, 1, 1), "the row without it is dropped"


def test_files_are_read_one_after_the_other(survey, tmp_path):
    write(sources(ID=[f"a{row}" for row in range(ROWS)]), tmp_path / "part1.csv")
    made = survey(sources(ID=[f"b{row}" for row in range(ROWS)]), "part2.csv", files=["part*.csv"])
    assert rows_of(made)[1]["candidate_id"].tolist() == [f"{one}{row}" for one in "ab" for row in range(ROWS)]
    assert made.freeze("all")["queries"]["candidates"]["rows"] == 2 * ROWS


def test_rows_of_tables_without_ids_are_called_by_file_and_row(survey, tmp_path):
    table = sources().drop(columns="ID")
    write(table, tmp_path / "part1.csv")
    lines = (tmp_path / "part1.csv").read_text().splitlines()
    (tmp_path / "part1.csv").write_text("\n".join([*lines[:3], "1,2", *lines[3:]]))
    columns = {"ra_deg": "RA", "dec_deg": "DEC"}
    made = survey(table, "part2.csv", files=["part*.csv"], columns=columns, row_ids=True)
    first, second = [1, 2, *range(4, ROWS + 2)], range(1, ROWS + 1)
    wanted = [f"part1.csv:{row}" for row in first] + [f"part2.csv:{row}" for row in second]
    _, rows, dropped = rows_of(made)
    assert rows["candidate_id"].tolist() == wanted, "a row that is passed over moves no other"
    assert rows["object_id"].tolist() == wanted
    assert dropped["candidate_id"].tolist() == ["row 3 of part1.csv"]


def test_files_may_be_the_parts_of_a_data_set(survey, tmp_path):
    write(sources(ID=[f"a{row}" for row in range(ROWS)]), tmp_path / "train_1.csv")
    table = sources(ID=[f"b{row}" for row in range(ROWS)], g=np.where(np.arange(ROWS) < 3, "True", "false"))
    parts = {"train": ["train_*"], "test": ["held*"]}
    made = survey(table, "held.csv", files=["train_*.csv", "held.csv"], metadata=["part"], parts=parts)
    pixels, rows, _ = rows_of(made)
    assert rows["part"].tolist() == [0.0] * ROWS + [2.0] * ROWS
    assert pixels[ROWS:, 0, 0, 0].tolist() == [1.0] * 3 + [0.0] * (ROWS - 3), "flags as text are numbers"
    stray = survey(table, "held.csv", metadata=["part"], parts={"train": ["train_*"]})
    with pytest.raises(SettingsError, match=r"held.csv is of none of parts; allowed: one of them"):
        rows_of(stray)


def test_a_changed_table_is_refused(survey, tmp_path):
    made = survey(sources())
    manifest = made.freeze("all")
    write(sources(g=21.0), tmp_path / "sources.csv")
    with pytest.raises(ChangedInputError, match=r"night all: sources.csv changed since"):
        list(made.read("all", manifest))


def test_bad_rows_are_dropped_with_the_reason_and_the_others_stay(survey, caplog, tmp_path):
    table = sources().astype(object)
    table.loc[1, "g"] = "faint"
    table.loc[2, "ID"] = table.loc[4, "ID"]
    table.loc[5, "ID"] = ""
    table.loc[6, ["g", "r"]] = 99.0
    table.loc[7, "DEC"] = 91.0
    table.loc[9, "spec"] = "GALAXI"
    made = survey(table)
    with (tmp_path / "sources.csv").open("a") as file:
        file.write("1,2\n")
    _, rows, dropped = rows_of(made)
    reasons = dict(zip(dropped["candidate_id"], dropped["reason"], strict=True))
    assert reasons == {
        str(BIG + 2): "g is not a number", str(BIG + 5): "candidate_id twice", "": "no candidate_id",
        str(BIG + 7): "no feature is known", str(BIG + 8): "dec_deg is outside -90 to 90",
        "row 13 of sources.csv": "cells do not fit the head",
    }  # fmt: skip
    assert len(rows) == ROWS - 5
    assert f"{tmp_path}/sources.csv: row 2: g is 'faint'; allowed: a number" in caplog.text
    assert "'GALAXI' (1 rows) (did you mean 'GALAXY'?); classes: GALAXY, QSO" in caplog.text
    assert "1 ids appear more than once" in caplog.text


def test_faults_of_the_whole_table_are_found_at_once(survey):
    table = sources(r=np.nan, spec=np.where(np.arange(ROWS) == 0, "QSO", "GALAXY"))
    assert survey(table).check() == [
        "features.g_r is missing in all of 12 rows: 'g - r'",
        "column 'spec' names fewer than 2 rows of QSO (1)",
    ]
    assert survey(sources()).check() == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": {"candidate_id": "IDD"}}, "columns.candidate_id names 'IDD' .did you mean 'ID'.., which"),
        ({"features": {"x": "g - rr"}}, "'rr' .did you mean 'r'"),
        ({"class_column": "specc"}, "class_column names 'specc' .did you mean 'spec'"),
        ({"features": {"x": "spec"}, "class_column": None}, "row 1: spec is 'GALAXY'; allowed: a number; no value"),
        ({"class_values": {"G": "GAL"}}, "class_values names 'GAL'; classes: GALAXY, QSO"),
        ({"class_column": "g"}, "column 'g' is used as text and in an expression"),
        ({"files": ["other.csv"]}, "no table .*other.csv"),
        ({"files": ["no*.csv"]}, "no file fits 'no.*.csv'"),
        ({"files": ["sources.txt"]}, "no table|not that of a known format"),
    ],
)  # fmt: skip
def test_what_the_table_does_not_have_is_refused_with_the_nearest(changes, said, survey):
    with pytest.raises((InputError, MissingInputError, SettingsError), match=said):
        rows_of(survey(sources(), **changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": {"ra_deg": "RA"}}, "columns has ra_deg; candidate_id is missing: name .* or set row_ids"),
        ({"row_ids": True}, "row_ids is set, and columns name a candidate_id"),
        ({"columns": {"candidate_id": "ID", "label": "spec"}}, "columns names 'label'; allowed: candidate_id"),
        ({"class_rules": {"rules": {"QSO": "g > 22"}}}, "class_column is 'spec' and class_rules are stated too"),
        ({"class_column": None, "class_values": {"Q": "QSO"}}, "class_values are stated, and class_column is empty"),
        ({"files": []}, "files is empty"),
        ({"parts": {"tset": ["*"]}}, "parts names 'tset'; allowed: train, validation, test"),
        ({"features": {}}, "features is empty"),
        ({"features": {"x": "__import__('os')"}}, "allowed: names of columns"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(changes, said, survey):
    with pytest.raises(SettingsError, match=f"surveys/toy.yaml.*{said}"):
        survey(sources(), **changes)


def test_ids_that_a_float_has_rounded_are_refused(survey):
    table = sources(ID=(BIG + 2.0 * np.arange(ROWS)))
    with pytest.raises(InputError, match="may be another id rounded"):
        rows_of(survey(table, "sources.parquet"))


@pytest.mark.replaces("4most", "M12")
def test_a_target_stands_in_place_of_classes(survey, tmp_path):
    z = np.where(np.arange(ROWS) % 3 == 2, -9.0, np.arange(ROWS) / 10)
    made = survey(sources(z=z), class_column=None, classes=(), target="z + 0", missing={"z": [-9.0], "?": [99.0]})
    job = NightJob(survey=made, name="toy", night="all", manifest=made.freeze("all"), provenance={},
                   progress=lambda *_: None)  # fmt: skip
    fetch_cutouts(tmp_path / "c.h5", job)
    with open_cutouts(tmp_path / "c.h5") as file:
        assert (file.header.targeted, file.header.weighted, file.header.class_names) == (True, False, ("measured",))
        rows = file.candidates()
        assert file.provenance["labelling"] == {"conflicts": 0, "measured by target": 8, "unlabelled": 4}
    assert rows["target"].dtype == np.float64
    np.testing.assert_array_equal(rows["target"], np.where(z == -9, np.nan, z))
    assert rows["label"].tolist() == [0, 0, -1] * 4


@pytest.mark.parametrize(("changes", "message"), [
    ({"target": "redshift"}, "target: the expression 'redshift' names no column"),
    ({"target": "g", "class_column": "spec"}, "target is 'g' and class_column is 'spec'"),
    ({"target": "g", "class_rules": {"rules": {"QSO": "g > 2"}}}, "class_rules, which needs classes, is stated too"),
    ({"target": "g", "weight": {"value": "conf", "full": ["QSO"]}}, "weight.full, which needs classes"),
    ({"target": "g +"}, "target"),
    ({"target": "g", "classes": ("GALAXY", "QSO")}, "classes are stated, and the survey has a target"),
])  # fmt: skip
def test_a_target_that_cannot_be_is_refused(changes, message, survey):
    with pytest.raises((InputError, SettingsError), match=re.escape(message)):
        rows_of(survey(sources(), **{"class_column": None, "classes": ()} | changes))


def test_a_target_of_text_or_nothing_is_told(survey):
    with pytest.raises(InputError, match=r"zspec is 'high'; allowed: a number; no value .* is one"):
        rows_of(survey(sources(zspec=["high"] * ROWS), class_column=None, classes=(), target="zspec"))
    made = survey(sources(zspec=[np.nan] * ROWS), class_column=None, classes=(), target="zspec")
    assert made.check() == ["target is missing in all of 12 rows: 'zspec'"]
