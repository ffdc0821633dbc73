import gzip
import threading
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError, SettingsError, UnreachableError
from pipeline.io.services.orbit_catalogue import _epoch, fetch_catalogue, is_address, read_orbits
from pipeline.solar_system.places import ORBIT_COLUMNS


def line(number="00001", name="(1) Ceres", h="3.34", epoch="K2555", mean="188.70269", peri="73.27343", node="80.25221",
         tilt="10.58780", e="0.0794013", motion="0.21424651", a="2.7660512"):  # fmt: skip
    """Return a line of MPCORB, each value in the columns that the Minor Planet Center documents."""
    text = [" "] * 202
    for first, width, value in ((1, 7, f"{number:<7}"), (9, 5, f"{h:>5}"), (15, 5, " 0.15"), (21, 5, epoch),
                                (27, 9, f"{mean:>9}"), (38, 9, f"{peri:>9}"), (49, 9, f"{node:>9}"),
                                (60, 9, f"{tilt:>9}"), (71, 9, f"{e:>9}"), (81, 11, f"{motion:>11}"),
                                (93, 11, f"{a:>11}"), (167, 28, f"{name:>12}"), (195, 8, "20241101")):  # fmt: skip
        text[first - 1 : first - 1 + len(value)] = value[:width]
    return "".join(text)


HEAD = "MINOR PLANET CENTER ORBIT DATABASE (MPCORB)\n\nDes'n     H     G\n" + "-" * 160 + "\n"
CERES = line()
NAMELESS = line("K07TC6E", "2007 TE366", "")


def written(folder, text, name="MPCORB.DAT"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_elements_of_mpcorb_come_from_their_columns(tmp_path):
    found = read_orbits(written(tmp_path, HEAD + CERES + "\n\n" + NAMELESS + "\n"))
    assert list(found) == list(ORBIT_COLUMNS)
    assert found["mover_id"].tolist() == ["1", "2007 TE366"]
    first = found.iloc[0]
    assert first[["a_au", "eccentricity", "inclination_deg"]].tolist() == [2.7660512, 0.0794013, 10.5878]
    assert first[["node_deg", "perihelion_deg", "mean_anomaly_deg"]].tolist() == [80.25221, 73.27343, 188.70269]
    assert first[["epoch_mjd", "h_magnitude", "slope"]].tolist() == [60800.0, 3.34, 0.15]
    assert np.isnan(found["h_magnitude"][1])


def test_a_gzipped_file_and_one_without_a_head_read_the_same(tmp_path):
    plain = read_orbits(written(tmp_path, HEAD + CERES))
    for other in (written(tmp_path, gzip.compress((HEAD + CERES).encode()), "a.gz"), written(tmp_path, CERES, "b")):
        pd.testing.assert_frame_equal(read_orbits(other), plain)


def test_a_table_with_named_columns_is_read(tmp_path):
    plain = read_orbits(written(tmp_path, CERES))
    plain.to_csv(tmp_path / "orbits.csv", index=False)
    pd.testing.assert_frame_equal(read_orbits(tmp_path / "orbits.csv"), plain)


def test_hyperbolas_are_left_out_and_counted(tmp_path, caplog):
    caplog.set_level("INFO", logger="pipeline.io.services.orbit_catalogue")
    assert len(read_orbits(written(tmp_path, CERES + "\n" + line("00002", "(2)", e="1.2011338")))) == 1
    assert "1 of 2 orbits are not ellipses" in caplog.text


@pytest.mark.parametrize(("packed", "mjd"), [("K2555", 60800.0), ("J9611", 50083.0), ("K01AM", 52204.0)])
def test_packed_epochs(packed, mjd):
    assert _epoch(packed) == mjd


@pytest.mark.parametrize("text", ["", "K25", "K2500", "X2555", "K25D1", "K252V"])
def test_what_is_no_epoch_is_none(text):
    assert np.isnan(_epoch(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + CERES + "\n" + line(a="two"), r"line 6: a_au is 'two'; allowed: a number"),
        (HEAD + line(epoch="99999"), r"line 5: epoch is '99999'; allowed: packed, as K2555"),
        (HEAD + line(h="x"), r"line 5: h_magnitude is 'x'"),
        (HEAD, "holds no orbit"),
        (b"\x1f\x8b\x08broken", "is damaged, or its compressed data end too early"),
        (b"\xff\xfe", "is not a readable catalogue of orbits"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_orbits(written(tmp_path, text))
    assert "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda t: (CERES[:90] + t).encode())))
def test_any_bytes_give_orbits_or_our_own_error(tmp_path_factory, data):
    path = written(tmp_path_factory.mktemp("fuzz"), data)
    try:
        assert len(read_orbits(path))
    except InputError as error:
        assert "\n" not in str(error)


def test_only_paths_and_http_are_catalogues():
    assert is_address("https://example.org/MPCORB.DAT.gz")
    assert not is_address("catalogues/MPCORB.DAT")
    with pytest.raises(SettingsError, match=r"catalogue is 'file:///etc/passwd'; allowed: a path, or an address"):
        is_address("file:///etc/passwd")


@pytest.fixture
def orbit_server():
    """Serve one body at /MPCORB.DAT, or less of it than announced, and 404 elsewhere."""
    body = (HEAD + CERES).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            there = self.path.startswith("/MPCORB")
            self.send_response(200 if there else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: 20 if "short" in self.path else None] if there else b" " * len(body))

        def log_message(self, *_):
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()


def test_a_catalogue_is_fetched_from_its_address(orbit_server, tmp_path):
    path = fetch_catalogue(f"{orbit_server}/MPCORB.DAT", tmp_path, timeout_s=5.0)
    assert path == tmp_path / "MPCORB.DAT"
    assert read_orbits(path)["mover_id"].tolist() == ["1"]


@pytest.mark.parametrize(("place", "message"), [("/gone.dat", "404"), ("/MPCORB_short", "MPCORB_short: ")])
def test_a_server_that_fails_or_stops_early_is_an_error(orbit_server, tmp_path, place, message):
    with pytest.raises(UnreachableError, match=message):
        fetch_catalogue(orbit_server + place, tmp_path, timeout_s=5.0)


@pytest.mark.parametrize("place", ["/gone.dat", "/MPCORB_short", "/MPCORB.DAT"])
def test_no_message_tells_the_secrets_of_an_address(orbit_server, tmp_path, place, caplog):
    caplog.set_level("INFO")
    address = orbit_server.replace("://", "://me:hunter2@") + place + "?token=abc123"
    try:
        fetch_catalogue(address, tmp_path, timeout_s=5.0)
        told = caplog.text
    except UnreachableError as error:
        told = "".join(traceback.format_exception(error))
    assert f"://***@{orbit_server.removeprefix('http://')}{place}?token=***" in told
    assert "hunter2" not in told
    assert "abc123" not in told


def test_a_path_is_taken_where_it_lies(tmp_path):
    path = written(tmp_path, CERES)
    assert fetch_catalogue(str(path), tmp_path / "scratch", timeout_s=1.0) == path
    with pytest.raises(MissingInputError, match=r"no catalogue file .*gone"):
        fetch_catalogue(str(tmp_path / "gone"), tmp_path, timeout_s=1.0)


@pytest.mark.parametrize("epoch", [2461000.5, 0.0])
def test_an_epoch_that_cannot_be_is_named(tmp_path, epoch):
    read_orbits(written(tmp_path, CERES)).assign(epoch_mjd=epoch).to_csv(tmp_path / "orbits.csv", index=False)
    with pytest.raises(InputError, match=f"row 1: epoch_mjd is {epoch}; allowed: 15020.0 to 88069.0"):
        read_orbits(tmp_path / "orbits.csv")
