import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.io.results.scores_file import (
    ScoresWriter,
    concatenate,
    files_by_name,
    models_of_scores,
    read_scores,
    require_score,
    rows_of_scores,
    score_columns,
    scores_provenance,
    unlike_training,
)
from pipeline.io.results.sealed_parquet import read_metadata
from pipeline.scores.deciding_rules import RULES


def scores(ids, split=-1, **columns):
    frame = pd.DataFrame({name: [0] * len(ids) for name in score_columns(2)})
    for name in ("object_id", "exposure_id", "night", "model", "release"):
        frame[name] = "x"
    return frame.assign(candidate_id=pd.Series(ids, dtype="str"), split=split, **columns)


def write(path, frames, provenance=None):
    with ScoresWriter(path, 2, provenance or {}) as writer:
        for frame in frames:
            writer.append(frame)
    return path


def test_columns_stand_in_the_order_of_the_schema():
    assert list(score_columns(3)) == [
        "candidate_id", "object_id", "exposure_id", "night", "split", "p_0", "p_1", "p_2", "label_predicted", "score",
        "score_std", "entropy", "bald", "flags", "model", "release",
    ]  # fmt: skip


def test_a_path_may_be_text(tmp_path):
    path = write(tmp_path / "s.parquet", [scores(["a"])])
    assert read_scores(str(path))["candidate_id"].tolist() == ["a"]


def test_blocks_come_back_as_one_table_with_nan_and_types(tmp_path):
    path = write(
        tmp_path / "s.parquet", [scores(["a"], score=[np.nan]), scores(["b"], score=[0.25])], {"task": "Infer"}
    )
    found = read_scores(path)
    assert list(found) == list(score_columns(2))
    assert found["candidate_id"].tolist() == ["a", "b"]
    assert np.isnan(found["score"][0])
    assert found["score"][1] == 0.25
    assert (found["score"].dtype, found["split"].dtype, found["flags"].dtype) == (np.float32, np.int8, np.int32)
    assert scores_provenance(path) == {"task": "Infer"}


def test_no_rows_are_a_table_as_well(tmp_path):
    found = read_scores(write(tmp_path / "s.parquet", []))
    assert len(found) == 0
    assert list(found) == list(score_columns(2))


def test_a_row_without_a_column_is_refused(tmp_path):
    with pytest.raises(KeyError, match="score"):
        write(tmp_path / "s.parquet", [scores(["a"]).drop(columns="score")])


def test_csv_of_others_needs_only_id_and_score(tmp_path):
    (tmp_path / "s.csv").write_text("candidate_id,score,label,kind\n0071,0.5,1,\n9007199254740993,,0,mover\n")
    found = read_scores(tmp_path / "s.csv")
    assert found["candidate_id"].tolist() == ["0071", "9007199254740993"]
    assert found["label"].tolist() == [1, 0]
    assert found["kind"].tolist() == ["", "mover"]
    assert np.isnan(found["score"][1])


def test_ids_of_another_program_are_read_as_text_or_refused(tmp_path):
    pq.write_table(pa.table({"candidate_id": [2**60 + 1], "score": [0.5]}), tmp_path / "whole.parquet")
    assert read_scores(tmp_path / "whole.parquet")["candidate_id"].tolist() == [str(2**60 + 1)]
    pq.write_table(pa.table({"candidate_id": [2.0**60], "score": [0.5]}), tmp_path / "float.parquet")
    with pytest.raises(InputError, match="column 'candidate_id' holds the float"):
        read_scores(tmp_path / "float.parquet")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.csv", "id,score\n1,0.5\n", "column 'candidate_id' is missing; there: id, score"),
        ("s.csv", "candidate_id,drb\n1,0.5\n", "column 'score' is missing"),
        ("s.csv", "", "is not a readable scores file"),
        ("s.parquet", "no parquet", "is not a readable scores file"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_scores(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_another_schema_and_a_missing_file_are_refused(tmp_path):
    table = pa.table({"candidate_id": ["a"], "score": [0.5]}).replace_schema_metadata({"schema": "3"})
    pq.write_table(table, tmp_path / "s.parquet")
    with pytest.raises(InputError, match="holds scores of schema 3; this version reads schema 1 or 2"):
        read_scores(tmp_path / "s.parquet")
    with pytest.raises(MissingInputError, match="no scores file"):
        read_scores(tmp_path / "gone.parquet")


def test_a_file_states_its_schema(tmp_path):
    assert read_metadata(write(tmp_path / "1.parquet", [scores(["a"])]))["schema"] == "1"


def test_test_rows_of_folds_become_one_file_sorted_by_id(tmp_path):
    one = write(tmp_path / "1.parquet", [scores(["c", "a"], split=2), scores(["x"], split=0)])
    two = write(tmp_path / "2.parquet", [scores(["b"], split=2), scores(["a", "c"], split=0)])
    concatenate(tmp_path / "all.parquet", [one, two], split=2, provenance={"task": "ScoreFolds"})
    assert read_scores(tmp_path / "all.parquet")["candidate_id"].tolist() == ["a", "b", "c"]
    assert scores_provenance(tmp_path / "all.parquet") == {"task": "ScoreFolds"}


def test_what_is_unlike_the_training_in_a_fold_stays_known(tmp_path):
    unlike = {"survey": {"trained": "a", "scored": "b"}}
    one = write(tmp_path / "1.parquet", [scores(["c"], split=2)], {"unlike_training": unlike})
    two = write(tmp_path / "2.parquet", [scores(["b"], split=2)])
    concatenate(tmp_path / "all.parquet", [one, two], split=2, provenance={"task": "ScoreFolds"})
    assert unlike_training(tmp_path / "all.parquet") == unlike
    assert unlike_training(two) == {}
    assert unlike_training(tmp_path / "other.csv") == {}


def test_a_scores_file_knows_its_rows_while_they_are_there(tmp_path):
    path = write(tmp_path / "s.parquet", [], {"inputs": {"rows": "survey/rows.h5"}})
    assert rows_of_scores(path, tmp_path) is None
    (tmp_path / "survey").mkdir()
    (tmp_path / "survey" / "rows.h5").touch()
    assert rows_of_scores(path, tmp_path) == tmp_path / "survey" / "rows.h5"
    assert rows_of_scores(tmp_path / "other.csv", tmp_path) is None


@pytest.mark.parametrize("place", ["/outside.h5", "../outside.h5", "x/../../outside.h5", 5, "a\0b", "x" * 300])
def test_a_scores_file_leads_to_no_file_outside_the_data_folder(place, tmp_path):
    data = tmp_path / "data"
    (data / "x").mkdir(parents=True)
    (tmp_path / "outside.h5").touch()
    named = str(tmp_path / "outside.h5") if place == "/outside.h5" else place
    assert rows_of_scores(write(tmp_path / "s.parquet", [], {"inputs": {"rows": named}}), data) is None


@pytest.mark.parametrize(
    ("provenance", "said"),
    [
        ([1], "provenance is '\\[1\\]'; allowed: a mapping"),
        ({"inputs": []}, "provenance: inputs is '\\[\\]'; allowed: a mapping"),
        ({"packages": "all"}, "provenance: packages is 'all'; allowed: a mapping"),
        ({"unlike_training": 5}, "provenance: unlike_training is '5'; allowed: a mapping"),
        ({"unlike_training": {"survey": 3}}, "unlike_training: survey is '3'; allowed: trained and scored"),
        (
            {"unlike_training": {"pixel_scale_arcsec": {"trained": "x", "scored": 1}}},
            "unlike_training: pixel_scale_arcsec is .*; allowed: trained and scored",
        ),
    ],
)
@pytest.mark.parametrize("read", [scores_provenance, unlike_training, lambda path: rows_of_scores(path, path.parent)])
def test_what_scores_say_of_themselves_is_held_to_its_kind(read, provenance, said, tmp_path):
    path = tmp_path / "s.parquet"
    table = pa.table({"candidate_id": ["a"], "score": [0.5]}).replace_schema_metadata(
        {"provenance": json.dumps(provenance)}
    )
    pq.write_table(table, path)
    with pytest.raises(InputError, match=f"s.parquet: .*{said}"):
        read(path)


def test_the_models_of_a_scores_file_are_read_where_it_states_them(tmp_path):
    path = write(
        tmp_path / "s.parquet", [scores(["a", "b", "c"], model=["m-2", "m-1", ""]), scores(["d"], model="m-2")]
    )
    assert models_of_scores(path) == ["m-1", "m-2"]
    read_scores(path).to_csv(tmp_path / "s.csv", index=False)
    assert models_of_scores(tmp_path / "s.csv") == ["m-1", "m-2"]
    (tmp_path / "t.csv").write_text("candidate_id,score\n1,0.5\n")
    pq.write_table(pa.table({"candidate_id": ["1"], "score": [0.5]}), tmp_path / "t.parquet")
    (tmp_path / "u.parquet").write_text("no parquet")
    assert [models_of_scores(tmp_path / name) for name in ("t.csv", "t.parquet", "u.parquet")] == [[], [], []]


def test_two_scores_files_of_one_name_are_refused_and_both_named():
    assert files_by_name([Path("a/s.csv"), Path("b/t.csv")]) == {"s": Path("a/s.csv"), "t": Path("b/t.csv")}
    with pytest.raises(InputError, match=r"scores files a/s\.csv and b/s\.parquet are both called 's'"):
        files_by_name([Path("a/s.csv"), Path("b/s.parquet")])


def test_a_report_of_two_scores_files_of_one_name_is_refused():
    from tasks import PlotResults

    with pytest.raises(InputError, match=r"a/s\.csv and b/s\.csv"):
        _ = PlotResults(survey="synthetic", scores="a/s.csv,b/s.csv").files


def test_a_list_by_the_score_of_a_real_refuses_more_classes():
    two, four = (pd.DataFrame({f"p_{index}": [0.5] for index in range(n)}) for n in (2, 4))
    require_score(two, Path("s.parquet"), "scores of objects")
    with pytest.raises(
        InputError, match=r"s.parquet has the probabilities of 4 classes and no score of a real; allowed"
    ):
        require_score(four, Path("s.parquet"), "scores of objects")


def test_what_rules_decided_in_folds_stands_in_the_joined_scores(tmp_path):
    rules, parts = {"vetoes": {"galaxy": "g > 20"}, "overrides": {}}, []
    for name, decided in (("b", 0), ("a", 1)):
        frame = pd.DataFrame({column: [0] for column in score_columns(3, decided=True)})
        texts = dict.fromkeys(("object_id", "exposure_id", "night", "model", "release"), "x")
        frame = frame.assign(candidate_id=name, split=2, label_decided=decided, decided_by="veto galaxy", **texts)
        parts.append(tmp_path / f"{name}.parquet")
        with ScoresWriter(parts[-1], 3, {RULES: rules}, decided=True) as writer:
            writer.append(frame)
    concatenate(tmp_path / "all.parquet", parts, split=2, provenance={"task": "ScoreFolds"})
    found = read_scores(tmp_path / "all.parquet")
    assert found["candidate_id"].tolist() == ["a", "b"]
    assert found["label_decided"].tolist() == [1, 0]
    assert list(found["decided_by"]) == ["veto galaxy"] * 2
    assert scores_provenance(tmp_path / "all.parquet")[RULES] == rules
