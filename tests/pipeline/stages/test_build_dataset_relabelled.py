"""New labels for a data set: nothing else about it changes."""

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.io.results.dataset_file import open_dataset
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.stages.build_dataset import build_dataset


@pytest.fixture
def build(make_rows, make_cutouts, tmp_path):
    """Return a function that builds the data set of 60 rows with new labels, and gives part, label and source by id."""
    names = [f"{row:03d}" for row in range(60)]
    rows = make_rows(
        names, object_id=[f"o{row // 2}" for row in range(60)], label=np.arange(60) // 2 % 2, label_source=["list"] * 60
    )
    source = make_cutouts(tmp_path / "in.h5", rows)

    def make(text=""):
        relabels = tmp_path / "new.csv"
        relabels.write_text(text)
        split = SplitSettings(minimum_groups=1)
        recipe = DatasetRecipe(survey="toy", nights=("2026-01-01",), split=split, relabel=str(relabels) if text else "")
        path = tmp_path / "d.h5"
        path.unlink(missing_ok=True)
        build_dataset(
            path, sources=[source], recipe=recipe, linked_within_arcsec=3.0, fold=0, fingerprint="f", provenance={}
        )
        with open_dataset(path) as data:
            return data.file.candidates().assign(split=data.split).set_index("candidate_id").sort_index()

    return make


@pytest.mark.replaces("psat-ml", "P12")
def test_a_list_of_new_labels_changes_labels_and_no_row_s_part(build):
    before, after = build(), build("candidate_id,label\n000,1\n003,0\n058,0\n")
    assert (before["split"] == after["split"]).all()
    changed = before.index[before["label"] != after["label"]].tolist()
    assert changed == ["000", "003", "058"] if before["label"]["003"] else changed == ["000", "058"]
    assert after["label_source"].to_dict() == {
        name: "eyeball" if name in ("000", "003", "058") else "list" for name in before.index
    }
    assert (before["group_id"] == after["group_id"]).all()


@pytest.mark.replaces("psat-ml", "P12")
def test_every_row_can_change_its_label_and_stays_in_its_part(build):
    before = build()
    flipped = "".join(f"{name},{1 - label}\n" for name, label in before["label"].items())
    after = build(flipped)
    assert (after["label"] == 1 - before["label"]).all()
    assert (before["split"] == after["split"]).all()


@pytest.mark.replaces("psat-ml", "P12")
def test_unknown_and_repeated_ids_are_errors_that_name_the_id(build):
    with pytest.raises(InputError, match="candidate_id 'z' belongs to no row of the data set"):
        build("000,1\nz,0\n")
    with pytest.raises(InputError, match="row 3: id '000' appears twice"):
        build("000,1\n001,0\n000,0\n")


@pytest.mark.replaces("psat-ml", "P12")
def test_the_labels_are_part_of_the_data_set_s_identity(tmp_path, monkeypatch):
    import shutil
    from pathlib import Path

    import yaml

    import tasks

    root = Path(__file__).resolve().parents[3]
    config = tmp_path / "config"
    shutil.copytree(root / "config", config)
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(config))
    recipe = yaml.safe_load((config / "datasets" / "synthetic.yaml").read_text())
    found = []
    for label in ("none", "1", "0"):
        if label != "none":
            (tmp_path / "new.csv").write_text(f"a,{label}\n")
            (config / "datasets" / "synthetic.yaml").write_text(
                yaml.safe_dump(recipe | {"relabel": "new.csv"}, default_flow_style=False)
            )
        tasks.BuildDataset.clear_instance_cache()
        found.append(tasks.BuildDataset(survey="synthetic", dataset="synthetic").decides().get("relabel"))
    assert found[0] is None
    assert len({*found}) == 3
