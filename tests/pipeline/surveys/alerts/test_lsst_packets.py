"""LSST's packets, made after their schema, through the survey that is shipped."""

import io
import json

import fastavro
import luigi
import numpy as np
import pytest
from lsst_packets import lsst_packet, write_lsst_packets

import tasks
from pipeline.io import settings_files
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

NIGHT = "2026-01-05"


def read(survey, night=NIGHT):
    return list(survey.read(night, survey.freeze(night)))


def test_packets_after_the_public_lsst_schema_are_read(packet_survey, tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NIGHTSIFT_LSST_PACKETS", str(tmp_path / "lsst"))
    (tmp_path / "lsst").mkdir()
    large = np.random.default_rng(1).normal(size=(37, 37)).astype(np.float32)
    packets = [lsst_packet(0, large[4:34, 4:34]), lsst_packet(1, large)]
    write_lsst_packets(tmp_path / "lsst" / "visit.avro", packets)
    survey = open_survey(settings_files.load("surveys", "lsst_packets", SurveySettings), "lsst_packets")
    assert survey.check() == []
    (batch,) = read(survey)
    found = batch.candidates
    assert found[["candidate_id", "object_id"]].to_numpy().tolist() == [[str(2**60), "7"], [str(2**60 + 1), "8"]]
    assert found["time_mjd"].tolist() == pytest.approx([61045.9] * 2, abs=1e-8)
    assert found["flux_sign"].tolist() == [1, -1]
    np.testing.assert_allclose(found["magnitude"], 23.9, rtol=1e-6)
    np.testing.assert_array_equal(batch.cutouts[0, 1:, 1:], batch.cutouts[1, 1:, 1:])
    np.testing.assert_allclose(found["edge_fraction"], [1 - (29 / 30) ** 2, 0.0], rtol=1e-6)
    assert survey.reference("reliability", NIGHT)["score"].tolist() == [0.75, 0.75]


def message(packet, schema, number):
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), packet)
    return b"\0" + number.to_bytes(4, "big") + buffer.getvalue()


@pytest.fixture
def stream_survey(tmp_path, monkeypatch):
    """Messages as LSST's stream hands them out, two of version 10.0 and one of 10.1, with the schema of 10.0 alone."""
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NIGHTSIFT_LSST_PACKETS", str(tmp_path / "lsst"))
    monkeypatch.setenv("NIGHTSIFT_LSST_SCHEMAS", str(tmp_path / "schemas"))
    (tmp_path / "lsst").mkdir()
    image = np.random.default_rng(1).normal(size=(30, 30)).astype(np.float32)
    for row, number in enumerate((1000, 1000, 1001)):
        schema, packet = lsst_packet(row, image)
        (tmp_path / "lsst" / f"{row}.avro").write_bytes(message(packet, schema, number))
    layout = tmp_path / "schemas" / "10" / "0"
    layout.mkdir(parents=True)
    (layout / "lsst.v10_0.alert.avsc").write_text(json.dumps(schema))
    return lambda: open_survey(settings_files.load("surveys", "lsst_packets", SurveySettings), "lsst_packets")


def test_messages_without_their_schema_are_read_and_one_of_another_id_is_lost(stream_survey):
    survey = stream_survey()
    assert survey.check() == []
    assert survey.nights() == [NIGHT]
    lost, batch = read(survey)
    assert batch.candidates["candidate_id"].tolist() == [str(2**60), str(2**60 + 1)]
    assert survey.reference("reliability", NIGHT)["score"].tolist() == [0.75, 0.75]
    assert lost.lost == 1
    (reason,) = lost.dropped["reason"]
    assert reason.startswith("2.avro: a Kafka message in Confluent's wire format (byte 0, schema id 1001)")
    assert "known: 1000; add 1001.avsc, or LSST's 10/1/lsst.v10_1.alert.avsc" in reason


def test_a_schema_that_is_added_makes_its_messages_readable_and_the_night_another(stream_survey, tmp_path):
    before = tasks.FreezeInputs(survey="lsst_packets", night=NIGHT).fingerprint
    read(stream_survey())
    schema = json.loads((tmp_path / "schemas" / "10" / "0" / "lsst.v10_0.alert.avsc").read_text())
    (tmp_path / "schemas" / "1001.avsc").write_text(json.dumps(schema))
    luigi.task.Register.clear_instance_cache()
    assert tasks.FreezeInputs(survey="lsst_packets", night=NIGHT).fingerprint != before
    (batch,) = read(stream_survey())
    assert len(batch.candidates) == 3


def test_check_names_a_schema_that_cannot_be_read(stream_survey, tmp_path):
    (tmp_path / "schemas" / "1001.avsc").write_text("{")
    (fault,) = stream_survey().check()
    assert "1001.avsc is not an Avro schema" in fault


def test_without_schemas_the_message_is_named_with_its_id_and_the_setting(stream_survey, monkeypatch):
    monkeypatch.delenv("NIGHTSIFT_LSST_SCHEMAS")
    (fault,) = stream_survey().check()
    assert fault.startswith("0.avro: a Kafka message in Confluent's wire format (byte 0, schema id 1000) without its")
    assert fault.endswith("name a folder of schemas, or a file for each id, in `schemas` of the survey's input")
