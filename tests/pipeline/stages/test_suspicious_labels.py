import json

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.scores_file import ScoresWriter, score_columns
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.stages.build_dataset import build_dataset
from pipeline.stages.suspicious_labels import write_suspicious


def write_scores(path, ids, real):
    real = np.asarray(real, np.float32)
    columns = {"candidate_id": ids, "p_0": 1 - real, "p_1": real, "score": real}
    texts = {"object_id": "", "exposure_id": "", "night": "", "model": "m", "release": "r1"}
    numbers = {"split": 0, "label_predicted": 0, "score_std": 0.0, "entropy": 0.0, "bald": 0.0, "flags": 0}
    with ScoresWriter(path, 2, {}) as writer:
        writer.append(pd.DataFrame(columns).assign(**texts, **numbers)[list(score_columns(2))])


@pytest.fixture
def small_dataset_file(make_rows, make_cutouts, tmp_path):
    """Return a data set of 60 rows, two of each object."""
    ids, objects = [f"{row:03d}" for row in range(60)], [f"o{row // 2}" for row in range(60)]
    rows = make_rows(ids, object_id=objects, label=np.arange(60) // 2 % 2, label_source=["list"] * 60)
    source, path = make_cutouts(tmp_path / "in.h5", rows), tmp_path / "d.h5"
    recipe = DatasetRecipe(survey="toy", nights=("2026-01-01",), split=SplitSettings(minimum_groups=1))
    build_dataset(
        path, sources=[source], recipe=recipe, linked_within_arcsec=3.0, fold=0, fingerprint="f", provenance={}
    )
    return path


@pytest.fixture
def truth(small_dataset_file):
    with open_dataset(small_dataset_file) as file:
        return pd.concat([file.candidates(part) for part in ("train", "validation", "test")], ignore_index=True)


def test_the_folder_holds_the_planted_labels_their_share_and_their_pixels(small_dataset_file, truth, tmp_path):
    confident = np.where(truth["label"] == 1, 0.95, 0.05)
    planted = [0, 5, len(truth) - 1]
    confident[planted] = 1 - confident[planted]
    write_scores(tmp_path / "scores.parquet", truth["candidate_id"], confident)
    folder = tmp_path / "found"
    folder.mkdir()
    count = write_suspicious(folder, tmp_path / "scores.parquet", small_dataset_file, shown=2, title="<b>mine</b>")
    assert count == 3
    listed = pd.read_csv(folder / "suspicious.csv", dtype={"candidate_id": str})
    assert set(listed["candidate_id"]) == set(truth["candidate_id"].iloc[planted])
    assert set(listed["part"]) == {"train", "test"}
    noise = pd.read_csv(folder / "noise.csv")
    assert noise.loc[noise["label_source"] == "all", "suspicious"].sum() == 3
    facts = json.loads((folder / "noise.json").read_text())
    assert facts["rows"] == facts["judged"] == len(truth)
    assert facts["suspicious"] == 3
    page = (folder / "index.html").read_text()
    assert "&lt;b&gt;mine&lt;/b&gt;" in page
    assert page.count("<article") == 2
    assert page.count("data:image/png") == 2 * 3


def test_rows_that_the_scores_lack_are_named(small_dataset_file, truth, tmp_path):
    write_scores(tmp_path / "scores.parquet", truth["candidate_id"].iloc[1:], np.full(len(truth) - 1, 0.5))
    first = truth["candidate_id"].iloc[0]
    with pytest.raises(InputError, match=rf"lacks 1 of {len(truth)} rows of the data set, the first '{first}'"):
        write_suspicious(tmp_path, tmp_path / "scores.parquet", small_dataset_file, shown=0, title="")
