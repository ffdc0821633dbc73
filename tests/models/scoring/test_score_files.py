import json
import logging
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest

import models.scoring.score_files
from models.scoring import runtime
from models.scoring.score_files import Scoring, score_file, score_night
from pipeline.errors import InputError
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.scores_file import read_scores, scores_provenance, unlike_training
from pipeline.stages.night_job import NightJob

JOB = NightJob(survey=None, name="memory", night="2026-01-05", manifest={}, provenance={"task": "Infer"})
RUNTIME = "onnxruntime, float32, CPUExecutionProvider"
OTHER = {
    "survey": {"trained": "memory", "scored": "other"},
    "pixel_scale_arcsec": {"trained": 1.0, "scored": 0.25},
}


@pytest.fixture
def scoring(ensemble):
    return Scoring(package=runtime.load(ensemble.package, threads=1), release="r1", seed=1)


@pytest.fixture
def four_candidates(make_rows, toy):
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
        night = {"job": JOB, "counts": {}, "percent": 100.0, "exposures": 1, "counted": "exposures"}
        given = {"each": lambda function: map(function, batches), "again": lambda: iter(batches)}
        reader = SimpleNamespace(header=head, **given, **night)
        score_night(path, scoring, reader)
    return path


@pytest.mark.parametrize("how", ["file", "night"])
def test_another_survey_and_pixel_scale_are_warned_about_and_stand_in_the_scores(
    how, scoring, four_candidates, tmp_path, caplog
):
    with caplog.at_level(logging.WARNING):
        path = score(how, header("other", 0.25), four_candidates, scoring, tmp_path)
    words = "a model trained on survey memory with pixels of 1 arcsec scores survey other with pixels of 0.25 arcsec"
    (told,) = [record.getMessage() for record in caplog.records if words in record.getMessage()]
    assert told.startswith("rows.h5: " if how == "file" else "night 2026-01-05: ")
    assert unlike_training(path) == OTHER
    assert scores_provenance(path)["task"] == "Infer"
    assert len(read_scores(path)) == 4


@pytest.mark.parametrize("how", ["file", "night"])
def test_cutouts_whose_pixel_scale_nobody_knows_are_scored_with_a_warning(
    how, scoring, four_candidates, tmp_path, caplog
):
    with caplog.at_level(logging.WARNING):
        score(how, header("memory", float("nan")), four_candidates, scoring, tmp_path)
    (told,) = caplog.messages
    assert "does not state its pixel scale, and the model learned from pixels of 1 arcsec" in told


@pytest.mark.parametrize("how", ["file", "night"])
def test_scores_and_log_say_which_runtime_and_provider_made_them(how, scoring, four_candidates, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        path = score(how, header("memory", 1.0), four_candidates, scoring, tmp_path)
    assert scores_provenance(path)["runtime"] == RUNTIME
    assert caplog.messages[-1].endswith(f" by {RUNTIME}")


@pytest.mark.parametrize("how", ["file", "night"])
def test_of_a_night_without_rows_the_scores_say_what_is_unlike_and_the_log_says_nothing(
    how, scoring, four_candidates, tmp_path, caplog
):
    with caplog.at_level(logging.WARNING):
        path = score(
            how, header("other", 0.25), (four_candidates[0].iloc[:0], four_candidates[1][:0]), scoring, tmp_path
        )
    assert caplog.records == []
    assert unlike_training(path) == OTHER
    assert read_scores(path).empty


@pytest.mark.parametrize("how", ["file", "night"])
def test_cutouts_like_those_of_training_are_scored_without_a_word(how, scoring, four_candidates, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        path = score(how, header("memory", 1.0), four_candidates, scoring, tmp_path)
    assert caplog.records == []
    assert unlike_training(path) == {}


class CountingNight:
    """A night of which each batch counts as an exposure once it is read."""

    counted = "exposures"

    def __init__(self, head, batches):
        self.header, self.job, self.percent, self.exposures = head, JOB, 100.0, 0
        self._batches = batches

    @property
    def counts(self):
        return {"exposures": self.exposures}

    def again(self):
        return iter(self._batches)

    def each(self, function):
        for batch in self._batches:
            self.exposures += 1
            yield function(batch)


def test_scores_of_a_night_say_how_much_of_it_was_read(scoring, four_candidates, tmp_path):
    frame, pixels = four_candidates
    night = CountingNight(header("memory", 1.0), [SimpleNamespace(candidates=frame, cutouts=pixels)] * 3)
    score_night(tmp_path / "scores.parquet", scoring, night)
    stated = pq.read_table(tmp_path / "scores.parquet").schema.metadata[b"provenance"]
    assert scores_provenance(tmp_path / "scores.parquet") == json.loads(stated)
    assert json.loads(stated) == {"task": "Infer", "read": {"exposures": 3}, "runtime": RUNTIME}


@pytest.mark.parametrize("batch_size", [1, 3, 256])
def test_two_processes_give_the_scores_of_one(batch_size, scoring, four_candidates, tmp_path, monkeypatch):
    monkeypatch.setattr(models.scoring.score_files, "_BLOCKS", 1)
    digests = set()
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        how = replace(scoring, processes=processes, batch_size=batch_size)
        digests.add(content_sha256(score("file", header("memory", 1.0), four_candidates, how, folder)))
    assert len(digests) == 1


def test_a_number_of_processes_that_cannot_be_is_refused(scoring):
    with pytest.raises(InputError, match=r"processes is -1; allowed: 0 \(one a core\) or more"):
        replace(scoring, processes=-1)


def test_the_processes_share_the_threads(scoring):
    shared = replace(scoring, package=replace(scoring.package, threads=5), processes=2).share
    assert shared.package.threads == 2
    assert replace(shared, processes=9).share.package.threads == 1


def test_names_asked_for_are_found_by_whichever_process_has_them(scoring, four_candidates, tmp_path, monkeypatch):
    monkeypatch.setattr(models.scoring.score_files, "_BLOCKS", 1)
    how = replace(scoring, processes=2, batch_size=1, only=("b", "d"))
    assert read_scores(score("file", header("memory", 1.0), four_candidates, how, tmp_path))[
        "candidate_id"
    ].tolist() == ["b", "d"]
    with pytest.raises(InputError, match=r"'x' is no candidate and no object of rows.h5"):
        score("file", header("memory", 1.0), four_candidates, replace(how, only=("b", "x")), tmp_path)


@pytest.mark.replaces("gotorb", "G15")
@pytest.mark.parametrize("normalisation", ["bg_sub", "asinh"])
def test_another_data_set_is_measured_with_the_channels_and_the_normalisation_of_the_package(
    normalisation, toy, make_rows, tmp_path
):
    own = toy.dataset(size=15)
    settings = {**toy.network, "normalisation": normalisation, "epochs": 1, "channels": ["difference", "science"]}
    settings |= {"size_pixel": 15, "posterior_samples": 0}
    written = toy.train_and_write(tmp_path, own, settings)
    labels = np.arange(6) % 2
    pixels = toy.cutouts(labels, 19, np.random.default_rng(5))
    channels = ("template", "science", "extra", "difference")
    other = np.stack([pixels[..., 1], pixels[..., 0], np.full_like(pixels[..., 0], 7.0), pixels[..., 2]], axis=-1)
    with CutoutWriter(
        tmp_path / "other.h5",
        CutoutHeader(survey="other", channels=channels, size_pixel=19, pixel_scale_arcsec=1.0),
    ) as writer:
        writer.append(other, make_rows("abcdef"))
    scoring = Scoring(package=runtime.load(written.package), release="r1", seed=1)
    score_file(tmp_path / "scores.parquet", scoring, rows=tmp_path / "other.h5", provenance={"task": "Infer"})
    middle = other[:, 2:17, 2:17][..., [3, 1]]
    wanted = written.platt.apply(written.trained.fitted.logits(np.ascontiguousarray(middle))[:, 0])
    assert np.ptp(wanted) > 0
    np.testing.assert_allclose(read_scores(tmp_path / "scores.parquet")["score"], wanted, atol=1e-5)
