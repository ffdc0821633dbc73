"""A template comes from a file or from an image service, asked once, and whatever it answers is checked."""

import json
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from pipeline.errors import InputError, MissingInputError, SettingsError, UnreachableError
from pipeline.io.services.templates import TemplateSource, fetch_template, template_file

SHAPE = (20, 30)


def projection():
    wcs = WCS(naxis=2)
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [150.0, 2.0], [15.0, 10.0], [-3e-4, 3e-4]
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    return wcs


def image(shape=SHAPE, value=None):
    pixels = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape) if value is None else value
    buffer = BytesIO()
    fits.PrimaryHDU(np.broadcast_to(np.float32(pixels), shape), projection().to_header()).writeto(buffer)
    return buffer.getvalue()


class Service:
    def __init__(self):
        self.answers, self.asked = [(200, image())], []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                service.asked.append({key: value[0] for key, value in parse_qs(urlsplit(self.path).query).items()})
                answer = service.answers.pop(0) if len(service.answers) > 1 else service.answers[0]
                self.send_response(answer[0])
                self.send_header("Content-Length", str(len(answer[1])))
                self.end_headers()
                self.wfile.write(answer[1])

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hips2fits"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def template_service():
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()


def source(service, **more):
    given = {"hips": "CDS/P/PanSTARRS/DR1/r", "server": service.url, "tries": 2, "backoff_s": 0.0, "timeout_s": 5.0}
    return TemplateSource(**given | more)


def test_the_service_is_asked_for_the_pixels_of_the_science_image(template_service, tmp_path):
    pixels, header = fetch_template(source(template_service), projection(), SHAPE, tmp_path)
    np.testing.assert_array_equal(pixels, np.arange(600, dtype=np.float32).reshape(SHAPE))
    assert header["CRVAL1"] == 150.0
    asked = json.loads(template_service.asked[0]["wcs"])
    assert (asked["NAXIS1"], asked["NAXIS2"], asked["CRPIX1"]) == (30, 20, 15.0)
    assert template_service.asked[0]["hips"] == "CDS/P/PanSTARRS/DR1/r"
    assert template_service.asked[0]["format"] == "fits"


def test_what_was_answered_is_kept_and_another_field_is_asked_for(template_service, tmp_path):
    for _ in range(3):
        fetch_template(source(template_service), projection(), SHAPE, tmp_path)
    assert len(template_service.asked) == 1
    elsewhere = projection()
    elsewhere.wcs.crval = [151.0, 2.0]
    fetch_template(source(template_service), elsewhere, SHAPE, tmp_path)
    assert len(template_service.asked) == 2
    assert len(list(tmp_path.glob("*.fits"))) == 2


def test_a_service_that_stumbles_is_asked_again(template_service, tmp_path):
    template_service.answers = [(503, b"busy"), (200, image())]
    fetch_template(source(template_service), projection(), SHAPE, tmp_path)
    assert len(template_service.asked) == 2


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ((500, b"out of order"), "answers 500: out of order"),
        ((200, b"<html>maintenance</html>"), "not a FITS image"),
        ((200, image()[:2880]), "not a FITS image|has shape"),
        ((200, image((5, 5))), r"has shape \(5, 5\); asked for \(20, 30\)"),
    ],
)
def test_an_answer_that_is_no_whole_image_is_none_and_nothing_is_kept(template_service, tmp_path, answer, fault):
    template_service.answers = [answer]
    with pytest.raises(UnreachableError, match=fault):
        fetch_template(source(template_service), projection(), SHAPE, tmp_path)
    assert not list(tmp_path.glob("*.fits"))


def test_a_survey_that_the_service_does_not_know_is_not_asked_for_twice(template_service, tmp_path):
    template_service.answers = [(404, b"hips not found")]
    with pytest.raises(InputError, match="refuses 'CDS/P/PanSTARRS/DR1/r': hips not found"):
        fetch_template(source(template_service), projection(), SHAPE, tmp_path)
    assert len(template_service.asked) == 1


def test_a_field_outside_the_survey_is_an_error(template_service, tmp_path):
    template_service.answers = [(200, image(value=np.nan))]
    with pytest.raises(InputError, match="holds no pixel of this field"):
        fetch_template(source(template_service), projection(), SHAPE, tmp_path)


def test_nobody_there_is_unreachable(template_service, tmp_path):
    with pytest.raises(UnreachableError, match="in 2 tries"):
        fetch_template(source(template_service, server="http://127.0.0.1:9/none"), projection(), SHAPE, tmp_path)


@pytest.mark.parametrize("answer", [None, (500, b"no http://me:hunter2@h/"), (404, b"no http://me:hunter2@h/")])
def test_no_message_tells_the_secrets_of_the_servers_address(template_service, tmp_path, caplog, answer):
    template_service.answers = [answer or (500, b"")]
    server = (template_service.url if answer else "http://127.0.0.1:9/none").replace("://", "://me:hunter2@")
    server += "?token=abc123"
    with pytest.raises((UnreachableError, InputError)) as raised:
        fetch_template(source(template_service, server=server), projection(), SHAPE, tmp_path)
    told = caplog.text + "".join(traceback.format_exception(raised.value))
    assert "hunter2" not in told
    assert "abc123" not in told


def test_another_password_is_the_same_service(template_service):
    names = {
        template_file(source(template_service, server=f"http://me:{word}@h/"), projection(), SHAPE)
        for word in ("old", "new")
    }
    assert len(names) == 1


def test_a_file_is_read_and_no_service_asked(tmp_path):
    path = tmp_path / "template.fits"
    path.write_bytes(image())
    pixels, header = fetch_template(TemplateSource(path=str(path)), projection(), SHAPE, tmp_path / "cache")
    assert pixels.shape == SHAPE
    assert header["CRVAL2"] == 2.0
    with pytest.raises(MissingInputError):
        fetch_template(TemplateSource(path=str(tmp_path / "absent.fits")), projection(), SHAPE, tmp_path)


def test_a_template_has_one_source():
    with pytest.raises(SettingsError, match="exactly one of them"):
        TemplateSource()
    with pytest.raises(SettingsError, match="exactly one of them"):
        TemplateSource(path="a.fits", hips="b")
    with pytest.raises(SettingsError, match="tries 0"):
        TemplateSource(hips="b", tries=0)
