"""The folder of explained scores: the page with its figures, the Parquet, and hostile names."""

import json

import numpy as np
import pytest
from html_pages import Page

from models.explaining.explain_scores import write_explained
from models.explaining.explained import Asked
from models.scoring.runtime import load
from models.training.in_memory import MemoryDataSet
from pipeline.errors import InputError
from pipeline.io.results.parquet_table import read_table

HOSTILE = "<script>alert(1)</script>"
ASKED = Asked(each=4, pictured=2, neighbours=2, repeats=2, seed=1)


def write(folder, package, dataset):
    folder.mkdir()
    return write_explained(
        folder, load(package, threads=1), dataset, ASKED, provenance={"task": "test"}, progress=lambda *_: None
    )  # fmt: skip


def test_a_folder_has_the_page_the_vectors_and_the_figures_of_each_member(two, dataset, tmp_path):
    parts = {}
    for part in ("train", "validation", "test"):
        rows = dataset.candidates(part)
        parts[part] = rows.assign(candidate_id=HOSTILE + rows["candidate_id"]), dataset.cutouts(part)
    numbers = write(tmp_path / "one", two.fixed, MemoryDataSet(parts=parts))
    folder = tmp_path / "one"
    assert json.loads((folder / "explained.json").read_text()) == numbers
    text = (folder / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "<script" not in text
    assert HOSTILE in page.text
    assert "The package is a stack" in page.text
    figures = {path.stem.removesuffix(".dark") for path in (folder / "figures").iterdir()}
    assert figures == {"pca-1", "tsne-1", "pca-2", "tsne-2", "importance-2"}
    assert {f"tables/{name}.csv" for name in figures} <= set(page.links)
    heat = [image for image in page.images if image["alt"].startswith("heat map")]
    assert len(heat) == numbers["members"][0]["heat_maps"] > 0
    for member in numbers["members"]:
        table = read_table(folder / member["file"])
        assert len(table) == sum(numbers["rows"].values())
        assert np.isfinite(table[["latent_0", "pca_1", "tsne_2"]].to_numpy()).all()


def test_a_data_set_without_test_rows_is_refused(ensemble, dataset, tmp_path):
    parts = {part: (dataset.candidates(part), dataset.cutouts(part)) for part in ("train", "validation")}
    parts["test"] = dataset.candidates("test")[:0], dataset.cutouts("test")[:0]
    with pytest.raises(InputError, match="can score no test row"):
        write(tmp_path / "one", ensemble.package, MemoryDataSet(parts=parts))
