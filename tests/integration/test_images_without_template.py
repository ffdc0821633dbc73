"""Science images without any template or label: searched, injected into, learned from and scored, by real commands."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from image_pair_surveys import SIDE, field_stars, header_of, projection, render, with_new
from image_surveys import NIGHT

from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.scores_file import read_scores

EXPOSURES = 6
NEW = [(70.3, 91.2, 17.0), (40.6, 180.4, 17.3)]
"""Sources that no catalogue knows: x, y, magnitude."""


def write_images(folder):
    """Write images of one field with hot pixels of their own, and the catalogue of its stars."""
    (folder / "science").mkdir(parents=True)
    stars, wcs = field_stars(), projection()
    for number in range(EXPOSURES):
        pixels = render(wcs, with_new(stars, NEW, wcs), seed=number)
        y, x = np.random.default_rng(number).integers(8, SIDE - 8, (2, 25))
        pixels[y, x] += 900.0
        header = header_of(wcs, **{"MJD-OBS": 61045.9 + number / 1000, "FWHM": 2.6})
        fits.writeto(folder / "science" / f"e{number}.fits", pixels, header)
    stars.to_csv(folder / "stars.csv", index=False)


@pytest.fixture(scope="module")
def alone(tmp_path_factory, settings_written):
    """A project with a survey that extends the one that is shipped, as its page says, up to scores of the night."""
    project = settings_written(tmp_path_factory.mktemp("alone"))
    folder = project.root / "raw"
    write_images(folder)
    project.write("surveys", "mine", {
        "extends": "science_images",
        "cutout_size_pixel": 15,
        "input": {"folder": str(folder), "veto": {"catalogue": str(folder / "stars.csv"), "radius_arcsec": 3.0}},
        "labels": [{"provider": "bogus_draw", "share": 1.0}],
        "defaults": {"dataset": "mine", "simulation": "mine"},
    })  # fmt: skip
    split = {"by": "object", "test": 0.25, "validation": 0.25, "seed": 1, "minimum_groups": 3}
    project.write("datasets", "mine", {
        "extends": "science_images", "survey": "mine", "nights": [NIGHT], "simulation": "mine", "split": split,
    })  # fmt: skip
    injected = {"per_exposure": 20, "magnitude_min": 16.0, "magnitude_max": 18.5, "min_separation_fwhm": 2.5}
    project.write("simulations", "mine", {"extends": "sources_alone", "images": injected})
    project.make("Infer", "--survey", "mine", "--night", NIGHT)
    return project


def test_what_a_catalogue_does_not_know_is_cut_out_of_the_science_image_alone(alone):
    with open_cutouts(alone.result("FetchCutouts")) as file:
        rows, pixels, dropped = file.candidates(), file.pixels(slice(0, len(file))), file.table("dropped")
    assert pixels.shape[1:] == (15, 15, 1)
    assert (rows["flux_sign"] == 1).all()
    assert (dropped["step"] == "veto").sum() > 30 * EXPOSURES
    for x, y, magnitude in NEW:
        there = rows[np.hypot(rows["x_pixel"] - x, rows["y_pixel"] - y) < 1.0]
        assert there["exposure_id"].nunique() == EXPOSURES
        assert there["object_id"].nunique() == 1
        assert there["magnitude"].median() == pytest.approx(magnitude, abs=0.05)


def test_what_is_injected_rises_and_is_found_again_as_bright_as_it_was(alone):
    with open_cutouts(alone.result("SimulateTransients")) as file:
        truth, rows = file.table("truth"), file.candidates()
    assert (truth["flux_sign"] == 1).all()
    assert set(truth["kind"]) == {"injected_random"}
    bright = truth[truth["snr"] > 15]
    assert len(bright) > 30
    assert bright["recovered"].mean() > 0.95
    found = rows.set_index("candidate_id").loc[bright.loc[bright["recovered"], "candidate_id"], "magnitude"]
    error = found.to_numpy() - bright.loc[bright["recovered"], "magnitude"].to_numpy()
    assert abs(np.median(error)) < 0.05


def test_a_classifier_is_learned_without_a_label_and_tells_sources_from_hot_pixels(alone):
    with open_dataset(alone.result("BuildDataset")) as dataset:
        sources = pd.concat([dataset.candidates(part) for part in ("train", "validation", "test")])["label_source"]
    assert set(sources) == {"injected", "bogus_draw"}
    assert "judged as well" in (alone.result("CalibratePackage") / "card.md").read_text()
    with open_cutouts(alone.result("FetchCutouts")) as file:
        rows = file.candidates().set_index("candidate_id")
    scores = read_scores(alone.result("Infer")).set_index("candidate_id")["score"]
    near = np.min([np.hypot(rows["x_pixel"] - x, rows["y_pixel"] - y) for x, y, _ in NEW], axis=0) < 1.0
    narrow = rows["fwhm_pixel"] < 1.8
    assert scores.notna().all()
    assert scores[near].min() > scores[narrow & ~near].quantile(0.95)


def test_the_report_of_it_is_written(alone):
    alone.make("PlotResults", "--survey", "mine", "--baseline", "drawn_boosting", "--replicates", "10")
    assert (alone.result("PlotResults") / "index.html").is_file()


def test_what_cannot_be_told_from_the_image_itself_is_not_injected(alone):
    finished = alone.luigi("SimulateTransients", "--survey", "mine", "--night", NIGHT, "--simulation", "point_sources")
    assert finished.code == 30
    line = finished.line("images.negative_share is 0.3; allowed: 0, because nothing can fade if nothing is subtracted")
    assert "images.host_share is 0.5; allowed: 0" in line


def test_a_recipe_that_lets_no_drawn_bogus_judge_says_what_it_left_out_and_what_to_set(alone):
    alone.write("datasets", "strict", {"extends": "mine", "training_only": ["bogus_draw"]})
    finished = alone.luigi("BuildDataset", "--survey", "mine", "--dataset", "strict")
    assert finished.code == 30
    line = finished.line("the validation part holds 0 groups of bogus")
    assert "bogus by bogus_draw (training only, outside training: such sources never judge: take them out of" in line
    trained = alone.luigi("TrainClassifier", "--survey", "mine", "--classifier", "boosting")
    assert trained.code == 30
    assert "bogus of 'bogus_draw', which never judge by `untrusted`" in trained.line("no usable row of class bogus")
