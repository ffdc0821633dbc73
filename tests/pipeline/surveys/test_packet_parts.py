"""A night of packets in parts: by two processes as by one, and without the labels that scores do not need."""

import operator

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import TooMuchLostError
from pipeline.io.packet_writer import write_packets
from pipeline.quality import Flag
from pipeline.surveys import packet_parts, parts
from pipeline.surveys.fetch import NightCutouts

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


def test_what_is_made_of_batches_is_the_same_in_two_processes_and_no_pixels_come_back(packet_survey, monkeypatch):
    monkeypatch.setattr(packet_parts, "TOGETHER", 2)
    survey = packet_survey()
    manifest = survey.freeze(NIGHT)
    one = list(parts.each_batch(survey, NIGHT, manifest, operator.attrgetter("cutouts.shape")))
    survey.workers = 2
    two = list(parts.each_batch(survey, NIGHT, manifest, operator.attrgetter("cutouts.shape")))
    assert [shape for _, shape in one] == [shape for _, shape in two] == [(2, 5, 5, 3), (2, 5, 5, 3), (1, 5, 5, 3)]
    assert all(len(batch.cutouts) == 0 < len(batch.candidates) for batch, _ in two)


TEACHER = {"provider": "teacher", "table": "teacher", "real_from": 0.5, "bogus_below": 0.5}
OTHER_TEACHER = {"provider": "teacher", "table": "rb", "real_from": 0.9, "bogus_below": 0.9}


def test_without_labels_their_tables_are_not_read_and_the_rows_are_the_same(packet_survey, monkeypatch):
    survey = packet_survey(labels=[TEACHER])
    given = {"name": "toy", "night": NIGHT, "manifest": survey.freeze(NIGHT)}
    labelled = rows(NightCutouts(survey, **given).batches())
    monkeypatch.setattr("pipeline.surveys.fetch.read_reference", None)
    night = NightCutouts(survey, **given, labels=False)
    (unlabelled,) = night.each(operator.attrgetter("candidates"))
    assert set(labelled["label"]) == {0, 1}
    assert set(unlabelled["label"]) == {-1}
    told = ["label", "kind", "label_source"]
    pd.testing.assert_frame_equal(unlabelled.drop(columns=told), labelled.drop(columns=told), check_dtype=False)
    assert night.counts["exposures"] == 5


@pytest.mark.parametrize("rule", ["drop", "stronger"])
def test_without_labels_those_that_drop_or_flag_rows_are_followed(packet_survey, rule):
    given = {"references": {"rb": "candidate.rb"}}
    survey = packet_survey(labels=[TEACHER, OTHER_TEACHER], conflicts=rule, input=given)
    night = {"name": "toy", "night": NIGHT, "manifest": survey.freeze(NIGHT)}
    labelled = rows(NightCutouts(survey, **night).batches())
    (followed,) = NightCutouts(survey, **night, labels=False).each(operator.attrgetter("candidates"))
    pd.testing.assert_frame_equal(followed, labelled)
    assert len(followed) < 5 or (followed["flags"] & int(Flag.BORDERLINE_LABEL)).any()


def test_too_many_bad_packets_fail_a_night_that_is_scored_as_well(packet_survey):
    survey = packet_survey(max_lost_fraction=0.2)
    for number in range(2):
        (survey.folder / f"bad{number}.avro").write_bytes(b"no")
    night = NightCutouts(survey, name="toy", night=NIGHT, manifest=survey.freeze(NIGHT), labels=False)
    with pytest.raises(TooMuchLostError, match=r"2 of 7 .* unusable"):
        list(night.each(operator.attrgetter("exposures")))
