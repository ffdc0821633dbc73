"""A package of features trained on images of one sampling, and cutouts of the same sky at another."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.studies.synthetic.sampling import lines_of
from models.scoring import runtime
from models.scoring.measured_sampling import at_sampling_of
from models.scoring.score_files import Scoring, score_file
from models.training.in_memory import MemoryDataSet
from pipeline.errors import IncompatiblePackageError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.scores_file import read_scores

CHANNELS = ("science", "template", "difference")
BOOSTING = {"classifier": "boosting", "settings": {"n_estimators": 20}, "threads": 1}


def sky(toy, rows, *, scale=1.0, size=31, seed=0):
    """Candidates and cutouts: reals are new stars, bogus new blobs, between stars of a FWHM of 2.2 pixels / scale."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(rows) % 2)
    side, sigma = round(size / scale), 2.2 / scale / 2.3548
    yy, xx = (np.mgrid[:side, :side] - side // 2)[:, None] * np.ones((1, rows, 1, 1))

    def star(x, y, flux, wide=1.0):
        flux, x, y, width = (np.reshape(value, (-1, 1, 1)) for value in (flux, x, y, sigma * wide))
        square = (xx - x / scale) ** 2 + (yy - y / scale) ** 2
        return flux * np.exp(-0.5 * square / width**2) / (2 * np.pi * width**2)

    static = sum(star(*rng.uniform(-13, 13, (2, rows)), rng.uniform(2e3, 1e4, rows)) for _ in range(2))
    wide = np.where(labels, 1.0, rng.uniform(1.7, 2.5, rows))
    noise = rng.normal(0, 6 * scale, (2, rows, side, side))
    old, new = static + noise[0], static + star(0, 0, rng.uniform(1e3, 4e3, rows) * wide, wide) + noise[1]
    return toy.candidates(labels), np.stack([new, old, new - old], axis=-1).astype(np.float32)


@pytest.fixture(scope="module")
def boosting(tmp_path_factory, toy):
    parts = {part: sky(toy, n, seed=n) for part, n in (("train", 200), ("validation", 80), ("test", 40))}
    made = toy.train_and_write(tmp_path_factory.mktemp("boosting"), MemoryDataSet(parts=parts), BOOSTING)
    return runtime.load(made.package, threads=1)


def write(path, frame, cutouts):
    head = CutoutHeader(survey="memory", channels=CHANNELS, size_pixel=cutouts.shape[1], pixel_scale_arcsec=1.0)
    with CutoutWriter(path, head) as writer:
        writer.append(cutouts, frame)
    return path


def right(package, frame, cutouts):
    """Share of rows on the side of 0.5 on which their label is."""
    return ((package.predict(cutouts, CHANNELS)[:, 1] > 0.5) == (frame["label"] == 1)).mean()


def test_the_package_and_its_card_state_the_fwhm_of_the_training(boosting):
    assert boosting.content["external_features"]["fwhm_pixel"] == pytest.approx(2.2, rel=0.03)
    assert boosting.content["input"]["size_pixel_min"] == 21
    card = (boosting.directory / "card.md").read_text()
    assert "of images with a FWHM of about 2.2 pixels" in card
    assert "from 21 x 21 pixels on" in card


@pytest.mark.parametrize("scale", [0.5, 0.3])
def test_the_same_sky_at_another_sampling_is_scored_as_well_as_at_that_of_the_training(boosting, toy, scale):
    frame, cutouts = sky(toy, 80, scale=scale, size=41, seed=5)
    package = at_sampling_of(boosting, lambda: [cutouts], CHANNELS)
    assert package.fwhm_pixel == pytest.approx(2.2 / scale, rel=0.05)
    assert right(package, frame, cutouts) > 0.95
    assert right(boosting, frame, cutouts) < 0.8


def test_seeing_near_that_of_the_training_changes_no_score(boosting, toy):
    cutouts = sky(toy, 40, seed=6)[1]
    as_trained = boosting.predict(cutouts, CHANNELS)
    np.testing.assert_array_equal(boosting.at_fwhm(2.9).predict(cutouts, CHANNELS), as_trained)
    assert (boosting.at_fwhm(4.0).predict(cutouts, CHANNELS) != as_trained).any()


def test_a_stated_fwhm_wins_and_a_model_of_pixels_looks_at_none(boosting, network):
    def none():
        raise AssertionError("rows were read")

    assert at_sampling_of(boosting, none, CHANNELS, stated=4.5).fwhm_pixel == 4.5
    of_pixels = runtime.load(network.package, threads=1)
    assert at_sampling_of(of_pixels, none, CHANNELS) is of_pixels


def test_where_no_star_is_seen_a_warning_says_what_is_taken_for_granted(boosting, ensemble, caplog):
    dark = np.random.default_rng(1).normal(size=(30, 31, 31, 3)).astype(np.float32)
    at_sampling_of(boosting, lambda: [dark], CHANNELS)
    (line,) = (record for record in caplog.records if record.levelname == "WARNING")
    assert "too few stars to measure the FWHM" in line.message
    caplog.clear()
    of_unknown_fwhm = runtime.load(ensemble.package, threads=1)
    assert at_sampling_of(of_unknown_fwhm, lambda: [dark], CHANNELS) is of_unknown_fwhm
    assert not caplog.records


@pytest.mark.parametrize(
    ("batch_size", "processes", "only"), [(7, 1, ()), (300, 1, ()), (64, 2, ()), (64, 1, ["c000071"])]
)
def test_scores_of_another_sampling_depend_on_neither_blocks_nor_processes(
    boosting, toy, make_rows, tmp_path, batch_size, processes, only
):
    candidates, cutouts = sky(toy, 90, scale=0.5, seed=7)
    rows = write(tmp_path / "rows.h5", make_rows(candidates["candidate_id"].tolist()), cutouts)
    plain = Scoring(package=boosting, release="r1", seed=1)
    score_file(tmp_path / "plain.parquet", plain, rows=rows, provenance={})
    scoring = replace(plain, batch_size=batch_size, processes=processes, only=only)
    score_file(tmp_path / "other.parquet", scoring, rows=rows, provenance={})
    wanted = read_scores(tmp_path / "plain.parquet").set_index("candidate_id")["score"]
    found = read_scores(tmp_path / "other.parquet").set_index("candidate_id")["score"]
    np.testing.assert_allclose(found, wanted[found.index], rtol=0, atol=1e-6)


def test_cutouts_from_the_minimum_on_are_scored_and_smaller_ones_refused(boosting, toy):
    frame, cutouts = sky(toy, 60, size=45, seed=8)
    for side in (21, 30, 45):
        first = 22 - side // 2
        assert right(boosting, frame, cutouts[:, first : first + side, first : first + side]) > 0.9
    with pytest.raises(IncompatiblePackageError, match="takes cutouts of 21 pixels a side or more; given 20; a survey"):
        boosting.predict(cutouts[:, :20, :20], CHANNELS)


def test_larger_cutouts_score_as_their_middle(boosting, toy):
    cutouts = sky(toy, 30, size=45, seed=9)[1]
    middle = cutouts[:, 7:38, 7:38]
    np.testing.assert_array_equal(boosting.predict(cutouts, CHANNELS), boosting.predict(middle, CHANNELS))


def test_a_package_of_images_of_unknown_fwhm_measures_cutouts_as_they_are(ensemble, toy):
    package = runtime.load(ensemble.package, threads=1)
    assert json.loads((ensemble.package / "package.json").read_text())["external_features"]["fwhm_pixel"] is None
    cutouts = toy.cutouts([0, 1], 15, np.random.default_rng(2))
    scores = [one.predict(cutouts, CHANNELS) for one in (package, package.at_fwhm(6.0))]
    np.testing.assert_array_equal(*scores)


def test_the_study_prints_how_well_rows_are_told_apart_both_ways(boosting, toy, make_rows, tmp_path):
    frame, cutouts = sky(toy, 60, scale=0.5, size=41, seed=3)
    rows = write(
        tmp_path / "rows.h5", make_rows(frame["candidate_id"].tolist(), label=frame["label"].tolist()), cutouts
    )
    head, plain, resampled = lines_of(boosting.directory, rows)
    assert "30 real, 30 bogus; FWHM 4." in head
    assert [line.split(":")[0] for line in (plain, resampled)] == ["  as they are", "  resampled"]
    auc = [float(line.split("AUC ")[1].split()[0]) for line in (plain, resampled)]
    assert auc[1] > 0.98 > auc[0]
