import base64
import http.client
import json
import struct
from urllib.parse import urlsplit

import pytest
from eyeball_pages import HOSTILE, served
from sqlalchemy.exc import OperationalError

from pipeline.errors import InputError, UnreachableError
from pipeline.io.verdicts import read


@pytest.fixture(scope="module")
def page(night, tmp_path_factory):
    with served(night, tmp_path_factory.mktemp("data")) as (address, desk):
        yield address, desk


def ask(address, path, method="GET", body=None, cookie="", **headers):
    """Send one request as it is, whatever a browser would think of it; return status, headers and content."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()} | ({"Cookie": cookie} if cookie else {})
    connection.request(method, path, body, sent)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, content


def token_of(address):
    """Return the cookie of the page, and the token that its script sends."""
    _, headers, content = ask(address, "/")
    cookie = headers["Set-Cookie"].partition(";")[0]
    return cookie, content.decode().partition('name="xsrf" content="')[2].partition('"')[0]


def post(address, path, body, **headers):
    cookie, token = token_of(address)
    return ask(address, path, "POST", json.dumps(body), cookie, X_XSRFToken=token, **headers)


def said(row, verdict="real", token="t", **more):
    return {"row": row, "verdict": verdict, "token": token, "queue": "all", "seconds": 1.5, "keys": 0.2, **more}


def listing(address, query):
    content = ask(address, f"/api/list?person=ada&{query}")[2]
    return list(struct.unpack(f"<{len(content) // 4}i", content))


def test_every_answer_forbids_scripts_of_others_and_frames(page):
    for path in ("/", "/static/main.js", "/api/session", "/nowhere"):
        _, headers, _ = ask(page[0], path)
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"), path
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Server"] is None


def test_what_comes_from_data_is_text(page):
    _, _, content = ask(page[0], "/")
    assert b"<script>document" not in content
    assert b"&lt;script&gt;" in content


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80", "Origin": "http://evil.example:80"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_other_names_and_other_sites_are_refused(page, headers):
    assert ask(page[0], "/api/session", **headers)[0] == 403
    assert post(page[0], "/api/verdicts", {"person": "a", "verdicts": [said(0)]}, **headers)[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/main.py", "/static//etc/passwd",
        "/picture/0.png",
        "//evil.example/",
        "/api/detail?row=1e3", "/api/detail?row=",
    ],
)  # fmt: skip
def test_no_path_leads_anywhere_else(page, path):
    status, _, content = ask(page[0], path)
    assert status == 404
    assert set(json.loads(content)) == {"error"}


def test_a_post_without_its_token_is_refused(page):
    body = json.dumps({"person": "a", "verdicts": [said(0)]})
    assert ask(page[0], "/api/verdicts", "POST", body)[0] == 403
    cookie, _ = token_of(page[0])
    assert ask(page[0], "/api/verdicts", "POST", body, cookie, X_XSRFToken="1234")[0] == 403


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "no JSON object"),
        ({"person": "", "verdicts": [said(0)]}, "allowed: a name"),
        ({"person": "a\x1b", "verdicts": [said(0)]}, "allowed: a name"),
        ({"person": "a", "verdicts": []}, "1 to 100 verdicts"),
        ({"person": "a", "verdicts": ["real"]}, "no JSON object"),
        ({"person": "a", "verdicts": [said(60)]}, "no such candidate"),
        ({"person": "a", "verdicts": [said(0, "star")]}, "allowed: bogus, real, unsure, snooze, fast_track"),
        ({"person": "a", "verdicts": [said(0, of="night")]}, "allowed: detection, object"),
        ({"person": "a", "verdicts": [said(0, token=7)]}, "in place of a text"),
        ({"person": "a", "verdicts": [said(0, "undo")]}, "allowed: bogus"),
    ],
)
def test_what_is_no_verdict_is_refused_in_words_and_nothing_is_stored(page, body, message):
    status, _, content = post(page[0], "/api/verdicts", body)
    assert status in (400, 404)
    assert message in json.loads(content)["error"]
    assert not len(read(page[1].book.store, person="a"))


def test_a_verdict_is_stored_with_what_the_server_knows_and_undone(page):
    address, desk = page
    content = post(address, "/api/verdicts", {"person": "bob", "verdicts": [said(7, token="b7")]})[2]
    number = json.loads(content)["confirmed"]["b7"]
    assert json.loads(post(address, "/api/verdicts", {"person": "bob", "verdicts": [said(7, token="b7")]})[2]) == {
        "confirmed": {"b7": number}
    }
    (row,) = read(desk.book.store, person="bob").to_dict("records")
    known = {"candidate_id": str(2**53 + 8), "object_id": "o3", "night": "2026-01-05", "package": "net-1"}
    known |= {"survey": "toy", "queue": "all", "page_version": "1", "seconds": 1.5, "keys": 0.2, "verdict": "real"}
    assert {name: row[name] for name in known} == known
    assert row["score"] == pytest.approx(0.1263, abs=1e-4)
    mine = json.loads(ask(address, "/api/rows?rows=7&person=bob")[2])[0]["mine"]
    assert mine == {"verdict": "real", "number": number, "of": "detection"}
    undone = {"person": "bob", "numbers": [number], "token": "u"}
    assert post(address, "/api/undo", {**undone, "person": "eve"})[0] == 400
    assert post(address, "/api/undo", undone)[0] == 200
    assert json.loads(ask(address, "/api/rows?rows=7&person=bob")[2])[0]["mine"] is None
    assert not len(read(desk.book.store, resolved=True, person="bob"))


def locked():
    raise InputError("locked by another transaction") from OperationalError("INSERT", {}, Exception("locked"))


def gone():
    raise UnreachableError("nothing is known to be written")


@pytest.mark.parametrize("trouble", [locked, gone])
def test_what_the_store_cannot_take_now_is_no_refusal_so_that_the_page_sends_it_again(page, monkeypatch, trouble):
    monkeypatch.setattr(page[1].book, "append", lambda _: trouble())
    assert post(page[0], "/api/verdicts", {"person": "dan", "verdicts": [said(0)]})[0] == 503


@pytest.mark.parametrize("path", ["/api/verdicts", "/api/undo", "/api/rows?rows=1&person=a", "/api/list?tag=other"])
def test_rows_of_other_candidates_are_never_taken_for_those_that_are_shown(page, path):
    body = json.dumps({"person": "fay", "verdicts": [said(0)], "numbers": [1], "token": "t"})
    cookie, token = token_of(page[0])
    sent = {"method": "POST", "body": body} if path in ("/api/verdicts", "/api/undo") else {}
    status, _, content = ask(page[0], path, cookie=cookie, X_XSRFToken=token, X_Nightsift_Tag="other", **sent)
    assert (status, "other candidates" in json.loads(content)["error"]) == (409, True)
    assert not len(read(page[1].book.store, person="fay"))


def test_known_ones_are_marked_also_by_a_server_that_began_anew_and_never_in_a_queue_of_labels(night, tmp_path):
    asked = {"queue": "all", "sort": "-score", "unlabelled": True, "unseen": True}
    labelled = set(range(0, 60, 5))
    with served(night, tmp_path) as (address, _):
        (gold, *_) = labelled & set(listing(address, "queue=all&sort=-score&unlabelled=1"))
    with served(night, tmp_path) as (address, desk):
        for queue in ("all", "mistakes"):
            body = {"person": "ada", "asked": {**asked, "queue": queue}, "verdicts": [said(gold, token=queue)]}
            assert post(address, "/api/verdicts", body)[0] == 200
        assert list(read(desk.book.store)["gold"]) == [1, 0]


def test_who_judges_may_undo_whatever_name_the_browser_remembers(night, tmp_path):
    with served(night, tmp_path, person="gus") as (address, _):
        for person in ("gus", "hal"):
            post(address, "/api/verdicts", {"person": person, "verdicts": [said(3, token=f"{person}:0")]})
        assert json.loads(ask(address, "/api/session?person=hal")[2])["batches"] == [[[1, 3]]]


def test_lists_are_sorted_and_chosen_by_conditions(page):
    assert listing(page[0], "sort=-score")[:3] == [58, 57, 56]
    assert listing(page[0], "sort=score&where=score+%3E+0.5+and+magnitude+%3C+20")[0] == 30
    assert set(listing(page[0], "band=g")) == set(range(0, 60, 2))
    assert listing(page[0], "queue=uncertain")[:2] in ([29, 30], [30, 29])
    status, _, content = ask(page[0], "/api/list?person=ada&where=__import__('os')")
    assert (status, "allowed" in json.loads(content)["error"]) == (400, True)
    assert ask(page[0], "/api/list?person=ada&queue=nothing")[0] == 400
    assert ask(page[0], "/api/list?queue=all")[0] == 400


def test_no_label_is_sent_before_the_person_judged(page):
    address, _ = page
    before = json.loads(ask(address, "/api/detail?row=5&person=cem")[2])
    assert not {"label", "label_source", "kind"} & set(before["columns"])
    assert "label" not in json.loads(ask(address, "/api/session")[2])["columns"]
    post(address, "/api/verdicts", {"person": "cem", "verdicts": [said(5, token="c5")]})
    after = json.loads(ask(address, "/api/detail?row=5&person=cem")[2])
    assert (after["columns"]["label"], after["said"][0]["person"]) == ("real", "cem")


def test_pictures_are_drawn_by_any_stretch(page):
    looks = ("stretch=asinh", "stretch=log", "stretch=log&shared=1")
    drawn = [json.loads(ask(page[0], f"/api/rows?rows=3&person=ada&{look}")[2])[0]["picture"] for look in looks]
    assert base64.b64decode(drawn[0])[:4] == b"\x89PNG"
    assert len(set(drawn)) == 3
    assert ask(page[0], "/api/rows?rows=3&person=ada&stretch=cube")[0] == 400
    assert ask(page[0], f"/api/rows?person=ada&rows={','.join(['1'] * 101)}")[0] == 400


def test_a_page_of_other_machines_asks_for_its_token(night, tmp_path):
    with served(night, tmp_path, login_token="s3cret") as (address, _):
        assert ask(address, "/", Host="any.name")[0] == 302
        assert ask(address, "/api/session")[0] == 401
        status, headers, content = ask(address, "/login?token=guess")
        assert (status, b"not the token" in content) == (403, True)
        assert "nightsift_eyeball" not in str(headers)
        headers = ask(address, "/login?token=s3cret")[1]
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert "HttpOnly" in headers["Set-Cookie"]
        assert ask(address, "/api/session", cookie=cookie)[0] == 200
        assert ask(address, "/api/session", cookie=cookie.replace("=", "=x"))[0] == 401


def test_hostile_names_stay_text_in_json(page):
    cell = json.loads(ask(page[0], "/api/rows?rows=0&person=ada")[2])[0]
    assert cell["object_id"] == HOSTILE
