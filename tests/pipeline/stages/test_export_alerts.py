"""Scored alert packets: any reader of Avro gets what is known of a candidate and what a model said of it."""

import gzip
import io

import fastavro
import numpy as np
import pytest
from astropy.io import fits

from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.scores_file import ScoresWriter
from pipeline.stages.export_alerts import export_alerts
from pipeline.stages.export_probabilities import ScoredRows

IDS = ["0017", "9007199254740993"]
PIXELS = np.arange(36, dtype=np.float32).reshape(2, 3, 3, 2)


@pytest.fixture
def scored(tmp_path, make_rows):
    return scored_rows(tmp_path, make_rows)


def scored_rows(tmp_path, make_rows, **metadata):
    rows = make_rows(IDS, label=[1, 0]).assign(magnitude=np.array([18.5, np.nan], np.float32), **metadata)
    header = CutoutHeader(
        survey="toy", channels=("science", "difference"), size_pixel=3, pixel_scale_arcsec=1.0, metadata=tuple(metadata)
    )
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        writer.append(PIXELS, rows)
    score = np.array([0.25, np.nan], np.float32)
    table = rows[["candidate_id", "object_id", "exposure_id", "night"]].assign(
        split=np.int8(-1), score=score, score_std=np.nan, entropy=np.nan, bald=np.nan, model="m", release="r1",
        label_predicted=np.array([0, -1], np.int8), p_0=1 - score, p_1=score, flags=np.array([0, 64], np.int32),
    )  # fmt: skip
    about = {"identity": {"decides": {"package": "abc"}}, "code": {"version": "1.2"}}
    with ScoresWriter(tmp_path / "scores.parquet", 2, about) as writer:
        writer.append(table)
    return ScoredRows(
        scores=tmp_path / "scores.parquet", rows=tmp_path / "rows.h5", class_names=("bogus", "real"),
        id_column="candidate_id",
    )  # fmt: skip


def read(path):
    with path.open("rb") as stream:
        return list(fastavro.reader(stream))


def test_each_record_has_score_model_and_version(scored, tmp_path):
    assert export_alerts(tmp_path / "a.avro", scored) == 2
    first, second = read(tmp_path / "a.avro")
    assert (first["candidate_id"], first["score"], first["class_predicted"]) == ("0017", 0.25, "bogus")
    assert first["probabilities"] == {"bogus": 0.75, "real": 0.25}
    assert (first["survey"], first["model"], first["model_version"], first["release"]) == ("toy", "m", "abc", "r1")
    assert first["nightsift_version"] == "1.2"
    assert first["magnitude"] == 18.5
    assert (second["candidate_id"], second["score"], second["magnitude"]) == ("9007199254740993", None, None)
    assert (second["class_predicted"], second["probabilities"], second["flags"]) == ("", {}, ["NOT_SCORED"])
    assert "cutout_science" not in first
    assert "metadata" not in first


def test_what_the_survey_keeps_of_a_packet_stays_with_the_record(tmp_path, make_rows):
    kept = {"nbad": np.array([0, 3], np.float32), "elong": np.array([1.25, np.nan], np.float32)}
    export_alerts(tmp_path / "a.avro", scored_rows(tmp_path, make_rows, **kept))
    assert [record["metadata"] for record in read(tmp_path / "a.avro")] == [{"nbad": 0.0, "elong": 1.25}, {"nbad": 3.0}]


def test_stamps_come_along_if_asked_for(scored, tmp_path):
    export_alerts(tmp_path / "a.avro", scored, stamps=True)
    for record, pixels in zip(read(tmp_path / "a.avro"), PIXELS, strict=True):
        for place, name in enumerate(("science", "difference")):
            with fits.open(io.BytesIO(gzip.decompress(record[f"cutout_{name}"]))) as stamp:
                np.testing.assert_array_equal(stamp[0].data, pixels[..., place])


def test_the_same_scores_make_the_same_bytes(scored, tmp_path):
    for name in ("a", "b"):
        export_alerts(tmp_path / f"{name}.avro", scored)
    assert (tmp_path / "a.avro").read_bytes() == (tmp_path / "b.avro").read_bytes()
