"""Results on another disk, behind symbolic links: the whole chain runs, and says the same of itself."""

import json

import pytest

from pipeline.io.results import hdf5
from pipeline.io.results.scores_file import scores_provenance


@pytest.fixture
def linked_project(project):
    """A project whose folder of results is a link to another place, and its survey's folder one to a third."""
    disks = project.root / "disks"
    disks.mkdir()
    project.data.rename(disks / "first")
    (disks / "first" / "tiny").rename(disks / "second")
    (disks / "first" / "tiny").symlink_to(disks / "second")
    project.data.symlink_to(disks / "first")
    return project


def provenance_of(path):
    """Return what a result says about its making."""
    if path.is_dir():
        return json.loads((path / "provenance.json").read_text())
    if path.suffix == ".parquet":
        return scores_provenance(path)
    with hdf5.open_to_read(path) as file:
        return json.loads(file.attrs["provenance"])


def recorded_inputs(project):
    """Return the inputs that each result names, by the result's place."""
    results = [path for path in project.results() if path.suffix != ".json"]
    return {path.relative_to(project.data).as_posix(): provenance_of(path)["inputs"] for path in results}


def test_behind_links_the_whole_chain_makes_equal_results_of_inputs_of_equal_names(linked_project):
    contents, inputs = linked_project.contents(), recorded_inputs(linked_project)
    assert any(places for places in inputs.values())
    linked_project.forget("")
    assert linked_project.results() == []
    linked_project.make("PlotResults", *linked_project.report)
    assert linked_project.contents() == contents
    assert recorded_inputs(linked_project) == inputs
    assert (linked_project.root / "disks" / "second").is_dir()
