"""Real alert packets of ZTF, as brokers send them, from the folder to cutout files; real Rubin alerts as a table."""

import gzip
import io
import warnings

import fastavro
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from scipy import ndimage

from pipeline.cutouts.missing import Flag, to_missing
from pipeline.io import settings_files
from pipeline.io.alerts.packet_writer import fits_bytes, ztf_packet
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.night import night_of
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.alerts.packet_layouts import PACKET_LAYOUTS
from pipeline.surveys.alerts.packet_rows import packet_cutout
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

CHANNELS = ("science", "template", "difference")
BEYOND_THE_EDGE = 1786253071415010003
"""A candidate so near the right edge that its stamps are 62 pixels wide."""


def open_real(name, folder, variable, monkeypatch, tmp_path):
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv(variable, str(folder))
    return open_survey(settings_files.load("surveys", name, SurveySettings), name)


def fetch_all(survey, name, tmp_path, nights=None):
    """Return rows and cutouts of all nights, or of some, by candidate, as the cutout files hold them."""
    rows, cutouts = [], []
    for night in survey.nights() if nights is None else nights:
        path = tmp_path / f"{night}.h5"
        manifest = survey.freeze(night)
        fetch_cutouts(path, NightJob(survey=survey, name=name, night=night, manifest=manifest))
        with open_cutouts(path) as file:
            rows.append(file.candidates())
            cutouts.append(file.pixels(slice(0, len(file))))
            assert file.provenance["exposures_lost"] == 0
            assert set(rows[-1]["night"]) == {night}
    return pd.concat(rows, ignore_index=True), np.concatenate(cutouts)


def packets_by_hand(folder):
    """Yield every packet as fastavro and pyarrow give it, whole."""
    for path in sorted(folder.glob("*.avro")):
        with path.open("rb") as stream:
            yield from fastavro.reader(stream)
    for path in sorted(folder.glob("*.parquet")):
        yield from pq.read_table(path).to_pylist()


def pixels_by_hand(packet):
    images = []
    for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the packets' first card is not quite as the standard has it
            with fits.open(io.BytesIO(gzip.decompress(packet[name]["stampData"]))) as opened:
                images.append(opened[0].data.astype(np.float32))
    return to_missing(np.stack(images, axis=-1))[0]


@pytest.fixture
def ztf_packets(real_data, monkeypatch, tmp_path):
    folder = real_data / "ztf_alerts" / "packets"
    return folder, open_real("ztf_packets", folder, "NIGHTSIFT_ZTF_PACKETS", monkeypatch, tmp_path)


def test_every_real_packet_becomes_the_row_and_the_pixels_that_astropy_reads(ztf_packets, tmp_path):
    folder, survey = ztf_packets
    assert survey.check() == []
    rows, cutouts = fetch_all(survey, "ztf_packets", tmp_path)
    place = {name: row for row, name in enumerate(rows["candidate_id"])}
    packets = list(packets_by_hand(folder))
    assert len(packets) == len(rows) == len(place) == 55
    for packet in packets:
        candidate = packet["candidate"]
        row = rows.loc[place[str(candidate["candid"])]]
        assert row["object_id"] == packet["objectId"]
        assert row["exposure_id"] == str(candidate["pid"])
        assert row["band"] == {1: "g", 2: "r", 3: "i"}[candidate["fid"]]
        assert row["night"] == night_of(candidate["jd"] - 2400000.5, -116.86)[0]
        assert row["flux_sign"] == (1 if candidate["isdiffpos"] in ("t", "1") else -1)
        assert row["magnitude"] == np.float32(candidate["magpsf"])
        assert (row["ra_deg"], row["x_pixel"]) == (candidate["ra"], pytest.approx(candidate["xpos"] - 1))
        pixels = pixels_by_hand(packet)
        if candidate["candid"] == BEYOND_THE_EDGE:
            pixels = np.pad(pixels, ((0, 0), (0, 1), (0, 0)), constant_values=np.nan)
        np.testing.assert_array_equal(cutouts[place[str(candidate["candid"])]], pixels)


def test_the_ids_of_packets_without_candid_on_top_are_read(ztf_packets, tmp_path):
    _, survey = ztf_packets
    found = survey.reference("drb", "")
    assert {"1003321121015010000", "721164661015010000"} <= set(found["candidate_id"])
    assert len(found) == 55


def test_missing_borders_of_real_packets_are_edges(ztf_packets, tmp_path):
    _, survey = ztf_packets
    night = "2018-12-22"
    (batch,) = survey.read(night, survey.freeze(night))
    border = np.isnan(batch.cutouts[0]).all(axis=-1).all(axis=1)
    assert batch.candidates["edge_fraction"][0] == pytest.approx(border.mean())
    assert 0 < border.mean() < 0.5


def test_stamps_that_were_cut_off_are_placed_as_the_table_of_the_same_alerts_has_them(real_data):
    """ZTF counts the first pixel as 1, and its detectors have 3072 x 3080 of them."""
    columns = ["xpos", "ypos", "stamp_h", "stamp_w", "pad_x", "pad_y"]
    table = pd.read_parquet(real_data / "ztf_alerts" / "alerts.parquet", columns=columns)
    cut_off = table[(table["stamp_h"] < 63) | (table["stamp_w"] < 63)]
    assert len(cut_off) > 20
    for row in cut_off.itertuples():
        stamps = [fits_bytes(np.ones((row.stamp_h, row.stamp_w), np.float32)), None, None]
        cutout = packet_cutout(
            ztf_packet(stamps, object_id="o"), PACKET_LAYOUTS["ztf"], CHANNELS, 63, row.xpos - 1, row.ypos - 1
        ).pixels
        there = np.argwhere(np.isfinite(cutout[..., 0]))
        assert there.min(axis=0).tolist() == [row.pad_y, row.pad_x]
        assert len(there) == row.stamp_h * row.stamp_w


def test_a_packet_and_the_table_of_the_same_alerts_give_the_same_cutout(
    ztf_packets, real_data, monkeypatch, tmp_path_factory
):
    """A stamp of 62 pixels at the detector's edge among them: whole but for its last column, and not an even one."""
    _, packets = ztf_packets
    by_packets = fetch_all(packets, "ztf_packets", tmp_path_factory.mktemp("packets"))
    folder = tmp_path_factory.mktemp("table")
    table = open_real("ztf_alerts", real_data / "ztf_alerts", "NIGHTSIFT_ZTF_ALERTS", monkeypatch, folder)
    nights = sorted(set(table.nights()) & set(by_packets[0]["night"]))
    rows, cutouts = fetch_all(table, "ztf_alerts", folder, nights)
    place = {name: row for row, name in enumerate(rows["candidate_id"])}
    same = [(row, place[name]) for row, name in enumerate(by_packets[0]["candidate_id"]) if name in place]
    assert len(same) == 53
    assert str(BEYOND_THE_EDGE) in place
    for packet, alert in same:
        np.testing.assert_array_equal(by_packets[1][packet], cutouts[alert])


def test_real_rubin_alerts_are_read_as_a_table(real_data, monkeypatch, tmp_path):
    folder = real_data / "rubin_alerts"
    survey = open_real("rubin_alerts", folder, "NIGHTSIFT_RUBIN_ALERTS", monkeypatch, tmp_path)
    assert survey.check() == []
    rows, cutouts = fetch_all(survey, "rubin_alerts", tmp_path)
    table = pd.read_parquet(folder / "alerts.parquet").set_index("diaSourceId")
    assert cutouts.shape == (188, 30, 30, 3)
    mine = table.loc[rows["candidate_id"].astype("int64")]
    moved = [(mine["stamp_h"] == 30).to_numpy() & (mine[name] % 1 < 0.5).to_numpy() for name in ("y", "x")]
    np.testing.assert_array_equal(np.isnan(cutouts).all(axis=(2, 3))[:, 0], moved[0])
    np.testing.assert_array_equal(np.isnan(cutouts).all(axis=(1, 3))[:, 0], moved[1])
    assert not np.isnan(cutouts[:, 1:, 1:]).any()
    assert (rows["flux_sign"].to_numpy() == np.where(mine["isNegative"], -1, 1)).all()
    np.testing.assert_allclose(rows["magnitude"], 31.4 - 2.5 * np.log10(np.abs(mine["psfFlux"])), rtol=1e-6)
    np.testing.assert_allclose((mine["midpointMjdTai"].to_numpy() - rows["time_mjd"]) * 86400, 36.0, atol=1e-3)
    assert set(rows["label_source"]) <= {"", "teacher"}


def test_the_sources_of_real_lsst_packets_lie_in_the_middle_pixel(real_data, monkeypatch, tmp_path):
    folder = real_data / "rubin_packets"
    if not folder.is_dir():
        pytest.skip(f"no packets: {folder} is absent")
    survey = open_real("lsst_packets", folder, "NIGHTSIFT_LSST_PACKETS", monkeypatch, tmp_path)
    assert survey.check() == []
    rows, cutouts = fetch_all(survey, "lsst_packets", tmp_path)
    with (folder / "seven_lsst_alerts.avro").open("rb") as stream:
        packets = {str(packet["diaSourceId"]): packet for packet in fastavro.reader(stream)}
    assert len(rows) == len(packets) == 7
    for row, cutout in zip(rows.to_dict("records"), cutouts, strict=True):
        packet = packets[row["candidate_id"]]
        with fits.open(io.BytesIO(packet["cutoutDifference"])) as opened:
            stamp, header = opened[0].data, opened[0].header
        y, x = (int(np.floor(header[key] - 1 + 0.5)) for key in ("CRPIX2", "CRPIX1"))
        assert cutout[15, 15, 2] == stamp[y, x]
        np.testing.assert_allclose(
            [row["x_pixel"] % 1 - (header["CRPIX1"] % 1), row["y_pixel"] % 1 - (header["CRPIX2"] % 1)], 0, atol=1e-3
        )
        missing = 1 - (1 - (y == 14) / 30) * (1 - (x == 14) / 30)
        assert row["edge_fraction"] == pytest.approx(missing, abs=1e-6)


def test_the_light_of_real_rubin_alerts_lies_about_the_middle_pixel(real_data, monkeypatch, tmp_path):
    """Bright sources' centroids tell which pixel of an even stamp is theirs, with nothing known of the survey."""
    folder = real_data / "rubin_alerts"
    if not folder.is_dir():
        pytest.skip(f"no alerts: {folder} is absent")
    survey = open_real("rubin_alerts", folder, "NIGHTSIFT_RUBIN_ALERTS", monkeypatch, tmp_path)
    rows, cutouts = fetch_all(survey, "rubin_alerts", tmp_path)
    grid = np.arange(30) - 15
    near = np.abs(grid) <= 5
    offsets = []
    for row, cutout in zip(rows.to_dict("records"), cutouts, strict=True):
        light = np.nan_to_num(np.abs(cutout[near][:, near, 2]))
        light[light < 0.4 * light.max()] = 0.0
        if abs(row["snr"]) > 20 and row["edge_fraction"] > 0:
            for axis, name in ((0, "x_pixel"), (1, "y_pixel")):
                beyond = (row[name] + 0.5) % 1 - 0.5
                offsets.append(float((light.sum(axis=axis) * grid[near]).sum() / light.sum()) - beyond)
    assert len(offsets) > 20
    assert abs(np.median(offsets)) < 0.15


def test_a_psf_fit_with_the_planes_of_real_lsst_packets_gives_the_flux_and_error_of_the_packet(
    real_data, monkeypatch, tmp_path
):
    """The variance is in nJy^2, the PSF of unit sum, and both lie as the difference does."""
    folder = real_data / "rubin_packets"
    if not folder.is_dir():
        pytest.skip(f"no packets: {folder} is absent")
    survey = open_real("lsst_planes", folder, "NIGHTSIFT_LSST_PACKETS", monkeypatch, tmp_path)
    rows, cutouts = fetch_all(survey, "lsst_planes", tmp_path)
    with (folder / "seven_lsst_alerts.avro").open("rb") as stream:
        packets = {str(packet["diaSourceId"]): packet["diaSource"] for packet in fastavro.reader(stream)}
    assert cutouts.shape == (7, 30, 30, 9)
    assert not (rows["flags"].to_numpy() & int(Flag.PLANE_MISSING)).any()
    np.testing.assert_allclose(cutouts[..., 6:].sum(axis=(1, 2)), 1.0, atol=0.005)
    shares = []
    for row, cutout in zip(rows.to_dict("records"), cutouts, strict=True):
        stated = packets[row["candidate_id"]]
        beyond = [(row[name] + 0.5) % 1 - 0.5 for name in ("y_pixel", "x_pixel")]
        psf = ndimage.shift(cutout[..., 8], beyond, order=3)
        image, variance = np.nan_to_num(cutout[..., 2]), np.nan_to_num(cutout[..., 5])
        error = float(np.sqrt((psf**2 * variance).sum()) / (psf**2).sum())
        assert error == pytest.approx(stated["psfFluxErr"], rel=0.03)
        assert float((psf * image).sum() / (psf**2).sum()) == pytest.approx(stated["psfFlux"], abs=error)
        far = np.hypot(*(np.indices((30, 30)) - 15)) > 9
        scaled = image[far & (variance > 0)] / np.sqrt(variance[far & (variance > 0)])
        shares.append(np.diff(np.percentile(scaled, [15.87, 84.13]))[0] / 2)
    np.testing.assert_allclose(shares, 1.0, atol=0.1)
