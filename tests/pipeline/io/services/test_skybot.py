"""The client of SkyBoT against a real server on this machine that answers as SkyBoT does, or fails as it may."""

import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UnreachableError
from pipeline.io.services import skybot
from pipeline.io.services.skybot import Skybot, parse_answer

FIELDS = (("num", "char", "6"), ("name", "char", "32"), ("ra", "char", "13"), ("de", "char", "13"),
          ("class", "char", "24"), ("magV", "float", ""), ("errpos", "float", ""))  # fmt: skip
ROWS = (
    ("229762", "G!kun||'homdima", "05 25 12.7657", "+04 29 25.081", "KBO", "19.6", "0.025"),
    ("-", "2019 RB21", "05 24 50.9495", "-00 37 58.166", "MB", "22.1", "0.077"),
)


def votable(rows=ROWS, status="OK", message="", nrows=None, fields=FIELDS):
    """Return an answer as the service writes it."""
    heads = "".join(
        f'<vot:FIELD ID="{name}" name="{name}" datatype="{kind}"' + (f' arraysize="{size}"/>' if size else "/>")
        for name, kind, size in fields
    )
    cells = "".join(
        "<vot:TR>" + "".join(f"<vot:TD>{v}</vot:TD>" for v in row[: len(fields)]) + "</vot:TR>" for row in rows
    )
    table = (
        f'<vot:TABLE name="SkybotConeSearch" nrows="{len(rows) if nrows is None else nrows}">{heads}'
        f"<vot:DATA><vot:TABLEDATA>{cells}</vot:TABLEDATA></vot:DATA></vot:TABLE>"
    )
    info = f'<vot:INFO ID="status" name="QUERY_STATUS" value="{status}">{message}</vot:INFO>' if status else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><vot:VOTABLE version="1.3" '
        'xmlns:vot="http://www.ivoa.net/xml/VOTable/v1.3">'
        f'{info}<vot:RESOURCE name="Skybot.ConeSearch">{table}</vot:RESOURCE></vot:VOTABLE>'
    )


class Service:
    """Answers each request by the next of its answers, the last one for ever; remembers what was asked and when."""

    def __init__(self):
        self.answers, self.asked, self.at = [votable()], [], []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                service.at.append(time.monotonic())
                service.asked.append({key: value[0] for key, value in parse_qs(urlsplit(self.path).query).items()})
                answer = service.answers.pop(0) if len(service.answers) > 1 else service.answers[0]
                answer(self) if callable(answer) else send(self, answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/conesearch.php"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


def send(handler, text, status=200, announced=None):
    body = text.encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "text/xml; charset=utf-8")
    handler.send_header("Content-Length", str(len(body) if announced is None else announced))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def skybot_service():
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(skybot, "_INTERVAL_S", 0.0)


def pointings(count=1):
    return pd.DataFrame(
        {
            "exposure_id": [f"e{n}" for n in range(count)],
            "time_mjd": 60677.0 + 0.25 * pd.RangeIndex(count).to_numpy(),
            "ra_deg": 81.2833,
            "dec_deg": 4.49278,
        }
    )


def ask(service, count=1, **more):
    given = {"server": service.url, "tries": 3, "backoff_s": 0.0, "timeout_s": 5.0, "observatory": "950"} | more
    return Skybot(**given).objects(pointings(count))


def test_objects_have_number_or_name_place_and_magnitude(skybot_service):
    found = ask(skybot_service)
    assert found["mover_id"].tolist() == ["229762", "2019 RB21"]
    assert found["ra_deg"].tolist() == pytest.approx([81.30319042, 81.21228958], abs=1e-7)
    assert found["dec_deg"].tolist() == pytest.approx([4.49030028, -0.63282389], abs=1e-7)
    assert found["magnitude"].tolist() == pytest.approx([19.6, 22.1])
    assert found["exposure_id"].tolist() == ["e0", "e0"]


@pytest.mark.replaces("gotorb", "G2")
def test_centre_radius_epoch_and_observatory_are_asked(skybot_service):
    ask(skybot_service, 2, radius_deg=1.1, max_error_arcsec=15.0)
    asked = skybot_service.asked[1]
    assert [float(asked[key]) for key in ("-ra", "-dec", "-rd", "-ep", "-filter")] == pytest.approx(
        [81.2833, 4.49278, 1.1, 2460677.75, 15.0]
    )
    assert asked["-loc"] == "950"


def test_every_exposure_has_its_own_answer(skybot_service):
    skybot_service.answers = [votable(ROWS[:1]), votable(ROWS[1:])]
    assert ask(skybot_service, 2)[["mover_id", "exposure_id"]].to_numpy().tolist() == [
        ["229762", "e0"],
        ["2019 RB21", "e1"],
    ]


@pytest.mark.parametrize(
    "answer",
    [
        votable(()),
        votable((), status="ERROR", message="No solar system object was found in the requested FOV"),
    ],
    ids=["no rows", "its own words"],
)
def test_only_an_answer_that_says_so_means_no_objects(skybot_service, answer):
    skybot_service.answers = [answer]
    found = ask(skybot_service)
    assert len(found) == 0
    assert list(found) == ["mover_id", "exposure_id", "ra_deg", "dec_deg", "magnitude"]


def refuse(handler):
    send(handler, "down for maintenance", status=503)


def hang(handler):
    time.sleep(1.0)
    send(handler, votable())


def cut(handler):
    send(handler, votable()[:200], announced=5000)


@pytest.mark.replaces("gotorb", "G2")
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (refuse, "503"),
        (hang, "timed out|Timeout"),
        (cut, "IncompleteRead|broken|no VOTable"),
        ("", "the answer is empty"),
        ("<html>Service unavailable</html>", "."),
        ("None", "the answer is not a VOTable: 'None'"),
        (votable(status="ERROR", message="Epoch out of range"), "SkyBoT reports an error: Epoch out of range"),
        (votable(status=""), "does not say whether it is complete"),
        (votable(nrows=7), "says 7 rows and holds 2"),
        (votable(fields=FIELDS[:3]), "lacks the column 'de'"),
        (votable((("1", "Ceres", "12 77 00", "+01 00 00", "MB", "9", "0"),)), "holds the position '12 77 00'"),
    ],
)
def test_a_failed_service_is_an_error_and_never_means_no_objects(skybot_service, answer, message):
    skybot_service.answers = [answer]
    with pytest.raises(UnreachableError, match=rf"SkyBoT gave no answer for exposure e0 in 2 tries: (.*)({message})"):
        ask(skybot_service, tries=2, timeout_s=0.3)
    assert len(skybot_service.asked) == 2


def test_nobody_there_is_an_error():
    with pytest.raises(UnreachableError, match="in 1 tries"):
        Skybot(server="http://127.0.0.1:9/", tries=1, timeout_s=1.0).objects(pointings())


@pytest.mark.parametrize("port", [9, 0])
def test_no_message_tells_the_secrets_of_the_servers_address(skybot_service, caplog, port):
    skybot_service.answers = [refuse]
    address = "http://me:hunter2@127.0.0.1:9/" if port else skybot_service.url.replace("://", "://me:hunter2@")
    address += "?token=abc123"
    with pytest.raises(UnreachableError) as raised:
        Skybot(server=address, tries=1, timeout_s=1.0).objects(pointings())
    told = caplog.text + "".join(traceback.format_exception(raised.value))
    assert "in 1 tries" in told
    assert "hunter2" not in told
    assert "abc123" not in told


def test_a_fault_is_tried_again_after_growing_waits(skybot_service, monkeypatch):
    waits = []
    monkeypatch.setattr(skybot.time, "sleep", waits.append)
    skybot_service.answers = [refuse, "garbage", refuse, votable()]
    assert len(ask(skybot_service, tries=4, backoff_s=2.0)) == 2
    assert waits == [2.0, 4.0, 8.0]


def test_requests_come_one_after_another_and_at_most_one_an_interval(skybot_service, monkeypatch):
    monkeypatch.setattr(skybot, "_INTERVAL_S", 0.2)
    ask(skybot_service, 3)
    gaps = [later - first for first, later in zip(skybot_service.at, skybot_service.at[1:], strict=False)]
    assert min(gaps) > 0.19
    assert Skybot().timeout_s == 60.0


def test_a_second_lies_between_requests_unless_a_test_hurries(monkeypatch):
    monkeypatch.undo()
    assert skybot._INTERVAL_S == 1.0


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=200), st.integers(0, 1200).map(lambda end: votable()[:end])))
def test_whatever_comes_gives_objects_or_our_own_error(text):
    try:
        parse_answer(text)
    except UnreachableError as error:
        assert "\n" not in str(error)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_answer_gives_objects_or_our_own_error(data):
    text = list(votable())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.characters(max_codepoint=255))
    try:
        found = parse_answer("".join(text))
    except UnreachableError:
        return
    assert list(found) == ["mover_id", "ra_deg", "dec_deg", "magnitude"]
