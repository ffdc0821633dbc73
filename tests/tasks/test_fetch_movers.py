"""A night's ephemeris as a target: from SkyBoT, from orbits, and what a failure of either means."""

import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import h5py
import luigi
import numpy as np
import pandas as pd
import pytest
import yaml

import tasks
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.parquet_table import read_table
from pipeline.io.services import skybot

NIGHT = "2016-09-24"
EDLU = (95.272162575, 22.684049269)
"""Where JPL Horizons saw 17032 Edlu from Cerro Pachon at MJD 57656.04087751899."""
ORBIT = ("17032", 57662.0, 2.780427424540843, 0.2344008488917689, 2.329884950051613, 90.25003133877217,
         95.22086143244837, 276.7382309879603, 14.27, 0.15)  # fmt: skip
COLUMNS = ("candidate_id", "object_id", "exposure_id", "ra_deg", "dec_deg", "time_mjd")
FIELDS = {"num": "6", "name": "32", "ra": "13", "de": "13", "magV": "", "errpos": ""}
ANSWER = (
    '<VOTABLE version="1.3"><INFO name="QUERY_STATUS" value="OK"/><RESOURCE><TABLE nrows="1">'
    + "".join(
        f'<FIELD ID="{name}" name="{name}" '
        + (f'datatype="char" arraysize="{size}"/>' if size else 'datatype="float"/>')
        for name, size in FIELDS.items()
    )
    + "<DATA><TABLEDATA><TR><TD>17032</TD><TD>Edlu</TD><TD>06 21 05.319</TD><TD>+22 41 02.58</TD><TD>19.8</TD>"
    "<TD>0.1</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
)


@pytest.fixture
def skybot_service():
    """SkyBoT on this machine: one object, or, once it is broken, an error page; counts what it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked += 1
            self.send_response(503 if server.broken else 200)
            self.end_headers()
            self.wfile.write(b"down" if server.broken else ANSWER.encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.broken = 0, False
    server.url = f"http://127.0.0.1:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def mover_survey(tmp_path, monkeypatch):
    """Return a function that writes a survey of three alerts, one of them a mover."""
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(skybot, "_INTERVAL_S", 0.0)
    (tmp_path / "config" / "surveys").mkdir(parents=True)
    table = pd.DataFrame(
        {
            "candidate_id": ["1", "2", "3"],
            "object_id": ["a", "b", "c"],
            "exposure_id": ["e1", "e1", "e2"],
            "ra_deg": [EDLU[0], EDLU[0] + 0.2, EDLU[0] + 0.1],
            "dec_deg": [EDLU[1], EDLU[1], EDLU[1]],
            "time_mjd": [57656.04087751899] * 2 + [57656.06],
        }
    )
    table.to_parquet(tmp_path / "alerts.parquet")
    with h5py.File(tmp_path / "cutouts.h5", "w") as file:
        file["cutouts"] = np.ones((3, 5, 5, 1), np.float32)

    def write(ephemeris, **more):
        content = {
            "source": "alert_table",
            "telescope": "T",
            "longitude_deg": -70.749417,
            "pixel_scale_arcsec": 1.0,
            "channels": ["difference"],
            "cutout_size_pixel": 5,
            "closed": {"after_hours": 0},
            "defaults": {"dataset": "d", "classifier": "c"},
            "input": {
                "folder": str(tmp_path),
                "layout": "channel_last",
                "columns": dict(zip(COLUMNS, COLUMNS, strict=True)),
            },
            "labels": [{"provider": "mover", "table": "ephemeris", "radius_arcsec": 2.0}],
            "ephemeris": ephemeris,
            **more,
        }
        (tmp_path / "config" / "surveys" / "toy.yaml").write_text(yaml.safe_dump(content))
        clear()

    def clear():
        luigi.task_register.Register.clear_instance_cache()

    write.clear = clear
    return write


def build(task):
    return luigi.build([task], local_scheduler=True, log_level="CRITICAL", no_lock=True)


def fetch():
    return tasks.FetchCutouts(survey="toy", night=NIGHT)


def sources():
    with open_cutouts(fetch().output().path) as file:
        return dict(zip(*file.candidates()[["candidate_id", "label_source"]].to_numpy().T.tolist(), strict=True))


def by_skybot(service, **more):
    return {"source": "skybot", "server": service.url, "observatory": "X05", "tries": 1, "timeout_s": 5.0} | more


def by_orbits(folder, **more):
    site = {"latitude_deg": -30.244639, "height_m": 2663.0}
    return {"source": "orbits", "catalogue": str(folder / "orbits.csv"), **site} | more


def write_orbits(folder):
    names = ("mover_id", "epoch_mjd", "a_au", "eccentricity", "inclination_deg", "node_deg", "perihelion_deg",
             "mean_anomaly_deg", "h_magnitude", "slope")  # fmt: skip
    pd.DataFrame([ORBIT], columns=list(names)).to_csv(folder / "orbits.csv", index=False)


@pytest.mark.replaces("gotorb", "G2")
def test_skybot_labels_movers_and_its_answer_is_a_target_that_is_not_asked_for_again(mover_survey, skybot_service):
    mover_survey(by_skybot(skybot_service))
    assert build(fetch())
    assert sources() == {"1": "mover", "2": "", "3": ""}
    assert skybot_service.asked == 2
    fetch().output().path.unlink()
    mover_survey.clear()
    assert build(fetch())
    assert skybot_service.asked == 2


@pytest.mark.replaces("gotorb", "G2")
def test_orbits_label_the_same_mover_without_any_network(mover_survey, tmp_path):
    write_orbits(tmp_path)
    mover_survey(by_orbits(tmp_path))
    assert build(fetch())
    assert sources() == {"1": "mover", "2": "", "3": ""}


def test_the_place_of_horizons_written_as_skybot_writes_it_and_orbits_agree_within_2_arcsec(
    mover_survey, skybot_service, tmp_path
):
    write_orbits(tmp_path)
    places = []
    for ephemeris in (by_skybot(skybot_service), by_orbits(tmp_path)):
        mover_survey(ephemeris)
        task = tasks.FetchMovers(survey="toy", night=NIGHT)
        assert build(task)
        places.append(read_table(task.output().path).set_index(["mover_id", "exposure_id"]).loc[("17032", "e1")])
    there, here = places
    assert abs(there["ra_deg"] - here["ra_deg"]) * 3600 < 2.0
    assert abs(there["dec_deg"] - here["dec_deg"]) * 3600 < 2.0


@pytest.mark.replaces("gotorb", "G2")
def test_a_failed_service_fails_the_task_and_leaves_no_target_and_no_cutouts(mover_survey, skybot_service):
    skybot_service.broken = True
    mover_survey(by_skybot(skybot_service))
    assert not build(fetch())
    assert not tasks.FetchMovers(survey="toy", night=NIGHT).complete()
    assert not fetch().complete()
    skybot_service.broken = False
    mover_survey.clear()
    assert build(fetch())


def test_skybot_is_one_resource_and_orbits_are_none(mover_survey, skybot_service, tmp_path):
    mover_survey(by_skybot(skybot_service))
    assert tasks.FetchMovers(survey="toy", night=NIGHT).resources == {"skybot": 1}
    write_orbits(tmp_path)
    mover_survey(by_orbits(tmp_path))
    assert tasks.FetchMovers(survey="toy", night=NIGHT).resources == {}


def fingerprint(survey, ephemeris, task="FetchMovers"):
    survey(ephemeris)
    return getattr(tasks, task)(survey="toy", night=NIGHT).fingerprint


def test_radius_and_observatory_decide_the_answer_and_timeouts_do_not(mover_survey, skybot_service):
    first = by_skybot(skybot_service)
    for task in ("FetchMovers", "FetchCutouts"):
        assert fingerprint(mover_survey, first, task) == fingerprint(
            mover_survey, first | {"timeout_s": 9.0, "tries": 7}, task
        )
        assert fingerprint(mover_survey, first, task) != fingerprint(
            mover_survey, first | {"search_radius_deg": 1.0}, task
        )
        assert fingerprint(mover_survey, first, task) != fingerprint(mover_survey, first | {"observatory": "950"}, task)


def test_a_changed_catalogue_is_another_ephemeris(mover_survey, tmp_path):
    write_orbits(tmp_path)
    before = fingerprint(mover_survey, by_orbits(tmp_path))
    pd.read_csv(tmp_path / "orbits.csv").assign(slope=0.2).to_csv(tmp_path / "orbits.csv", index=False)
    assert fingerprint(mover_survey, by_orbits(tmp_path)) != before


def test_orbits_are_kept_under_the_first_of_the_nights_month_or_the_date_that_is_given(mover_survey, tmp_path):
    write_orbits(tmp_path)
    for more, date in (({}, "2016-09-01"), ({"catalogue_date": "2016-05-17"}, "2016-05-17")):
        mover_survey(by_orbits(tmp_path, **more))
        orbits = tasks.FetchMovers(survey="toy", night=NIGHT).requires()["orbits"]
        assert orbits.output().path.parent.name == date
    assert tasks.FetchOrbitCatalogue(survey="toy", date="2016-05-17").output().path.suffix == ".parquet"


def test_a_catalogue_that_is_empty_is_not_kept(mover_survey, tmp_path):
    (tmp_path / "orbits.csv").write_text(",".join(["mover_id"]))
    mover_survey(by_orbits(tmp_path))
    assert not build(tasks.FetchOrbitCatalogue(survey="toy", date="2016-09-01"))
    assert not tasks.FetchOrbitCatalogue(survey="toy", date="2016-09-01").complete()


def test_without_movers_in_the_chain_nothing_is_asked(mover_survey, skybot_service):
    mover_survey(by_skybot(skybot_service), labels=[])
    assert build(fetch())
    assert skybot_service.asked == 0


def test_an_ephemeris_that_no_setting_states_is_an_error(mover_survey):
    mover_survey(None)
    assert not build(fetch())


@pytest.mark.replaces("gotorb", "G16")
def test_labels_need_neither_environment_variables_nor_a_database(mover_survey, tmp_path, monkeypatch):
    for name in ("PGHOST", "PGUSER", "PGDATABASE", "HOME"):
        monkeypatch.delenv(name, raising=False)
    write_orbits(tmp_path)
    mover_survey(by_orbits(tmp_path))
    assert build(fetch())


@pytest.fixture
def orbit_catalogue(tmp_path):
    """Serve a catalogue of one orbit at /orbits.csv, and 401 elsewhere."""
    write_orbits(tmp_path)
    body = (tmp_path / "orbits.csv").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path.startswith("/orbits.csv") else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def log(tmp_path, monkeypatch):
    """A file of all that luigi, this library and the one that asks servers log, as any handler would show it."""
    file, handlers = tmp_path / "log", []
    for name in ("luigi-interface", "pipeline", "urllib3"):
        handler, logger = logging.FileHandler(file), logging.getLogger(name)
        handler.setFormatter(logging.Formatter())
        handlers.append(handler)
        monkeypatch.setattr(logger, "handlers", [handler])
        monkeypatch.setattr(logger, "level", logging.DEBUG)
        monkeypatch.setattr(logger, "_cache", {})
    yield file
    for handler in handlers:
        handler.close()


@pytest.mark.parametrize("traceback", ["", "1"])
@pytest.mark.parametrize("place", ["orbits.csv", "gone.csv"])
def test_a_secret_of_an_address_stands_in_no_log_and_no_result(
    mover_survey, orbit_catalogue, tmp_path, log, monkeypatch, place, traceback
):
    monkeypatch.setenv("NIGHTSIFT_TRACEBACK", traceback)
    mover_survey(by_orbits(tmp_path, catalogue=f"http://me:hunter2@{orbit_catalogue}/{place}?token=abc123"))
    task = tasks.FetchMovers(survey="toy", night=NIGHT)
    assert luigi.build([task], local_scheduler=True, log_level="DEBUG", no_lock=True) is (place == "orbits.csv")
    written = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    told = log.read_text()
    for secret in ("hunter2", "abc123"):
        assert secret.encode() not in written
        assert secret not in told
    assert f"http://***@{orbit_catalogue}/{place}?token=***" in told
    assert f"/{place}?token=*** HTTP/1" in told


def test_another_password_asks_for_no_result_anew(mover_survey, tmp_path):
    prints = set()
    for word in ("old", "new"):
        mover_survey(by_orbits(tmp_path, catalogue=f"http://me:{word}@example.org/orbits.csv"))
        prints.add(tasks.FetchOrbitCatalogue(survey="toy", date="2026-01-01").fingerprint)
    assert len(prints) == 1


def test_the_schedulers_page_shows_no_secret_of_a_traceback(mover_survey, tmp_path):
    mover_survey(by_orbits(tmp_path))
    task = tasks.FetchMovers(survey="toy", night=NIGHT)
    try:
        raise OSError("no answer of http://me:hunter2@example.org/")
    except OSError as error:
        assert "http://***@example.org/" in task.on_failure(error)
        assert "hunter2" not in task.on_failure(error).replace('OSError("no answer of http://me:hunter2@', "")
