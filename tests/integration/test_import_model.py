"""A weight file of an older system becomes a package that scores a night, by the commands a user types."""

import json

import pytest
from keras2_weights import layers_of, write_keras2_weights

from models.networks.network import NetworkDesign, build
from models.recipes.classifier import load
from pipeline.io.settings_files import raw


@pytest.fixture(scope="module")
def old_weights(tmp_path_factory):
    """A weight file of braai for the cutouts of the project's survey."""
    design = NetworkDesign(
        classifier="braai",
        normalisation="l2",
        settings=load(raw("classifiers", "braai"), "braai").settings,
        n_classes=2,
        size_pixel=21 + 1,
        n_channels=3,
    )
    return write_keras2_weights(tmp_path_factory.mktemp("old") / "old.h5", layers_of(build(design, 0)))


@pytest.fixture
def larger(project):
    """A project whose survey cuts cutouts that the old network fits."""
    project.change("surveys", "tiny", cutout_size_pixel=23)
    return project


def test_old_weights_score_a_night(larger, old_weights):
    arguments = ("--survey", "tiny", "--architecture", "braai", "--weights", old_weights, "--size-pixel", "22")
    larger.make("ImportModel", *arguments)
    package = next(larger.data.glob("tiny/*/models/ImportModel-braai-*"))
    assert json.loads((package / "package.json").read_text())["input"]["size_pixel"] == 22
    again = larger.make("ImportModel", *arguments)
    assert "1 complete ones were encountered" in again.output
    larger.make("Infer", "--survey", "tiny", "--night", larger.nights[0], "--package", package)
    assert any(path.name.startswith("Infer") for path in larger.data.glob(f"tiny/*/{larger.nights[0]}/*"))


def test_weights_that_do_not_fit_are_one_line_and_leave_no_package(larger, old_weights):
    finished = larger.luigi("ImportModel", "--survey", "tiny", "--architecture", "psat_d", "--weights", old_weights)
    assert finished.code == 30
    assert "psat_d has 5" in finished.line("ImportModel: InputError", "old.h5 holds 6 layers")
    assert not list(larger.data.glob("tiny/*/models/ImportModel-psat_d-*"))


def test_an_input_larger_than_the_cutouts_is_refused(larger, old_weights):
    arguments = ("--survey", "tiny", "--architecture", "braai", "--weights", old_weights, "--size-pixel", "63")
    finished = larger.luigi("ImportModel", *arguments)
    assert finished.code == 30
    assert finished.line("--size-pixel is 63; the cutouts of tiny have 23")
