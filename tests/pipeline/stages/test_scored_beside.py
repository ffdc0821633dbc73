import re

import numpy as np
import pandas as pd
import pytest
from small_packages import write_small_package

from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.io.results.scores_file import ScoresWriter, score_columns
from pipeline.stages.packages_beside import PackageBeside, columns_of
from pipeline.stages.scored_beside import scored_beside

JUDGED = pd.DataFrame({"candidate_id": ["d", "007", "b", "a"], "label": [1, 0, 1, 0], "score": [0.5] * 4})


@pytest.fixture
def scores(tmp_path):
    """Scores of four rows in another order, one of which is not judged."""
    frame = pd.DataFrame({column: [0.0] * 4 for column in score_columns(2)})
    frame = frame.assign(**dict.fromkeys(("object_id", "exposure_id", "night", "model", "release"), "x"))
    frame = frame.assign(candidate_id=["a", "b", "z", "007"], score=[0.1, 0.2, 0.3, 0.7])
    with ScoresWriter(tmp_path / "s.parquet", 2, {}) as writer:
        writer.append(frame)
    return tmp_path / "s.parquet"


def test_judged_rows_get_the_scores_of_the_package_without_those_that_it_learned_from(tmp_path, scores):
    learned = {"train": ["b", "z"], "validation": ["x"]}
    package = write_small_package(tmp_path / "package", learned=learned)
    found = scored_beside(JUDGED, PackageBeside(folder=package, scores=scores))
    np.testing.assert_allclose(found.rows["score"], [np.nan, 0.7, np.nan, 0.1])
    assert found.rows["label"].tolist() == JUDGED["label"].tolist()
    assert found.learned == {"train": 1, "validation": 0}
    assert found.says_what_it_learned


@pytest.mark.parametrize("learned", [None, {}])
def test_a_package_without_ids_does_not_say_what_it_learned_from(tmp_path, scores, learned):
    package = write_small_package(tmp_path / "package", learned=learned)
    found = scored_beside(JUDGED, PackageBeside(folder=package, scores=scores))
    assert not found.says_what_it_learned
    np.testing.assert_allclose(found.rows["score"], [np.nan, 0.7, 0.2, 0.1])


def test_scores_of_other_rows_are_refused(tmp_path, scores):
    package = write_small_package(tmp_path / "package")
    with pytest.raises(InputError, match="has none of the 4 judged rows"):
        scored_beside(JUDGED.assign(candidate_id=list("klmn")), PackageBeside(folder=package, scores=scores))


def test_columns_are_called_as_what_the_tasks_made(tmp_path):
    names = ["ImportModel-braai-0123456789ab", "mine", "TrainClassifier-sky-vgg6-seed1-0123456789ab"]
    folders = [write_small_package(tmp_path / name) for name in names]
    assert columns_of(folders, ["default"]) == dict(zip(["braai", "mine", "sky-vgg6-seed1"], folders, strict=True))


def test_a_name_that_is_taken_is_written_out_and_never_shared(tmp_path):
    one, other = (write_small_package(tmp_path / f"ImportModel-braai-{end * 12}") for end in "01")
    assert list(columns_of([one, other], [])) == [one.name, other.name]
    assert list(columns_of([one], ["braai"])) == [one.name]
    twice = f"--packages {one}: another column of the report is called '{one.name}'"
    with pytest.raises(SettingsError, match=re.escape(twice)):
        columns_of([one, one], [])
    with pytest.raises(SettingsError, match="another column of the report is called 'rb'"):
        columns_of([write_small_package(tmp_path / "rb")], ["rb"])


def test_a_package_of_other_classes_or_none_is_refused(tmp_path):
    other = write_small_package(tmp_path / "shapes", classes=["round", "smooth", "spiral"])
    with pytest.raises(SettingsError, match=r"shapes tells apart round, smooth, spiral; allowed: packages that tell"):
        columns_of([other], [])
    with pytest.raises(MissingInputError, match="no model package in"):
        columns_of([tmp_path / "absent"], [])
