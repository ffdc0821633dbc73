import logging
from types import SimpleNamespace

import numpy as np
import pytest

from models import runtime
from models.scoring import Scoring, score_file, score_night
from pipeline.io.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.scores_file import read_scores, scores_provenance, unlike_training

OTHER = {
    "survey": {"trained": "memory", "scored": "other"},
    "pixel_scale_arcsec": {"trained": 1.0, "scored": 0.25},
}


@pytest.fixture
def scoring(ensemble):
    return Scoring(package=runtime.load(ensemble.package, threads=1), release="r1", seed=1)


@pytest.fixture
def rows(make_rows, toy):
    """Candidate columns and cutouts of four candidates."""
    return make_rows("abcd"), toy.cutouts([0, 1, 0, 1], 15, np.random.default_rng(1))


def header(survey, scale):
    channels = ("science", "template", "difference")
    return CutoutHeader(survey=survey, channels=channels, size_pixel=15, pixel_scale_arcsec=scale)


def score(how, head, rows, scoring, tmp_path):
    """Return the scores of a cutout file, or of a night as it is read."""
    path, (frame, pixels) = tmp_path / "scores.parquet", rows
    if how == "file":
        with CutoutWriter(tmp_path / "rows.h5", head) as writer:
            writer.append(pixels, frame)
        score_file(path, scoring, rows=tmp_path / "rows.h5", provenance={"task": "Infer"})
    else:
        batches = [SimpleNamespace(candidates=frame, cutouts=pixels)]
        night = {"night": "2026-01-05", "counts": {}, "percent": 100.0, "exposures": 1}
        reader = SimpleNamespace(header=head, each=lambda function: map(function, batches), **night)
        score_night(path, scoring, reader, provenance={"task": "Infer"})
    return path


@pytest.mark.parametrize("how", ["file", "night"])
def test_another_survey_and_pixel_scale_are_warned_about_and_stand_in_the_scores(how, scoring, rows, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        path = score(how, header("other", 0.25), rows, scoring, tmp_path)
    words = "a model trained on survey memory with pixels of 1 arcsec scores survey other with pixels of 0.25 arcsec"
    (told,) = [record.getMessage() for record in caplog.records if words in record.getMessage()]
    assert told.startswith("rows.h5: " if how == "file" else "night 2026-01-05: ")
    assert unlike_training(path) == OTHER
    assert scores_provenance(path)["task"] == "Infer"
    assert len(read_scores(path)) == 4


@pytest.mark.parametrize("how", ["file", "night"])
def test_cutouts_like_those_of_training_are_scored_without_a_word(how, scoring, rows, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        path = score(how, header("memory", 1.0), rows, scoring, tmp_path)
    assert caplog.records == []
    assert unlike_training(path) == {}
