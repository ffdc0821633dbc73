"""The rows that a recipe's sampling makes of a table's training part, as a file."""

import numpy as np
import pandas as pd
import pytest
import yaml

from commands.main import main
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.dataset_file import open_dataset
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.stages.build_dataset import build_dataset

ROWS = 80


@pytest.fixture
def table(tmp_path, make_rows, monkeypatch):
    """A data set of a table with three of four rows of class 0, and recipes ``over`` and ``plain``."""
    names = [f"s{row:03d}" for row in range(ROWS)]
    label = (np.arange(ROWS) % 4 == 0).astype(int)
    rows = make_rows(names, object_id=names, label=label, label_source=["rule"] * ROWS, night=["all"] * ROWS,
                     time_mjd=np.nan, x_pixel=np.nan, y_pixel=np.nan, ra_deg=np.nan, dec_deg=np.nan)  # fmt: skip
    features = np.stack([np.arange(ROWS), label + np.arange(ROWS) / 1000], axis=1).astype(np.float32)
    with CutoutWriter(tmp_path / "rows.h5", CutoutHeader(survey="toy", channels=("g", "r"), kind="table")) as writer:
        writer.append(features[:, None, None, :], rows)
    recipe = DatasetRecipe(survey="toy", nights=("all",), split=SplitSettings(minimum_groups=1))
    build_dataset(tmp_path / "table.h5", sources=[tmp_path / "rows.h5"], recipe=recipe, linked_within_arcsec=3.0,
                  fold=0, fingerprint="f", provenance={})  # fmt: skip
    (tmp_path / "config" / "classifiers").mkdir(parents=True)
    recipes = {"over": {"sampling": {"method": "SMOTE", "settings": {"k_neighbors": 2}}}, "plain": {}}
    for name, more in recipes.items():
        text = yaml.safe_dump({"classifier": "table_forest", **more})
        (tmp_path / "config" / "classifiers" / f"{name}.yaml").write_text(text)
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    return tmp_path / "table.h5"


def export(table, to, *options):
    given = [word for option in options for word in ("--option", option)]
    return main(["export", "training_table", str(table), "--to", str(table.with_name(to)), *given])


@pytest.mark.replaces("4most", "M5")
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_the_rows_that_teach_are_written_with_their_weights(table, ending, capsys):
    with open_dataset(table) as dataset:
        known = dataset.candidates("train").set_index("candidate_id")["label"]
    most = 2 * int((known == 0).sum())
    assert export(table, f"out.{ending}", "classifier=over", "seed=3") == 0
    assert capsys.readouterr().out == f"{table.with_name(f'out.{ending}')}: {most} rows\n"
    assert export(table, f"out.{ending}", "classifier=over", "seed=3") == 0
    assert "is the same" in capsys.readouterr().out
    path = table.with_name(f"out.{ending}")
    rows = pd.read_csv(path, keep_default_na=False) if ending == "csv" else pd.read_parquet(path)
    assert list(rows) == ["candidate_id", "label", "label_source", "weight", "g", "r"]
    assert rows["label"].value_counts().to_dict() == {"bogus": most // 2, "real": most // 2}
    assert sorted(rows["candidate_id"][rows["candidate_id"] != ""]) == sorted(known.index)
    assert set(rows["label_source"][rows["candidate_id"] == ""]) == {"resampled"}
    assert (rows["weight"] == 1).all()


@pytest.mark.parametrize(
    ("to", "options", "said"),
    [
        ("out.fits", ["classifier=over"], "out.fits ends in '.fits'; allowed: .parquet, .csv"),
        ("out.csv", ["classifier=plain"], "there is no resampled table; allowed: a recipe with 'sampling'"),
        ("out.csv", [], "classifier"),
        ("out.csv", ["classifier=over", "fold=1"], "fold"),
    ],
)
def test_what_makes_no_table_is_refused(table, to, options, said, capsys):
    assert export(table, to, *options) == 1
    assert said in capsys.readouterr().err
