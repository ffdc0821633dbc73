import json
import logging
import re
import tarfile

import fastavro
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.cutouts.missing import Flag
from pipeline.errors import (
    ChangedInputError,
    InputError,
    MissingInputError,
    NightsiftError,
    SettingsError,
    TooMuchLostError,
)
from pipeline.io.alerts.packet_writer import fits_bytes, write_packets
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.alerts import packet_parts

NIGHT = "2026-01-05"
NEXT = "2026-01-06"


def read(survey, night=NIGHT):
    return list(survey.read(night, survey.freeze(night)))


def rows(batches):
    return pd.concat([batch.candidates for batch in batches], ignore_index=True)


def dropped(batches):
    return pd.concat([batch.dropped for batch in batches], ignore_index=True)


def fetch(survey, path, night=NIGHT):
    options = {"name": "toy", "night": night, "manifest": survey.freeze(night), "provenance": {}}
    fetch_cutouts(path, NightJob(survey=survey, **options))


def test_ids_stamps_bands_and_signs_belong_together(packet_survey):
    (batch,) = read(packet_survey(pixel_origin=1))
    found = batch.candidates
    assert found["candidate_id"].tolist() == [str(2**53 + 1 + row) for row in range(5)]
    assert found["object_id"].tolist() == ["o0", "o0", "o1", "o1", "o2"]
    assert set(found["band"]) == {"r"}
    assert found["flux_sign"].tolist() == [1, -1, 1, -1, 1]
    assert set(found["x_pixel"]) == {1499.0}
    assert found["time_mjd"].tolist() == pytest.approx([61045.9] * 5)
    for row in range(5):
        image = np.random.default_rng(row).normal(size=(3, 5, 5)).astype(np.float32)
        np.testing.assert_array_equal(batch.cutouts[row], np.moveaxis(image, 0, -1))


def test_nights_follow_from_time_and_longitude(packet_survey):
    assert packet_survey().nights() == [NIGHT, NEXT]
    assert packet_survey(longitude_deg=-160.0).nights() == ["2026-01-04", NIGHT]


def test_finding_nights_decodes_no_stamp_and_reads_each_file_once(packet_survey, monkeypatch):
    survey = packet_survey()
    monkeypatch.setattr("pipeline.surveys.alerts.packet_rows.read_stamp", None)
    survey.nights()
    monkeypatch.setattr("pipeline.surveys.alerts.packet_table.read_packets", None)
    assert survey.nights() == [NIGHT, NEXT]
    assert survey.freeze(NIGHT)["queries"]["packets"]["rows"] == 5


def test_a_night_freezes_its_own_files_alone(packet_survey):
    survey = packet_survey()
    assert list(survey.freeze(NIGHT)["files"]) == [f"{row}.avro" for row in range(5)]
    assert list(survey.freeze(NEXT)["files"]) == ["5.avro"]
    assert survey.freeze(NEXT)["files"]["5.avro"]["size"] == (survey.folder / "5.avro").stat().st_size


def test_a_packet_that_came_late_is_noticed(packet_survey, make_packet):
    survey = packet_survey()
    manifest = survey.freeze(NIGHT)
    write_packets(survey.folder / "late.avro", [make_packet(0, candid=99)])
    with pytest.raises(
        ChangedInputError,
        match=r"the packet file late.avro changed since the night was frozen \(missing then, .* bytes now\); use",
    ):
        list(survey.read(NIGHT, manifest))


def test_packets_come_in_blocks(packet_survey, monkeypatch):
    monkeypatch.setattr(packet_parts, "TOGETHER", 2)
    assert [len(batch.candidates) for batch in read(packet_survey())] == [2, 2, 1]


def test_a_conflict_with_a_packet_of_another_night_is_an_error(packet_survey, make_packet):
    survey = packet_survey()
    write_packets(survey.folder / "again.avro", [make_packet(1, jd=2461099.5)])
    with pytest.raises(InputError, match=r"appears in 1\.avro and, with other contents, in again\.avro; keep one"):
        survey.freeze(NIGHT)


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy"])
@pytest.mark.parametrize("candid_on_top", [True, False])
def test_many_packets_in_one_file_are_the_same_as_one_each(packet_survey, make_packet, codec, candid_on_top, tmp_path):
    one = read(packet_survey())
    folder = tmp_path / "together"
    folder.mkdir()
    write_packets(folder / "all.avro", [make_packet(row) for row in range(6)], codec=codec, candid_on_top=candid_on_top)
    together = read(packet_survey([], folder))
    pd.testing.assert_frame_equal(rows(together), rows(one))
    np.testing.assert_array_equal(together[0].cutouts, one[0].cutouts)


def test_an_archive_is_the_same_as_its_files(packet_survey, tmp_path):
    survey = packet_survey()
    with tarfile.open(tmp_path / "night.tar.gz", "w:gz") as archive:
        archive.add(survey.folder, "anything")
    packed = packet_survey([], input={"packets": str(tmp_path / "*.tar.gz")})
    assert packed.folder == tmp_path
    assert list(packed.freeze(NIGHT)["files"]) == ["night.tar.gz"]
    assert set(rows(read(packed))["candidate_id"]) == set(rows(read(survey))["candidate_id"])


def test_a_parquet_file_of_fink_is_read_by_its_own_layout(packet_survey, make_packet, tmp_path):
    folder = tmp_path / "fink"
    folder.mkdir()
    packets = pd.DataFrame([make_packet(row) for row in range(5)]).drop(columns="prv_candidates")
    packets.to_parquet(folder / "fink.parquet")
    survey = packet_survey([], folder, input={"layout": "fink"})
    pd.testing.assert_frame_equal(rows(read(survey)), rows(read(packet_survey())))


def test_the_same_packet_twice_counts_once_and_is_listed(packet_survey, make_packet, tmp_path):
    survey = packet_survey()
    write_packets(survey.folder / "again.avro", [make_packet(1)], codec="snappy")
    batches = read(survey)
    assert rows(batches)["candidate_id"].nunique() == len(rows(batches)) == 5
    (row,) = dropped(batches).to_dict("records")
    assert row["candidate_id"] == str(2**53 + 2)
    assert row["reason"] == "the same packet stands there more than once: again.avro"
    fetch(survey, tmp_path / "c.h5")
    with open_cutouts(tmp_path / "c.h5") as file:
        assert file.provenance["exposures_lost"] == 0


def test_two_packets_of_a_candidate_that_differ_are_an_error_that_names_both(packet_survey, make_packet):
    survey = packet_survey()
    write_packets(survey.folder / "again.avro", [make_packet(1, magpsf=3.0)])
    message = r"candidate_id '9007199254740994' appears in 1.avro and, with other contents, in again.avro; keep one"
    with pytest.raises(InputError, match=message):
        survey.freeze(NIGHT)
    assert survey.nights() == [NIGHT, NEXT]


def test_a_conflict_of_another_night_does_not_hold_up_this_one(packet_survey, make_packet):
    survey = packet_survey()
    write_packets(survey.folder / "again.avro", [make_packet(5, magpsf=3.0)])
    assert len(rows(read(survey))) == 5
    with pytest.raises(InputError, match=r"appears in 5\.avro and"):
        survey.freeze(NEXT)


def test_bad_packets_are_skipped_counted_and_listed_with_file_and_reason(packet_survey, make_packet, tmp_path):
    stamp = fits_bytes(np.ones((5, 5), np.float32))
    folder = tmp_path / "bad"
    survey = packet_survey(folder=folder, max_lost_fraction=0.6)
    write_packets(folder / "6.avro", [make_packet(6, [stamp[:30], stamp, stamp], jd=2461046.4)])
    write_packets(folder / "7.avro", [make_packet(7, jd=2461046.4, ra=-5.0)])
    whole = (folder / "0.avro").read_bytes()
    (folder / "8.avro").write_bytes(whole[: len(whole) // 2])
    fetch(survey, tmp_path / "c.h5")
    with open_cutouts(tmp_path / "c.h5") as file:
        assert len(file) == 5
        assert (file.provenance["exposures"], file.provenance["counted"]) == (8, "packets")
        assert file.provenance["exposures_lost"] == 3
    reasons = dropped(read(survey)).set_index("reason")["candidate_id"].to_dict()
    assert {reason.split(": ")[0] for reason in reasons} == {"6.avro", "7.avro", "8.avro"}
    assert reasons["8.avro: the Avro file is truncated"] == ""
    assert reasons["7.avro: candidate.ra is -5.0; allowed: 0 to 360"] == str(2**53 + 8)
    assert any("cutoutScience.stampData: the stamp's gzip data are truncated" in reason for reason in reasons)


def test_too_many_bad_packets_fail_the_night(packet_survey, tmp_path):
    survey = packet_survey(max_lost_fraction=0.2)
    for number in range(2):
        (survey.folder / f"bad{number}.avro").write_bytes(b"no")
    with pytest.raises(
        TooMuchLostError, match=r"2 of 7 .* unusable; max_lost_fraction allows 0.2. bad0.avro: not an Avro"
    ):
        fetch(survey, tmp_path / "c.h5")


def test_a_packet_without_a_time_counts_where_its_folder_has_packets(packet_survey, make_packet, tmp_path):
    for name, row in (("one", 0), ("two", 5)):
        packet_survey([make_packet(row)], tmp_path / "both" / name)
    (tmp_path / "both" / "two" / "bad.avro").write_bytes(b"no")
    survey = packet_survey([], tmp_path / "both")
    assert sum(batch.lost for batch in read(survey, NIGHT)) == 0
    assert sum(batch.lost for batch in read(survey, NEXT)) == 1


def test_an_archive_that_broke_off_fails_the_night(packet_survey, tmp_path):
    survey = packet_survey()
    with tarfile.open(tmp_path / "night.tar", "w") as archive:
        archive.add(survey.folder, "x")
    data = (tmp_path / "night.tar").read_bytes()
    (tmp_path / "night.tar").write_bytes(data[: len(data) // 2])
    broken = packet_survey([], input={"packets": str(tmp_path / "night.tar")})
    assert broken.nights() == [NIGHT]
    with pytest.raises(
        InputError, match=r"night.tar: the archive is damaged, how many packets are missing is not known"
    ):
        broken.freeze(NIGHT)


def test_small_stamps_are_padded_and_other_ways_of_missing_become_nan(packet_survey, make_packet):
    image = np.random.default_rng(1).normal(size=(5, 5)).astype(np.float32)
    cut_off = [fits_bytes(image[:, 2:])] * 3
    huge = image.copy()
    huge[0, 0], huge[0, 1] = 3.4e38, -3.4e38
    packets = [
        make_packet(0, cut_off, xpos=1.0),
        make_packet(1, [fits_bytes(huge), fits_bytes(image), fits_bytes(image)]),
        make_packet(2, [fits_bytes(image), None, fits_bytes(image)]),
    ]
    (batch,) = read(packet_survey(packets, pixel_origin=1, input={"detector_size_pixel": [3072, 3080]}))
    np.testing.assert_array_equal(batch.cutouts[0, :, 2:, 0], image[:, 2:])
    assert np.isnan(batch.cutouts[0, :, :2]).all()
    assert batch.candidates["edge_fraction"].tolist() == pytest.approx([0.4, 0.0, 0.0])
    assert np.isnan(batch.cutouts[1]).sum() == 2
    flags = batch.candidates["flags"].tolist()
    assert flags[:2] == [int(Flag.EDGE), int(Flag.MISSING_PIXELS)]
    assert flags[2] & Flag.NO_TEMPLATE


def test_a_stamp_mostly_beyond_the_edge_is_dropped_and_listed(packet_survey, make_packet):
    image = np.random.default_rng(1).normal(size=(5, 2)).astype(np.float32)
    batches = read(packet_survey([make_packet(0, [fits_bytes(image)] * 3, xpos=0.0)]))
    assert len(rows(batches)) == 0
    assert dropped(batches)["reason"].tolist() == ["outside the image"]


def test_scores_of_others_are_read_by_id(packet_survey):
    survey = packet_survey(input={"references": {"rb": "candidate.rb"}})
    assert survey.tables == ("rb", "teacher")
    assert survey.reference("teacher", "")["score"].tolist() == pytest.approx(np.arange(6) / 5)
    assert len(survey.reference("rb", NIGHT)) == 5


def test_a_survey_may_state_its_own_paths(packet_survey, tmp_path):
    schema = {"type": "record", "name": "r", "fields": [
        *({"name": name, "type": "long"} for name in ("number", "thing")),
        *({"name": name, "type": "double"} for name in ("alpha", "delta", "when")),
        {"name": "image", "type": "bytes"},
    ]}  # fmt: skip
    folder = tmp_path / "own"
    folder.mkdir()
    image = np.random.default_rng(1).normal(size=(5, 5)).astype(np.float32)
    record = {"number": 7, "thing": 8, "alpha": 1.0, "delta": 2.0, "when": 61045.9, "image": fits_bytes(image)}
    with (folder / "x.avro").open("wb") as stream:
        fastavro.writer(stream, fastavro.parse_schema(schema), [record])
    columns = {"candidate_id": ["name", "number"], "object_id": "thing", "ra_deg": "alpha", "dec_deg": "delta",
               "time_mjd": "when"}  # fmt: skip
    survey_input = {"columns": columns, "stamps": {"science": "image"}, "time_format": "mjd", "teacher": ""}
    survey = packet_survey([], folder, channels=["science"], input=survey_input)
    (batch,) = read(survey)
    assert batch.candidates["candidate_id"].tolist() == ["7"]
    assert np.isnan(batch.candidates["magnitude"][0])
    np.testing.assert_array_equal(batch.cutouts[0, ..., 0], image)
    assert survey.check() == []


def test_the_list_of_nights_warns_of_packets_that_cannot_be_used(packet_survey, caplog):
    survey = packet_survey()
    assert len(survey.nights()) == 2
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    path = survey.folder / "5.avro"
    path.write_bytes(path.read_bytes()[:10])
    assert survey.nights() == [NIGHT]
    assert "1 of 6 packets in " in caplog.text
    assert "cannot be used: 5.avro: the Avro file is truncated (1)" in caplog.text


def test_what_the_settings_may_not_say_is_said_at_once(packet_survey):
    for changed, message in (
        ({"layout": "atlas"}, "unknown packet layout 'atlas'"),
        ({"columns": {"colour": "x"}}, "columns names 'colour'"),
    ):
        with pytest.raises(SettingsError, match=message):
            packet_survey([], input=changed)
    with pytest.raises(SettingsError, match="stamps does not say where channel 'mask' is"):
        packet_survey([], channels=["mask"])
    with pytest.raises(SettingsError, match=r"closed: .* survey source 'alert_packets' has no queries"):
        packet_survey([], closed={"query": "x"}).closed(NIGHT)


def test_check_names_what_is_wrong_with_the_place_or_the_first_packet(packet_survey, make_packet, tmp_path):
    assert "no alert packets in" in packet_survey([], tmp_path / "none").check()[0]
    unknown = packet_survey(input={"columns": {"detector": "candidate.chip"}, "references": {"a": "candidate.a"}})
    assert unknown.check() == [
        "0.avro: no field candidate.chip for 'detector'",
        "0.avro: no field candidate.a for 'a'",
    ]
    bad = packet_survey([make_packet(0, [b"x", None, None])], tmp_path / "bad")
    assert bad.check()[0].startswith("0.avro: cutoutScience.stampData: the stamp is not a FITS file")
    (bad.folder / "0.avro").write_bytes(b"\0\0\0\3\x84")
    assert bad.check()[0].startswith("0.avro: a Kafka message in Confluent's wire format")
    with pytest.raises(InputError, match=r"none of 1 packets in .* can be read; 0.avro: a Kafka message"):
        bad.nights()


@pytest.mark.parametrize("name", ["ztf", "ztf.tar", "*.avro"])
def test_a_place_below_a_missing_folder_is_named_whole(packet_survey, tmp_path, name):
    place = tmp_path / "archive" / name
    message = f"no alert packets in {place}: there is no folder {place.parent}; packets is {str(place)!r}, allowed: "
    with pytest.raises(MissingInputError, match=re.escape(message) + "a folder, an archive or a file of alert packets"):
        packet_survey([], input={"packets": str(place)}).folder  # noqa: B018


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_file_holds_the_night_is_read_or_refused(packet_survey, make_packet, tmp_path, data):
    survey = packet_survey([make_packet(0)], max_lost_fraction=1.0)
    path = survey.folder / "0.avro"
    raw = bytearray(path.read_bytes())
    first = 0 if data.draw(st.booleans()) else raw.index(b"nightsift-packet")
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(first, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw[: data.draw(st.one_of(st.none(), st.integers(0, len(raw))))]))
    try:
        nights = survey.nights()
        for night in nights or [NIGHT]:
            (tmp_path / "c.h5").unlink(missing_ok=True)
            fetch(survey, tmp_path / "c.h5", night)
        survey.check()
        json.dumps(survey.freeze(NIGHT))
    except NightsiftError as error:
        assert "\n" not in str(error)
