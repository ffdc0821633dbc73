"""A night of packets in parts: by two processes as by one, and without the labels that scores do not need."""

import operator

import numpy as np
import pandas as pd
import pytest

from pipeline.cutouts.missing import Flag
from pipeline.errors import TooMuchLostError
from pipeline.io.alerts import avro
from pipeline.io.alerts.packet_writer import fits_bytes, write_packets
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys import night_parts
from pipeline.surveys.alerts import packet_parts

NIGHT = "2026-01-05"


def read(survey):
    return list(survey.read(NIGHT, survey.freeze(NIGHT)))


def rows(batches):
    return pd.concat([batch.candidates for batch in batches], ignore_index=True)


def dropped(batches):
    return pd.concat([batch.dropped for batch in batches], ignore_index=True)


def test_two_processes_read_what_one_reads_from_files_of_one_packet_and_of_several(
    packet_survey, make_packet, monkeypatch
):
    monkeypatch.setattr(packet_parts, "TOGETHER", 2)
    survey = packet_survey()
    broken = make_packet(8, [b"no stamp", None, None])
    write_packets(survey.folder / "more.avro", [make_packet(6), broken, make_packet(7)], codec="deflate")
    one = read(survey)
    survey.workers = 2
    two = read(survey)
    assert [batch.lost for batch in two] == [batch.lost for batch in one]
    assert [len(batch.candidates) for batch in two] == [len(batch.candidates) for batch in one]
    pd.testing.assert_frame_equal(rows(two), rows(one))
    pd.testing.assert_frame_equal(dropped(two), dropped(one))
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(second.cutouts, first.cutouts)


def test_a_row_is_flagged_where_nothing_tells_which_end_its_stamp_lacks(packet_survey, make_packet):
    cut_off = [fits_bytes(np.ones((5, 3), np.float32))] * 3
    places = {0: {"xpos": None}, 1: {"xpos": 3071.0}, 2: {"xpos": 1500.0}}
    packets = [make_packet(row, cut_off, ypos=900.0, **place) for row, place in places.items()]
    candidates = rows(read(packet_survey([*packets, make_packet(3)])))
    unsure = candidates["flags"].to_numpy() & int(Flag.UNSURE_CENTRE) > 0
    assert dict(zip(candidates["candidate_id"], unsure, strict=True)) == {
        str(2**53 + 1): True,
        str(2**53 + 2): False,
        str(2**53 + 3): True,
        str(2**53 + 4): False,
    }


def test_what_is_made_of_batches_is_the_same_in_two_processes_and_no_pixels_come_back(packet_survey, monkeypatch):
    monkeypatch.setattr(packet_parts, "TOGETHER", 2)
    survey = packet_survey()
    manifest = survey.freeze(NIGHT)
    one = list(night_parts.each_batch(survey, NIGHT, manifest, operator.attrgetter("cutouts.shape")))
    survey.workers = 2
    two = list(night_parts.each_batch(survey, NIGHT, manifest, operator.attrgetter("cutouts.shape")))
    assert [shape for _, shape in one] == [shape for _, shape in two] == [(2, 5, 5, 3), (2, 5, 5, 3), (1, 5, 5, 3)]
    assert all(len(batch.cutouts) == 0 < len(batch.candidates) for batch, _ in two)


TEACHER = {"provider": "teacher", "table": "teacher", "real_from": 0.5, "bogus_below": 0.5}
OTHER_TEACHER = {"provider": "teacher", "table": "rb", "real_from": 0.9, "bogus_below": 0.9}


def test_without_labels_their_tables_are_not_read_and_the_rows_are_the_same(packet_survey, monkeypatch):
    survey = packet_survey(labels=[TEACHER])
    job = {"name": "toy", "night": NIGHT, "manifest": survey.freeze(NIGHT)}
    labelled = rows(NightCutouts(NightJob(survey=survey, **job)).batches())
    monkeypatch.setattr("pipeline.surveys.label_tables.read_reference", None)
    night = NightCutouts(NightJob(survey=survey, **job), labels=False)
    (unlabelled,) = night.each(operator.attrgetter("candidates"))
    assert set(labelled["label"]) == {0, 1}
    assert set(unlabelled["label"]) == {-1}
    told = ["label", "kind", "label_source"]
    pd.testing.assert_frame_equal(unlabelled.drop(columns=told), labelled.drop(columns=told), check_dtype=False)
    assert night.counts["exposures"] == 5


@pytest.mark.parametrize("rule", ["drop", "stronger"])
def test_without_labels_those_that_drop_or_flag_rows_are_followed(packet_survey, rule):
    survey_input = {"references": {"rb": "candidate.rb"}}
    survey = packet_survey(labels=[TEACHER, OTHER_TEACHER], conflicts=rule, input=survey_input)
    night = {"name": "toy", "night": NIGHT, "manifest": survey.freeze(NIGHT)}
    labelled = rows(NightCutouts(NightJob(survey=survey, **night)).batches())
    (followed,) = NightCutouts(NightJob(survey=survey, **night), labels=False).each(operator.attrgetter("candidates"))
    pd.testing.assert_frame_equal(followed, labelled)
    assert len(followed) < 5 or (followed["flags"] & int(Flag.BORDERLINE_LABEL)).any()


def test_too_many_bad_packets_fail_a_night_that_is_scored_as_well(packet_survey):
    survey = packet_survey(max_lost_fraction=0.2)
    for number in range(2):
        (survey.folder / f"bad{number}.avro").write_bytes(b"no")
    night = NightCutouts(NightJob(survey=survey, name="toy", night=NIGHT, manifest=survey.freeze(NIGHT)), labels=False)
    with pytest.raises(TooMuchLostError, match=r"2 of 7 .* unusable"):
        list(night.each(operator.attrgetter("exposures")))


@pytest.fixture
def decoded(monkeypatch):
    """Return a list that grows with each Avro record that is decoded."""
    found, decode = [], avro.schemaless_reader
    monkeypatch.setattr(avro, "schemaless_reader", lambda *arguments: found.append(1) or decode(*arguments))
    return found


@pytest.mark.parametrize(("codec", "once_more"), [("null", 0), ("deflate", 3)])
def test_a_packet_is_decoded_for_the_index_and_once_more_only_where_its_file_is_compressed(
    codec, once_more, packet_survey, make_packet, decoded
):
    survey = packet_survey()
    several = [make_packet(row, jd=2461046.4) for row in (6, 7, 8)]
    write_packets(survey.folder / "more.avro", several, codec=codec)
    manifest = survey.freeze(NIGHT)
    assert len(decoded) == 9
    assert sum(len(batch.candidates) for batch in survey.read(NIGHT, manifest)) == 8
    assert len(decoded) == 9 + once_more


@pytest.mark.parametrize("broken", ["stamp", "field"])
def test_packets_by_their_notes_are_those_that_are_decoded(broken, packet_survey, make_packet, decoded, monkeypatch):
    faults = {"stamp": make_packet(4, [b"no stamp", None, None]), "field": make_packet(4, dec=91.0)}
    survey = packet_survey([*(make_packet(row) for row in range(4)), faults[broken]])
    manifest = survey.freeze(NIGHT)
    noted = list(survey.read(NIGHT, manifest))
    count = len(decoded)
    monkeypatch.setattr(packet_parts, "read_stored", lambda *_: None)
    plain = list(survey.read(NIGHT, manifest))
    assert len(decoded) == count + 5
    pd.testing.assert_frame_equal(rows(noted), rows(plain))
    pd.testing.assert_frame_equal(dropped(noted), dropped(plain))
    for first, second in zip(noted, plain, strict=True):
        np.testing.assert_array_equal(first.cutouts, second.cutouts)


def test_a_file_that_changed_while_a_night_is_read_is_decoded(packet_survey, make_packet):
    survey = packet_survey([make_packet(0)])
    (part,) = survey.parts(NIGHT, survey.freeze(NIGHT))
    write_packets(survey.folder / "0.avro", [make_packet(0, history=5, magpsf=12.5)])
    (batch,) = survey.read_part(part)
    assert batch.candidates["magnitude"].tolist() == [12.5]


def test_nan_are_searched_for_once(packet_survey, monkeypatch):
    survey = packet_survey(cutout_size_pixel=6)
    manifest, searched = survey.freeze(NIGHT), []
    search = np.isnan
    monkeypatch.setattr(np, "isnan", lambda values: searched.append(np.size(values)) or search(values))
    (batch,) = survey.read(NIGHT, manifest)
    assert search(batch.cutouts).any()
    assert all(size < batch.cutouts.size for size in searched)
